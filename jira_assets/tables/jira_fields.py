"""`jira_fields`: the fields of the site, and where each is shown."""

import polars as pl

from jira_assets.raw.site import SiteField
from jira_assets.tables.declare import Column, Kind, Row, Table
from jira_assets.tables.resolve import Resolution

JIRA_FIELDS = Table(
    name="jira_fields",
    description="One row per field of the site: its name, what it holds, and where its values are.",
    own_columns=(
        Column("field_id", Kind.TEXT, "Jira's id of the field; it never changes.", nullable=False),
        Column("name", Kind.TEXT, "Name of the field, as the site shows it; not unique."),
        Column("field_key", Kind.TEXT, "Jira's key of the field."),
        Column("is_custom", Kind.BOOLEAN, "Whether it is a field of the site's own.", nullable=False),
        Column("type", Kind.TEXT, "What it holds: string, number, option, array and so on."),
        Column("items", Kind.TEXT, "What the elements of an array are."),
        Column("custom_type", Kind.TEXT, "The kind of custom field, with the app that it comes from."),
        Column("is_searchable", Kind.BOOLEAN, "Whether JQL can ask for it."),
        Column("is_orderable", Kind.BOOLEAN, "Whether it can be moved about on screens."),
        Column("is_navigable", Kind.BOOLEAN, "Whether lists of issues can show it."),
        Column("clause_names", Kind.TEXT_LIST, "What JQL calls it."),
        Column("scope_type", Kind.TEXT, "Where it is valid, if not everywhere: PROJECT."),
        Column("scope_project_id", Kind.TEXT, "Id of the only project that has it."),
        Column("is_listed", Kind.BOOLEAN, "False once Jira lists it no more to our account.", nullable=False),
        Column("issue_columns", Kind.TEXT_LIST, "The configured columns of `issues` that show it."),
        Column("custom_fields_key", Kind.TEXT, "Its key in `custom_fields`; NULL where a column shows it."),
    ),
    primary_key=("field_id",),
)


def fields_frame(resolution: Resolution) -> pl.DataFrame:
    """The site's fields as a frame of the declared schema, by id."""
    keys, columns = resolution.site().keys, resolution.columns_by_field
    rows = [_row(field, columns.get(field.id), keys.get(field.id)) for field in resolution.fields]
    return pl.DataFrame(rows, schema=JIRA_FIELDS.schema, orient="row")


def _row(field: SiteField, columns: list[str] | None, key: str | None) -> Row:
    schema, scope = field.schema, field.scope
    return (
        field.id,
        field.name,
        field.key,
        field.is_custom,
        schema and schema.type,
        schema and schema.items,
        schema and schema.custom,
        field.searchable,
        field.orderable,
        field.navigable,
        None if field.clauseNames is None else list(field.clauseNames),
        scope and scope.type,
        scope and scope.project and scope.project.id,
        field.listed,
        columns,
        None if columns else key,
    )
