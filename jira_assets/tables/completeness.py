"""`completeness`: what Jira says an issue has, beside what is stored of it."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Row
from jira_assets.tables.issue import Issue
from jira_assets.tables.shapes import Count, Id

_PARTS = (Part.ISSUE, Part.COMMENTS, Part.CHANGELOG, Part.WORKLOGS, Part.REMOTE_LINKS, Part.SLA)


class _Child(Protocol):
    id: Id


def _stored(children: Sequence[_Child] | None) -> int | None:
    """How many have a row: those with an id."""
    return None if children is None else len([child for child in children if child.id is not None])


def _total(count: Count | None) -> int | None:
    return None if count is None else count.total


def _rows(issue: Issue) -> Iterator[Row]:
    fields = issue.fields
    counts: tuple[tuple[Part, int | None, int | None], ...] = (
        (Part.ISSUE, None, None),
        (Part.COMMENTS, _total(fields.comment), _stored(issue.comments)),
        (Part.CHANGELOG, issue.change_total, _stored(issue.histories)),
        (Part.WORKLOGS, _total(fields.worklog), _stored(issue.worklogs)),
        (Part.REMOTE_LINKS, None, _stored(issue.remote_links)),
    )
    for part, expected, stored in counts:
        yield _row(issue, part, expected, stored)
    if Part.SLA in issue.latest.fetched_at or Part.SLA in issue.latest.errors:
        yield _row(issue, Part.SLA, None, len(issue.slas))


def _row(issue: Issue, part: Part, expected: int | None, stored: int | None) -> Row:
    latest = issue.latest
    return part.value, expected, stored, latest.fetched_at.get(part), latest.errors.get(part)


COMPLETENESS = IssueTable(
    name="completeness",
    description=(
        "One row per issue and part: Jira's own count, the number stored, and the last failure to fetch it. "
        "Remote links and SLAs have no count in Jira; SLAs have a row where the site has any."
    ),
    own_columns=(
        Column(
            "part", Kind.TEXT, "Part of the issue.", nullable=False, accepted=tuple(p.value for p in _PARTS)
        ),
        Column("expected", Kind.INTEGER, "How many Jira says there are; NULL where it doesn't say."),
        Column("stored", Kind.INTEGER, "How many are stored; NULL while the part was never fetched."),
        Column("fetched_at", Kind.TIMESTAMP, "When the stored part was asked for."),
        Column("error", Kind.TEXT, "Why the last attempt to fetch it failed; NULL if it didn't."),
    ),
    primary_key=("issue_id", "part"),
    parts=frozenset(_PARTS),
    rows=_rows,
)
