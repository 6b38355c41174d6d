"""Whether an answer of Jira's is as new as what made us ask: its reads may lag behind its events."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property

import msgspec

from jira_assets import clock
from jira_assets.inbox.events import Child
from jira_assets.inbox.queue import Item
from jira_assets.raw.record import Part, Record, is_failure
from jira_assets.timestamps import not_after, parse_timestamp

Children = Mapping[str, datetime | None]
"""The children of one kind that an answer shows: their ids, and when they were last changed."""


_READS_LAG = timedelta(seconds=30)  # behind events; mostly it is none at all, or a second or two


def is_past_lag(at: datetime | None, received_at: datetime | None, now: datetime) -> bool:
    """Whether reads show by now what an event tells, which is of a time by Jira's clock, as ``now`` is.

    Of one that has no time it counts when it was received, by our clock.
    """
    if at is not None:
        return now - at > _READS_LAG
    return received_at is not None and clock.now() - received_at > _READS_LAG


def has_waited(longest: timedelta, at: datetime | None, received_at: datetime, now: datetime) -> bool:
    """Whether something that came in then has been waited for so long, by our clock.

    What came in later than now has come in when that was wrong: then the event's own time counts, by Jira's
    clock, as ``now`` is. Should it be given up too early, the sweep finds what it was about.
    """
    waited = clock.now() - received_at
    is_told_by_our_clock = -waited <= longest
    return waited > longest if is_told_by_our_clock else at is None or now - at > longest


class _Child(msgspec.Struct):
    id: str | int | None = None
    updated: str | None = None


class _Fields(msgspec.Struct):
    updated: object = None
    attachment: list[_Child] | None = None
    issuelinks: list[_Child] | None = None


class _Issue(msgspec.Struct):
    fields: _Fields


class FetchedIssue:
    """What Jira answered about one issue: its records of one fetch."""

    def __init__(self, records: Iterable[Record]) -> None:
        found = list(records)
        # What is withheld as a whole cannot be read however often it is asked for.
        failed = any(is_failure(record.error) for record in found if record.error is not None)
        self.is_whole = not failed and not any(record.without for record in found)
        self.updated = max(record.issue_updated for record in found)
        shown = (record for record in found if record.part is Part.ISSUE and record.payload is not None)
        self.seen_at = max((record.fetched_at for record in shown), default=None)
        self._payloads = {record.part: record.payload for record in found}

    def settled(self, items: Sequence[Item]) -> list[Item]:
        """Those of the issue's items that need no further answer."""
        settled = [item for item in items if self._settles(item)]
        # What is deleted does not come back: other events about it have nothing left to wait for.
        gone = {_child(item) for item in settled if _is_removal(item)}
        return [item for item in items if item in settled or (_child(item) in gone and self._is_past(item))]

    def lacks(self, item: Item) -> bool:
        """Whether all is here that the item waits for but a child that should be there."""
        expected = item.expected
        is_late = expected.updated is not None and self._shown_updated < _expected_at_least(
            expected.updated, item
        )
        if expected.child is None or not expected.child.present or is_late or not self.is_whole:
            return False
        return expected.child.id not in self._children(expected.child.part)

    def _settles(self, item: Item) -> bool:
        """Whether what the item waits for is in the answer, or was overtaken by something later."""
        if item.is_deletion or not self.is_whole:
            return False
        expected = item.expected
        if expected.updated is not None and self._shown_updated < _expected_at_least(expected.updated, item):
            return False
        if expected.child is None or self._shows(expected.child):
            return True
        # The child may have been deleted, or have come back, meanwhile. Then the issue has moved on.
        return item.at is not None and self.updated > item.at

    @cached_property
    def _shown_updated(self) -> datetime:
        """The issue's ``updated``, which may be in the future: then it is not when the issue was updated."""
        try:
            fields = msgspec.json.decode(self._payloads[Part.ISSUE] or b"{}", type=_Issue).fields
        except msgspec.DecodeError:
            return self.updated
        return parse_timestamp(fields.updated) or self.updated

    def _is_past(self, item: Item) -> bool:
        """Whether a child that the answer lacks is no longer there, and not merely not there yet."""
        child = item.expected.child
        if child is None or child.part == "issuelinks":
            return True  # without it the far end of a link looks the same before and after
        return child.updated is not None and self.updated >= child.updated

    def _shows(self, child: Child) -> bool:
        children = self._children(child.part)
        if not child.present:
            return child.id not in children
        if child.id not in children:
            return False
        updated = children[child.id]
        return child.updated is None or updated is None or updated >= child.updated

    def _children(self, part: str) -> Children:
        try:
            if part in ("comments", "worklogs"):
                found = msgspec.json.decode(self._payloads[Part(part)] or b"[]", type=list[_Child])
            else:
                fields = msgspec.json.decode(self._payloads[Part.ISSUE] or b"{}", type=_Issue).fields
                found = (fields.attachment if part == "attachments" else fields.issuelinks) or []
        except msgspec.DecodeError:
            return {}
        return {str(child.id): parse_timestamp(child.updated) for child in found}


def _expected_at_least(updated: datetime, item: Item) -> datetime:
    """An event cannot tell of an update that comes after it: one in the future is a value and no time."""
    return not_after(updated, item.at)


def _child(item: Item) -> tuple[str, str] | None:
    child = item.expected.child
    return (child.part, child.id) if child else None


def _is_removal(item: Item) -> bool:
    return item.expected.child is not None and not item.expected.child.present
