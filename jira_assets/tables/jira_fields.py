"""`jira_fields`: the fields of the site, and where each is shown."""

from typing import NamedTuple

import polars as pl

from jira_assets.raw.site import SiteField
from jira_assets.tables.columns import boolean, text, text_list
from jira_assets.tables.declare import Table, platform_api
from jira_assets.tables.frames import frame
from jira_assets.tables.readers import Rows
from jira_assets.tables.resolve import FieldResolution


class _Shown(NamedTuple):
    """A field, the configured columns that show it, and else its key in `custom_fields`."""

    field: SiteField
    columns: list[str] | None
    key: str | None


JIRA_FIELDS = Table(
    name="jira_fields",
    description="One row per field of the site: its name, what it holds, and where its values are.",
    own_columns=(
        text("field_id", "Jira's id of the field; it never changes.", "field.id", nullable=False),
        text("name", "Name of the field, as the site shows it; not unique.", "field.name"),
        text("field_key", "Jira's key of the field.", "field.key"),
        boolean("is_custom", "Whether it is a field of the site's own.", "field.is_custom", nullable=False),
        text("type", "What it holds: string, number, option, array and so on.", "field.schema.type"),
        text("items", "What the elements of an array are.", "field.schema.items"),
        text(
            "custom_type", "The kind of custom field, with the app that it comes from.", "field.schema.custom"
        ),
        boolean("is_searchable", "Whether JQL can ask for it.", "field.searchable"),
        boolean("is_orderable", "Whether it can be moved about on screens.", "field.orderable"),
        boolean("is_navigable", "Whether lists of issues can show it.", "field.navigable"),
        text_list("clause_names", "What JQL calls it.", "field.clauseNames"),
        text("scope_type", "Where it is valid, if not everywhere: PROJECT.", "field.scope.type"),
        text("scope_project_id", "Id of the only project that has it.", "field.scope.project.id"),
        boolean(
            "is_listed", "False once Jira lists it no more to our account.", "field.listed", nullable=False
        ),
        text_list("issue_columns", "The configured columns of `issues` that show it.", "columns"),
        text("custom_fields_key", "Its key in `custom_fields`; NULL where a column shows it.", "key"),
    ),
    primary_key=("field_id",),
    source=platform_api("issue-fields"),
)


def fields_frame(resolution: FieldResolution) -> pl.DataFrame:
    """The site's fields as a frame of the declared schema, by id."""
    keys, columns = resolution.site().keys, resolution.columns_by_field
    shown = [
        _Shown(each, columns.get(each.id), None if each.id in columns else keys.get(each.id))
        for each in resolution.fields
    ]
    return frame(JIRA_FIELDS, Rows(shown, shown))
