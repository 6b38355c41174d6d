"""The rows of the raw log: what Jira said about one part of one issue, and when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote, unquote

import msgspec


class Part(StrEnum):
    """The pieces that an issue is stored in. Each is replaced whole, and independently of the others."""

    ISSUE = "issue"
    COMMENTS = "comments"
    CHANGELOG = "changelog"
    WORKLOGS = "worklogs"
    REMOTE_LINKS = "remote_links"
    SLA = "sla"
    FILES = "files"  # what became of the attachments' content: nothing that Jira said
    DELETED = "deleted"
    HIDDEN = "hidden"  # the account does not see the issue any more; it replaces nothing
    MOVED = "moved"  # its `created` is in another month now, where it is stored: {"month": "2024-03"}


class Hidden(StrEnum):
    """Why the account does not see an issue that may be there."""

    LEVEL = "security level"
    PROJECT = "project"
    ARCHIVED = "archived"  # it answers by its id, and nothing lists it


class HiddenPayload(msgspec.Struct):
    """The payload of a record of ``Part.HIDDEN``."""

    because: Hidden


NO_AGENT_LICENCE = "no agent licence"
"""How the reason begins why an account cannot read SLAs. No failure: trying again changes nothing."""

SWITCHED_OFF = "switched off in Jira"
"""The same for a part that a setting of the site keeps from everybody."""

NOT_GRANTED = "not granted"
"""The same for a part that the account or its token cannot read of any issue."""

NO_FAILURES = (NO_AGENT_LICENCE, SWITCHED_OFF, NOT_GRANTED)

_WITHOUT = ":-"


def is_failure(error: str) -> bool:
    """Whether a part is still to be fetched, and not withheld as a whole."""
    return not error.startswith(NO_FAILURES)


class Source(StrEnum):
    """What made us fetch: kept so that a surprising row can be traced."""

    BACKFILL = "backfill"
    WEBHOOK = "webhook"
    SLA_POLL = "sla_poll"
    RECONCILE = "reconcile"
    NEIGHBOUR = "neighbour"  # of an issue that has changed, and shows something of it


@dataclass(frozen=True, slots=True)
class Record:
    """One part of one issue as fetched, or the fact that fetching it failed.

    ``payload`` is JSON as Jira sent it, pages already joined. A record with ``error`` has no payload and
    never replaces one: a part that was not fetched is not an empty part. ``fields`` are those of the part
    that the payload tells of, where that may differ; ``without`` are those that Jira could not load.

    ``generation`` comes before ``issue_updated`` in what is later: a greater one is a state that Jira went
    back to, as after a restore from a backup.
    """

    issue_id: str
    part: Part
    issue_updated: datetime
    fetched_at: datetime
    source: Source
    payload: bytes | None
    error: str | None = None
    fields: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    generation: int = 0

    @property
    def name(self) -> str:
        """What it replaces: earlier records of this name. SLAs, and the fields of an issue, can at times be
        read in part only, and a part of them replaces nothing but that part.
        """
        if self.without:
            return f"{self.part}{_WITHOUT}{','.join(quote(each, safe='') for each in sorted(self.without))}"
        return f"{self.part}:{','.join(self.fields)}" if self.fields else self.part.value


def part_of(name: str) -> str:
    """The part that a record of this name is of."""
    return name.partition(":")[0]


def fields_left_out(name: str) -> frozenset[str]:
    """The ids of the fields that a record of this name says nothing of."""
    left_out = name.partition(_WITHOUT)[2]
    return frozenset(map(unquote, left_out.split(","))) if left_out else frozenset()
