"""`unreadable_values`: what Jira sent in a shape that could not be read, and is NULL in the other tables."""

from typing import NamedTuple

from jira_assets.raw.record import Part
from jira_assets.tables.columns import integer, text
from jira_assets.tables.declare import IssueTable
from jira_assets.tables.issue import Issue, Problem


class _Unreadable(NamedTuple):
    place: int
    problem: Problem


def _unreadable(issue: Issue) -> list[_Unreadable]:
    """In an order of their own: the one in which fields are read depends on which were read before."""
    return [_Unreadable(*each) for each in enumerate(sorted(issue.problems))]


UNREADABLE_VALUES = IssueTable(
    name="unreadable_values",
    description="One row per value that could not be read, and is NULL in the other tables: where, and why.",
    own_columns=(
        integer("position", "Number of the value among the issue's, from 0.", "place", nullable=False),
        text("field", "Where Jira sent it: a field of the issue, or a path into a part.", "problem.field"),
        text("reason", "What was wrong with it.", "problem.reason"),
    ),
    primary_key=("issue_id", "position"),
    parts=frozenset({Part.ISSUE, Part.COMMENTS, Part.CHANGELOG, Part.WORKLOGS, Part.REMOTE_LINKS}),
    elements=_unreadable,
)
