"""Issues that have rows in more than one month: their ``created`` was changed between two readings.

An issue is in one place. Which one it is, the raw log tells; in that of the other months the issue is ended,
and these are built again without it.
"""

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

_PLACES = (ISSUES.name, DELETED_ISSUES.name)
_EPOCH = datetime.fromtimestamp(0, UTC)


class LeftMonth(NamedTuple):
    """An issue that has left a month for another one."""

    issue_id: str
    month: str
    to: str


def places(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The issues in these frames of tables, present or deleted, with their months."""
    found = [frames[name].select("issue_id", "month") for name in _PLACES if name in frames]
    return pl.concat(found) if found else pl.DataFrame(schema={"issue_id": pl.String, "month": pl.String})


def in_several_months(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    changes: Sequence[MonthChange],
    written: pl.DataFrame,
    unreadable: Collection[str],
) -> dict[str, list[str]]:
    """The months of each issue that has rows in several once these changes are made, but for ``unreadable``
    ones. ``written`` are the months of the issues in the new rows; it may be asked before or after they are.
    """
    if written.is_empty() or ISSUES.name not in {table.name for table in tables}:
        return {}
    names = [table.name for table in built(connection, tables) if table.name in _PLACES]
    # A join of each table, since few ids then tell which of its row groups cannot have them.
    found_in = ["SELECT issue_id, month FROM written"] + [
        f"""
        SELECT issue_id, stored.month FROM (SELECT DISTINCT issue_id FROM written)
        JOIN {SCHEMA}.{name} AS stored USING (issue_id)
        WHERE NOT list_contains($whole, stored.month)
        AND (issue_id, stored.month) NOT IN (SELECT issue_id, month FROM replaced)
        """
        for name in names
    ]
    replaced = [(change.month, issue_id) for change in changes for issue_id in change.issue_ids or ()]
    found = connection.execute(
        f"""
        WITH written AS (SELECT unnest($issues) AS issue_id, unnest($months) AS month),
        replaced AS (SELECT unnest($replaced) AS issue_id, unnest($replaced_in) AS month)
        SELECT issue_id, list(DISTINCT month ORDER BY month) FROM ({" UNION ALL ".join(found_in)})
        WHERE NOT list_contains($unreadable, month) GROUP BY issue_id HAVING count(DISTINCT month) > 1
        """,
        {
            "issues": written["issue_id"].to_list(),
            "months": written["month"].to_list(),
            "replaced": [issue_id for _, issue_id in replaced],
            "replaced_in": [month for month, _ in replaced],
            "unreadable": list(unreadable),
            **({"whole": [change.month for change in changes if change.issue_ids is None]} if names else {}),
        },
    )
    return dict(found.fetchall())


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
