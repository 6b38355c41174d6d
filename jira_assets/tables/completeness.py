"""`completeness`: what Jira says an issue has, beside what is stored of it."""

from typing import Any, NamedTuple

from jira_assets.raw.record import NO_FAILURES, SWITCHED_OFF, Part
from jira_assets.tables.columns import integer, text, timestamp
from jira_assets.tables.declare import IssueTable
from jira_assets.tables.distinct import Distinct
from jira_assets.tables.issue import Issue
from jira_assets.tables.readers import each
from jira_assets.tables.shapes import Count

_PARTS = (Part.ISSUE, Part.COMMENTS, Part.CHANGELOG, Part.WORKLOGS, Part.REMOTE_LINKS, Part.SLA)

_WITHHELD = " OR ".join(f"starts_with(error, '{reason}')" for reason in NO_FAILURES)
FAILED = f"(error IS NOT NULL AND NOT ({_WITHHELD}))"
"""The SQL condition that a part failed to be fetched, and is not withheld as a whole."""


class _PartCount(NamedTuple):
    """A part of an issue: how much of it there is in Jira and here, and how much more Jira sent."""

    part: Part
    expected: int | None
    stored: int | None
    repeated: int | None


def _parts(issue: Issue) -> list[_PartCount]:
    fields = issue.fields
    found = [
        _PartCount(Part.ISSUE, None, None, _repeated(issue.attachments) + _repeated(issue.links)),
        _list(Part.COMMENTS, fields.comment, issue.comments),
        _list(Part.CHANGELOG, issue.change_count, issue.histories),
        _list(Part.WORKLOGS, fields.worklog, issue.worklogs),
        _list(Part.REMOTE_LINKS, None, issue.remote_links),
    ]
    if Part.SLA in issue.fetched_at or Part.SLA in issue.errors:
        repeated = sum(sla.cycles().repeated for _, sla in issue.slas.values())
        found.append(_PartCount(Part.SLA, None, len(issue.slas), repeated))
    return found


def _list(part: Part, count: Count | None, children: Distinct[Any] | None) -> _PartCount:
    """Of a part that is a list. Those without an id have no row."""
    expected = None if count is None else count.total
    if children is None:
        return _PartCount(part, expected, None, None)
    stored = len([child for child in children if child.id is not None])
    if expected is not None and children.repeated:
        # Jira's count may be of what it sends, repetitions included.
        expected = min(expected, max(stored, expected - children.repeated))
    return _PartCount(part, expected, stored, children.repeated)


def _repeated(elements: Distinct[Any] | None) -> int:
    return 0 if elements is None else elements.repeated


def _fetched_at(issue: Issue, part: Part) -> int | None:
    return issue.fetched_at.get(part)


def _error(issue: Issue, part: Part) -> str | None:
    error = issue.errors.get(part)
    return None if error is None or error.startswith(SWITCHED_OFF) else error


COMPLETENESS = IssueTable(
    name="completeness",
    description=(
        "One row per issue and part: Jira's own count, the number stored, and the last failure to fetch it. "
        "Remote links and SLAs have no count in Jira; SLAs have a row where the site has any."
    ),
    own_columns=(
        text(
            "part",
            "Part of the issue.",
            "part",
            nullable=False,
            accepted=tuple(p.value for p in _PARTS),
        ),
        integer("expected", "How many Jira says there are; NULL where it doesn't say.", "expected"),
        integer("stored", "How many are stored; NULL while the part was never fetched.", "stored"),
        integer("repeated", "How many more Jira sent, which it had sent already.", "repeated"),
        timestamp("fetched_at", "When the stored part was asked for.", each(_fetched_at, "part")),
        text(
            "error",
            "Why the last attempt to fetch it failed; NULL if it didn't, or if Jira has it switched off.",
            each(_error, "part"),
        ),
    ),
    primary_key=("issue_id", "part"),
    parts=frozenset(_PARTS),
    elements=_parts,
)
