"""`changelog`: every change of every field, with ids as well as display texts."""

from typing import NamedTuple

from jira_assets.raw.record import Part
from jira_assets.tables.columns import integer, person, text, timestamp
from jira_assets.tables.declare import Column, IssueTable, Personal, platform_api
from jira_assets.tables.issue import Issue
from jira_assets.tables.readers import id_text
from jira_assets.tables.shapes import ChangeItem, History


class _ChangedField(NamedTuple):
    history: History
    place: int
    item: ChangeItem


def _changed_fields(issue: Issue) -> list[_ChangedField]:
    return [
        _ChangedField(history, place, item)
        for history in issue.identified(issue.histories, "changelog")
        for place, item in enumerate(history.items or ())
    ]


def _text(name: str, described: str, path: str) -> Column:
    return text(name, described, path, Personal.FREE_TEXT, of_users=Personal.IDENTITY)


def _id(name: str, described: str, path: str) -> Column:
    return text(name, described, path, Personal.FREE_TEXT, of_users=Personal.ACCOUNT)


CHANGELOG = IssueTable(
    name="changelog",
    description="One row per changed field of a change; a change that touches three fields has three rows.",
    own_columns=(
        text("change_id", "Jira's id of the change.", id_text("history.id"), nullable=False),
        integer("item_index", "Position of the field within the change, from 0.", "place", nullable=False),
        *person("author", "whoever made the change", "history.author"),
        text("field_name", "Name of the field, as the site showed it then.", "item.field"),
        text("field_id", "Id of the field; NULL in changes older than field ids.", "item.fieldId"),
        text("field_type", "`jira` for system fields, `custom` for the others.", "item.fieldtype"),
        _text("from_value", "Text before the change.", "item.from_text"),
        _text("to_value", "Text after the change.", "item.to_text"),
        _id("from_id", "Id before the change, where the field has ids.", "item.from_id"),
        _id("to_id", "Id after the change, where the field has ids.", "item.to"),
        timestamp("changed_at", "When the change was made.", "history.created"),
    ),
    primary_key=("change_id", "item_index", "issue_id"),
    source=platform_api("issues"),
    parts=frozenset({Part.ISSUE, Part.CHANGELOG}),
    elements=_changed_fields,
)
