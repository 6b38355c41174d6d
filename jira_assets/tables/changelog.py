"""`changelog`: every change of every field, with ids as well as display texts."""

from collections.abc import Iterator

from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Personal, Row
from jira_assets.tables.issue import Issue


def _rows(issue: Issue) -> Iterator[Row]:
    for history in issue.histories or ():
        change_id = issue.identified(history.id, "changelog")
        if change_id is None:
            continue
        author = issue.person(history.author)
        for index, item in enumerate(history.items or ()):
            yield (
                change_id,
                index,
                *author,
                item.field,
                item.fieldId,
                item.fieldtype,
                item.from_text,
                item.to_text,
                item.from_id,
                item.to,
                history.created,
            )


def _ends(what: str, described: str, of_users: Personal) -> tuple[Column, Column]:
    return (
        Column(f"from_{what}", Kind.TEXT, described.format("before"), Personal.FREE_TEXT, of_users=of_users),
        Column(f"to_{what}", Kind.TEXT, described.format("after"), Personal.FREE_TEXT, of_users=of_users),
    )


CHANGELOG = IssueTable(
    name="changelog",
    description="One row per changed field of a change; a change that touches three fields has three rows.",
    own_columns=(
        Column("change_id", Kind.TEXT, "Jira's id of the change.", nullable=False),
        Column(
            "item_index", Kind.INTEGER, "Position of the field within the change, from 0.", nullable=False
        ),
        Column("author_email", Kind.TEXT, "Address of whoever made the change.", Personal.CONTACT),
        Column("author_name", Kind.TEXT, "Display name of whoever made the change.", Personal.IDENTITY),
        Column("author_account_id", Kind.TEXT, "Account id of whoever made the change.", Personal.ACCOUNT),
        Column("field_name", Kind.TEXT, "Name of the field, as the site showed it then."),
        Column("field_id", Kind.TEXT, "Id of the field; NULL in changes older than field ids."),
        Column("field_type", Kind.TEXT, "`jira` for system fields, `custom` for the others."),
        *_ends("value", "Text {} the change.", of_users=Personal.IDENTITY),
        *_ends("id", "Id {} the change, where the field has ids.", of_users=Personal.ACCOUNT),
        Column("changed_at", Kind.TIMESTAMP, "When the change was made."),
    ),
    primary_key=("change_id", "item_index", "issue_id"),
    parts=frozenset({Part.ISSUE, Part.CHANGELOG}),
    rows=_rows,
)
