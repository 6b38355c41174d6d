"""What becomes of queued issues that Jira leaves out: deleted, hidden from us, or not there yet.

Jira answers for all of them alike. An event that says so, or that we had the issue and miss it, is reason to
call it deleted, if its project can still be seen. An issue with a security level is hidden then, unless an
event says that it was deleted: whoever changed the level, or our rights, did not delete it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from jira_assets.inbox.queue import Item
from jira_assets.inbox.settle import is_past_lag
from jira_assets.jira.bulk import visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Hidden, HiddenPayload, Part, Record, Source


@dataclass(frozen=True, slots=True)
class MissingIssues:
    """Issues that are not there, by id. ``records`` say of those that are ``deleted`` or ``hidden`` that they
    are; it is for the caller to append them.

    About those that are ``done`` nothing can be found out any more: they were never seen here, or whether
    they are deleted is for the census to find. The others may yet appear.
    """

    deleted: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)


class _Named(msgspec.Struct):
    key: str | None = None


class _Fields(msgspec.Struct):
    project: _Named | None = None
    security: object = None


class _Issue(msgspec.Struct):
    fields: _Fields
    key: str | None = None


def deleted_or_hidden(
    client: JiraClient,
    raw: RawLog,
    month: str,
    missing_since: Mapping[str, datetime],
    items: Mapping[str, Sequence[Item]],
) -> MissingIssues:
    """What is found out about issues of a month that Jira has just not shown.

    ``missing_since`` is when each was asked for by itself. Raises ``JiraError`` and ``RawLogError``.
    """
    absent = MissingIssues()
    if not missing_since:
        return absent
    stored = {issue.issue_id: issue for issue in raw.latest(month, missing_since)}
    # Asked last: a right that was lost before the issues were asked for shows here.
    visible = visible_projects(client).keys()
    for issue_id, at in missing_since.items():
        found = _Found(items[issue_id], stored.get(issue_id), client.now)
        if found.was_deleted_before:
            absent.done.append(issue_id)  # events about what was in it may come long after
        elif found.is_deleted(visible):
            absent.deleted.append(issue_id)
            absent.records.append(found.tombstone(issue_id, at))
        elif not found.is_past_lag:
            continue
        elif (because := found.hidden_because(visible)) is not None:
            absent.hidden.append(issue_id)
            if because is not found.was_hidden:  # it keeps the time at which that was noticed first
                absent.records.append(_hidden(issue_id, at, found.items[-1].source, because))
        else:
            absent.done.append(issue_id)
    return absent


def archived_ones(issue_ids: Iterable[str], at: datetime) -> list[Record]:
    """The records of issues that only answer by themselves, that no search lists them."""
    return [_hidden(issue_id, at, Source.RECONCILE, Hidden.ARCHIVED) for issue_id in issue_ids]


class _Found:
    """What is known of an absent issue."""

    def __init__(self, items: Sequence[Item], latest: LatestIssue | None, now: datetime) -> None:
        state = _state_of(latest)
        said_deleted = next((item for item in items if item.is_deletion), None)
        doubt = said_deleted or next((item for item in items if item.is_missed), None)
        self.items = items
        self.key = state.key if state else None
        self.project = (doubt.project if doubt else None) or (_project_of(state) if state else None)
        self.was_hidden = latest.hidden_because if latest else None
        self.was_deleted_before = latest is not None and latest.tombstone is not None
        # What is told of may be so new that reads don't show it yet; what is missed or was hidden was there.
        was_there = (item.is_missed or (item.is_secured and state is not None) for item in items)
        self.is_past_lag = all(
            was or is_past_lag(item.at, item.received_at, now)
            for item, was in zip(items, was_there, strict=True)
        )
        self._doubt = doubt
        self._is_stored = state is not None
        self._is_secured = bool(state and state.fields.security) or any(item.is_secured for item in items)

    def is_deleted(self, visible: Collection[str]) -> bool:
        """Whether there is reason to think so, and Jira's silence confirms it."""
        if self._doubt is None or self.project not in visible:
            return False
        return self._doubt.is_deletion or self._hidden_by_itself is None

    def hidden_because(self, visible: Collection[str]) -> Hidden | None:
        """Why it may be out of sight; None if it was never seen, or nothing says so."""
        if not self._is_stored:
            return None
        return self._hidden_by_itself if self.project in visible else Hidden.PROJECT

    @property
    def _hidden_by_itself(self) -> Hidden | None:
        if self._is_secured:
            return Hidden.LEVEL
        return None if self.was_hidden is Hidden.PROJECT else self.was_hidden

    def tombstone(self, issue_id: str, at: datetime) -> Record:
        """The record that it is deleted."""
        item = self._doubt or self.items[0]
        noticed = "an event" if item.is_deletion else item.source.value
        confirmed = f"{noticed}, then 404 while its project could be seen"
        return deletion(issue_id, at, item.source, self.project, self.key, confirmed)


def deletion(
    issue_id: str, at: datetime, source: Source, project: str | None, key: str | None, confirmed: str
) -> Record:
    """The record that an issue was found to be deleted, and how that was confirmed."""
    payload = msgspec.json.encode({"project": project, "key": key, "confirmed": confirmed})
    return Record(issue_id, Part.DELETED, at, at, source, payload)


def _hidden(issue_id: str, at: datetime, source: Source, because: Hidden) -> Record:
    return Record(issue_id, Part.HIDDEN, at, at, source, msgspec.json.encode(HiddenPayload(because)))


def _state_of(latest: LatestIssue | None) -> _Issue | None:
    payload = latest.payloads.get(Part.ISSUE) if latest is not None else None
    if payload is None:
        return None
    try:
        return msgspec.json.decode(payload, type=_Issue)
    except msgspec.DecodeError:  # it is there all the same, whatever it says
        return _Issue(_Fields())


def _project_of(state: _Issue) -> str | None:
    return state.fields.project.key if state.fields.project else None
