"""`completeness`: what Jira says an issue has, beside what is stored of it."""

from collections.abc import Iterator
from typing import Any

from jira_assets.raw.record import NO_FAILURES, SWITCHED_OFF, Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Row
from jira_assets.tables.distinct import Distinct
from jira_assets.tables.issue import Issue
from jira_assets.tables.shapes import Count

_PARTS = (Part.ISSUE, Part.COMMENTS, Part.CHANGELOG, Part.WORKLOGS, Part.REMOTE_LINKS, Part.SLA)

_WITHHELD = " OR ".join(f"starts_with(error, '{reason}')" for reason in NO_FAILURES)
FAILED = f"(error IS NOT NULL AND NOT ({_WITHHELD}))"
"""The SQL condition that a part failed to be fetched, and is not withheld as a whole."""


def _rows(issue: Issue) -> Iterator[Row]:
    fields = issue.fields
    yield _row(issue, Part.ISSUE, None, None, _repeated(issue.attachments) + _repeated(issue.links))
    yield _list(issue, Part.COMMENTS, fields.comment, issue.comments)
    yield _list(issue, Part.CHANGELOG, Count(issue.change_total), issue.histories)
    yield _list(issue, Part.WORKLOGS, fields.worklog, issue.worklogs)
    yield _list(issue, Part.REMOTE_LINKS, None, issue.remote_links)
    if Part.SLA in issue.latest.fetched_at or Part.SLA in issue.latest.errors:
        repeated = sum(sla.cycles().repeated for _, sla in issue.slas.values())
        yield _row(issue, Part.SLA, None, len(issue.slas), repeated)


def _list(issue: Issue, part: Part, count: Count | None, children: Distinct[Any] | None) -> Row:
    """Of a part that is a list. Those without an id have no row."""
    expected = None if count is None else count.total
    if children is None:
        return _row(issue, part, expected, None, None)
    stored = len([child for child in children if child.id is not None])
    if expected is not None and children.repeated:
        # Jira's count may be of what it sends, repetitions included.
        expected = min(expected, max(stored, expected - children.repeated))
    return _row(issue, part, expected, stored, children.repeated)


def _repeated(elements: Distinct[Any] | None) -> int:
    return 0 if elements is None else elements.repeated


def _row(issue: Issue, part: Part, expected: int | None, stored: int | None, repeated: int | None) -> Row:
    latest = issue.latest
    error = latest.errors.get(part)
    is_off = error is not None and error.startswith(SWITCHED_OFF)
    told = None if is_off else error
    return part.value, expected, stored, repeated, latest.fetched_at.get(part), told


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
        Column("repeated", Kind.INTEGER, "How many more Jira sent, which it had sent already."),
        Column("fetched_at", Kind.TIMESTAMP, "When the stored part was asked for."),
        Column(
            "error",
            Kind.TEXT,
            "Why the last attempt to fetch it failed; NULL if it didn't, or if Jira has it switched off.",
        ),
    ),
    primary_key=("issue_id", "part"),
    parts=frozenset(_PARTS),
    rows=_rows,
)
