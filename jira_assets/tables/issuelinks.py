"""`issuelinks`: links between issues. A link is a row at each end."""

from collections.abc import Iterator

from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Personal, Row
from jira_assets.tables.issue import Issue
from jira_assets.tables.shapes import LinkedFields

_UNSEEN = LinkedFields()


def _rows(issue: Issue) -> Iterator[Row]:
    for link in issue.links or ():
        link_id = issue.identified(link.id, "issuelinks")
        if link_id is None:
            continue
        linked = link.inwardIssue or link.outwardIssue
        fields = (linked and linked.fields) or _UNSEEN
        yield (
            link_id,
            link.type and link.type.name,
            link.direction,
            linked and linked.key,
            None if linked is None or linked.id is None else str(linked.id),
            fields.summary,
            fields.status and fields.status.name,
            fields.priority and fields.priority.name,
        )


ISSUELINKS = IssueTable(
    name="issuelinks",
    description="One row per link and end: how this issue is linked to another.",
    own_columns=(
        Column("link_id", Kind.TEXT, "Jira's id of the link, the same at both ends.", nullable=False),
        Column("link_type", Kind.TEXT, "Name of the link's type, such as Blocks."),
        Column("direction", Kind.TEXT, "Which end the other issue is.", accepted=("inward", "outward")),
        Column("linked_issue_key", Kind.TEXT, "Key of the other issue when this one was fetched."),
        Column("linked_issue_id", Kind.TEXT, "Id of the other issue."),
        Column(
            "linked_issue_summary", Kind.TEXT, "Its summary when this one was fetched.", Personal.FREE_TEXT
        ),
        Column("linked_issue_status", Kind.TEXT, "Its status when this one was fetched."),
        Column("linked_issue_priority", Kind.TEXT, "Its priority when this one was fetched."),
    ),
    primary_key=("link_id", "issue_id", "direction"),
    parts=frozenset({Part.ISSUE}),
    rows=_rows,
)
