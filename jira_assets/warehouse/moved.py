"""Issues that have rows in more than one month: their ``created`` was changed between two readings.

An issue is in one place. Which one it is, the raw log tells; in that of the other months the issue is ended,
and these are built again without it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import duckdb
import msgspec
import polars as pl

from jira_assets.raw.errors import RawLogError, UnreadableMonth
from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record, Source
from jira_assets.tables.declare import Table
from jira_assets.tables.deleted_issues import DELETED_ISSUES
from jira_assets.tables.issues import ISSUES
from jira_assets.warehouse.read import built
from jira_assets.warehouse.store import SCHEMA, MonthChange

_TABLES = (ISSUES.name, DELETED_ISSUES.name)
_EPOCH = datetime.fromtimestamp(0, UTC)


class LeftMonth(NamedTuple):
    """An issue that has left a month for another one."""

    issue_id: str
    month: str
    to: str


IssueMonth = tuple[str, str]
"""The id of an issue, and its month."""


def issue_months(frames: Mapping[str, pl.DataFrame]) -> set[IssueMonth]:
    """Of the issues in these frames of tables, present or deleted."""
    found = (frames[name] for name in _TABLES if name in frames)
    return {pair for frame in found for pair in zip(frame["issue_id"], frame["month"], strict=True)}


def in_several_months(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    changes: Sequence[MonthChange],
    written: Collection[IssueMonth],
    unreadable: Collection[str],
) -> dict[str, list[str]]:
    """The months of each issue that has rows in several once these changes are made, but for ``unreadable``
    ones. ``written`` are those of the new rows; it may be asked before or after they are.
    """
    if not written or ISSUES.name not in {table.name for table in tables}:
        return {}
    months: dict[str, set[str]] = defaultdict(set)
    for issue_id, month in written:
        months[issue_id].add(month)
    replaced = {(issue_id, change.month) for change in changes for issue_id in change.issue_ids or ()}
    names = [table.name for table in built(connection, tables) if table.name in _TABLES]
    if names:
        queries = (
            f"SELECT issue_id, month FROM {SCHEMA}.{name} "
            "WHERE issue_id IN (SELECT unnest($issues)) AND NOT list_contains($whole, month)"
            for name in names
        )
        whole = [change.month for change in changes if change.issue_ids is None]
        stored = connection.execute(" UNION ALL ".join(queries), {"issues": list(months), "whole": whole})
        for issue_id, month in set(stored.fetchall()) - replaced:
            months[issue_id].add(month)
    readable = ((issue_id, found.difference(unreadable)) for issue_id, found in months.items())
    return {issue_id: sorted(found) for issue_id, found in readable if len(found) > 1}


def end_in_other_months(raw: RawLog, months: Mapping[str, Sequence[str]]) -> list[LeftMonth]:
    """Ends each of these issues in all its ``months`` but one; says what it has left. Raises UnreadableMonth.

    Redoing it changes nothing: an issue that is in one place only has left the others already.
    """
    left: list[LeftMonth] = []
    for issue_id, of_issue in months.items():
        found = [_latest_of(raw, month, issue_id) for month in of_issue]
        stays = _latest(found)
        for issue in found:
            if issue is stays:
                continue
            left.append(LeftMonth(issue_id, issue.month, stays.month))
            if _seen_at(issue) >= 0:
                raw.append(issue.month, [_ended(issue, stays)])
    return left


def _latest_of(raw: RawLog, month: str, issue_id: str) -> LatestIssue:
    try:
        return next(raw.latest(month, [issue_id]), LatestIssue(month, issue_id))
    except RawLogError as error:
        raise UnreadableMonth(month, error) from error


def _latest(found: Sequence[LatestIssue]) -> LatestIssue:
    """The latest state, unless the issue was found to be deleted after that was seen."""
    here = max(found, key=lambda issue: (issue.issue_updated or -1, _seen_at(issue), issue.month))
    deleted = [issue for issue in found if issue.tombstone is not None]
    return max([here, *deleted], key=lambda issue: (_seen_at(issue), issue is not here, issue.month))


def _seen_at(issue: LatestIssue) -> int:
    """When the issue was last found here, in milliseconds since the epoch; before all times if it is not."""
    if issue.tombstone is not None:
        return issue.tombstone.seen_at
    return -1 if issue.answered_at is None else issue.answered_at


def _ended(issue: LatestIssue, stays: LatestIssue) -> Record:
    """After all that was fetched until it was found elsewhere; the log's times are finer than these."""
    at = _EPOCH + timedelta(milliseconds=max(_seen_at(issue), _seen_at(stays)) + 1)
    payload = msgspec.json.encode({"month": stays.month})
    return Record(issue.issue_id, Part.MOVED, at, at, Source.RECONCILE, payload)
