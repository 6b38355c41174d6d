"""What the log had of issues before Jira was asked about them: that is older than the answer.

Rows are ordered by Jira's clock. Where a row bears a later time all the same, that time is wrong: our own
clock was ahead when an earlier version wrote it, or Jira's header was. What is appended then begins a new
generation, which wins over all before it, and keeps its own right time.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl

from jira_assets.raw.record import Part, Record, part_of
from jira_assets.timestamps import CLOCKS_OF_A_SITE_DIFFER_BY

COLUMNS = ("issue_id", "part", "issue_updated", "fetched_at", "generation", "error")
"""The columns that a standing is made of."""

_FOUND_OUT = tuple(part.value for part in (Part.DELETED, Part.MOVED, Part.HIDDEN))
_ENDS = (Part.DELETED.value, Part.MOVED.value)
_NEVER = -1
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")
_MICROSECOND = timedelta(microseconds=1)
_CLOCKS_DIFFER_BY = CLOCKS_OF_A_SITE_DIFFER_BY // _MICROSECOND


class _Issue(NamedTuple):
    """Of the greatest generation of an issue: its number, when anything in it was fetched last, the newest
    ``issue_updated``, when a state was fetched last, and when the issue was last found to be gone.

    Times are in microseconds since the epoch; -1 is never.
    """

    generation: int
    fetched_at: int
    updated: int
    answered_at: int
    ended_at: int


class Standing:
    """What a month's log has of some issues."""

    def __init__(self, frames: Iterable[pl.DataFrame], until: int = 0) -> None:
        """The frames have the ``COLUMNS``, with times in microseconds, of segments ``until`` a number."""
        found = list(frames)
        self.until = until
        self._issues: dict[str, _Issue] = {}
        if not found:
            return
        rows = pl.concat(found).filter(pl.col("generation") == pl.col("generation").max().over("issue_id"))
        is_answer = pl.col("error").is_null() & ~pl.col("part").is_in(_FOUND_OUT)
        is_state = is_answer & pl.col("part").str.starts_with(Part.ISSUE.value)
        columns = (
            pl.col("generation").first(),
            pl.col("fetched_at").max(),
            pl.col("issue_updated").filter(is_answer).max().fill_null(_NEVER),
            pl.col("fetched_at").filter(is_state).max().fill_null(_NEVER).alias("answered_at"),
            pl.col("fetched_at").filter(pl.col("part").is_in(_ENDS)).max().fill_null(_NEVER).alias("ended"),
        )
        for issue_id, *of_issue in rows.group_by("issue_id").agg(columns).iter_rows():
            self._issues[issue_id] = _Issue(*of_issue)

    def joined(self, later: "Standing") -> "Standing":
        """Together with that of segments that were appended later."""
        together = Standing((), max(self.until, later.until))
        together._issues = self._issues | later._issues
        for issue_id in self._issues.keys() & later._issues.keys():
            one, other = self._issues[issue_id], later._issues[issue_id]
            is_same = one.generation == other.generation
            together._issues[issue_id] = _Issue(*map(max, one, other)) if is_same else max(one, other)
        return together

    def shows(self, issue_id: str, updated: datetime) -> bool:
        """Whether the issue is there, in this state or a later one. States are told apart by milliseconds."""
        issue = self._issues.get(issue_id)
        if issue is None or issue.answered_at <= issue.ended_at:
            return False
        return issue.updated // 1000 >= _micros(updated) // 1000

    def after(self, records: Iterable[Record]) -> list[Record]:
        """Records of what was asked for later, so that they are later than what stands here.

        A failure wins over nothing, so it may as well have a later time. A state that bears an earlier
        ``updated`` is an older one, whenever it was asked for: reads lag behind.
        """
        return [self._after(record) for record in records]

    def _after(self, record: Record) -> Record:
        issue = self._issues.get(record.issue_id)
        if issue is None:
            return record
        at, updated = _micros(record.fetched_at), _micros(record.issue_updated)
        if record.error is not None:
            is_later = at > issue.fetched_at
            return record if is_later else replace(record, fetched_at=_moment(issue.fetched_at + 1))
        if part_of(record.name) in _FOUND_OUT or updated >= issue.updated:
            is_wrong = at <= issue.fetched_at
        else:
            is_wrong = at <= issue.ended_at or issue.updated > at + _CLOCKS_DIFFER_BY
        generation = max(record.generation, issue.generation + 1) if is_wrong else record.generation
        return replace(record, generation=generation) if is_wrong else record


NOTHING = Standing(())
"""Of issues that nothing is known of, or that nobody has looked for."""


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
