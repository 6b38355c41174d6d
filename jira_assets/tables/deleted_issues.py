"""`deleted_issues`: the issues that were here and that Jira has confirmed to be deleted."""

from collections.abc import Iterator, Sequence

import msgspec
import polars as pl

from jira_assets.raw.latest import LatestIssue, Tombstone
from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Row
from jira_assets.tables.issue import Issue


class _Told(msgspec.Struct):
    """What a tombstone says; those of earlier versions have no key."""

    key: str | None = None
    confirmed: str | None = None


def deleted_issues(gone: Sequence[LatestIssue]) -> pl.DataFrame:
    """The rows of the issues among these that have a tombstone, as a frame of the declared schema."""
    rows = [_row(issue, issue.tombstone) for issue in gone if issue.tombstone is not None]
    schema = {**DELETED_ISSUES.schema, "seen_at": pl.Int64()}
    return pl.DataFrame(rows, schema=schema, orient="row").cast(DELETED_ISSUES.schema)


def _row(issue: LatestIssue, tombstone: Tombstone) -> Row:
    try:
        told = msgspec.json.decode(tombstone.payload, type=_Told)
    except msgspec.DecodeError:
        told = _Told()
    return issue.month, issue.issue_id, told.key or issue.issue_id, tombstone.seen_at, told.confirmed


def _none(issue: Issue) -> Iterator[Row]:
    """An issue that is there has no row."""
    del issue
    yield from ()


DELETED_ISSUES = IssueTable(
    name="deleted_issues",
    description=(
        "One row per issue that was copied and then deleted in Jira, with the last key that was known: the "
        "id, where it never had been copied. One that comes back is no longer here."
    ),
    own_columns=(
        Column("seen_at", Kind.TIMESTAMP, "When it was asked for, and found to be gone.", nullable=False),
        Column("confirmed_by", Kind.TEXT, "What said so, and how that was confirmed."),
    ),
    primary_key=("issue_id",),
    parts=frozenset({Part.DELETED}),
    rows=_none,
)
