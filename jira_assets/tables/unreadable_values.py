"""`unreadable_values`: what Jira sent in a shape that could not be read, and is NULL in the other tables."""

from collections.abc import Iterator

from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Row
from jira_assets.tables.issue import Issue


def _none(issue: Issue) -> Iterator[Row]:
    """Not told from the issue but from how reading the other tables went: see `frames.Builder`."""
    del issue
    yield from ()


UNREADABLE_VALUES = IssueTable(
    name="unreadable_values",
    description="One row per value that could not be read, and is NULL in the other tables: where, and why.",
    own_columns=(
        Column("position", Kind.INTEGER, "Number of the value among the issue's, from 0.", nullable=False),
        Column("field", Kind.TEXT, "Where Jira sent it: a field of the issue, or a path into a part."),
        Column("reason", Kind.TEXT, "What was wrong with it."),
    ),
    primary_key=("issue_id", "position"),
    parts=frozenset({Part.ISSUE, Part.COMMENTS, Part.CHANGELOG, Part.WORKLOGS, Part.REMOTE_LINKS}),
    rows=_none,
)
