"""`issuelinks`: links between issues. A link is a row at each end."""

from collections.abc import Iterator

from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Personal, Row
from jira_assets.tables.issue import Issue, as_text
from jira_assets.tables.shapes import LinkedFields, Named

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
            None if linked is None else issue.key_of_another(linked.key),
            None if linked is None or linked.id is None else str(linked.id),
            fields.summary,
            *_named(issue, "statuses", fields.status, 3),
            *_named(issue, "priorities", fields.priority, 1),
        )


def _named(issue: Issue, list_name: str, named: Named | None, values: int) -> tuple[str | None, str | None]:
    """The id of a status or priority, and its name: the first of so many values that the list has of it."""
    if named is None:
        return None, None
    entry_id = as_text(named.id)
    return entry_id, issue.named(list_name, entry_id, named.name, *(None,) * (values - 1))[0]


ISSUELINKS = IssueTable(
    name="issuelinks",
    description="One row per link and end: how this issue is linked to another.",
    own_columns=(
        Column("link_id", Kind.TEXT, "Jira's id of the link, the same at both ends.", nullable=False),
        Column("link_type", Kind.TEXT, "Name of the link's type, such as Blocks."),
        Column("direction", Kind.TEXT, "Which end the other issue is.", accepted=("inward", "outward")),
        Column("linked_issue_key", Kind.TEXT, "Key of the other issue, by the key that its project has now."),
        Column("linked_issue_id", Kind.TEXT, "Id of the other issue."),
        Column(
            "linked_issue_summary", Kind.TEXT, "Its summary when this one was fetched.", Personal.FREE_TEXT
        ),
        Column("linked_issue_status_id", Kind.TEXT, "Id of its status when this one was fetched."),
        Column("linked_issue_status", Kind.TEXT, "Name that this status has now."),
        Column("linked_issue_priority_id", Kind.TEXT, "Id of its priority when this one was fetched."),
        Column("linked_issue_priority", Kind.TEXT, "Name that this priority has now."),
    ),
    primary_key=("link_id", "issue_id", "direction"),
    parts=frozenset({Part.ISSUE}),
    rows=_rows,
)
