"""The rows of the raw log: what Jira said about one part of one issue, and when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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


NO_AGENT_LICENCE = "no agent licence"
"""How the reason begins why an account cannot read SLAs. No failure: trying again changes nothing."""


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
    that the payload tells of, where that may differ.
    """

    issue_id: str
    part: Part
    issue_updated: datetime
    fetched_at: datetime
    source: Source
    payload: bytes | None
    error: str | None = None
    fields: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it replaces: earlier records of this name. SLAs can often be read in part only, and a part of
        them replaces nothing but that part.
        """
        return f"{self.part}:{','.join(self.fields)}" if self.fields else self.part.value
