"""What holds for all assets: columns and their lineage from declarations, and policies by group."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dagster import (
    AssetSpec,
    FreshnessPolicy,
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
)

from jira_assets.defs.keys import asset_key
from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Table

_OWNERS = ["team:data"]
LAYERS = {"raw": "bronze", "tables": "silver", "lookups": "silver", "fields": "silver", "slas": "silver"}
_BY_GROUP: Mapping[str, FreshnessPolicy] = {
    # Twice the time from one refresh to the next is a warning, an hour or a day more a failure.
    "slas": FreshnessPolicy.time_window(fail_window=timedelta(hours=1), warn_window=timedelta(minutes=30)),
    "health": FreshnessPolicy.time_window(fail_window=timedelta(hours=3), warn_window=timedelta(hours=2)),
    "fields": FreshnessPolicy.time_window(fail_window=timedelta(hours=49), warn_window=timedelta(hours=25)),
    "lookups": FreshnessPolicy.time_window(fail_window=timedelta(hours=49), warn_window=timedelta(hours=25)),
}


def metadata_of(table: Table) -> dict[str, Any]:
    """The declaration, as Dagster's Columns tab shows it."""
    metadata: dict[str, Any] = {
        "dagster/column_schema": TableSchema(columns=[_column(column, table) for column in table.columns]),
        "primary_key": ", ".join(table.primary_key),
    }
    if isinstance(table, IssueTable):
        parts = [TableColumnDep(asset_key("raw_issues"), part.value) for part in sorted(table.parts)]
        lineage = {column.name: parts for column in table.columns}
        metadata["dagster/column_lineage"] = TableColumnLineage(lineage)
    return metadata


def metadata_of_raw() -> dict[str, Any]:
    """The parts of issues, which columns of tables are made of, as columns."""
    return {"dagster/column_schema": TableSchema([TableColumn(part.value, "JSON") for part in Part])}


def description_of(table: Table, more: str = "") -> str:
    """In Markdown, with where Jira documents what it is made of."""
    source = f"[Jira's documentation]({table.source})." if table.source else ""
    return " ".join(filter(None, (table.description, more, source)))


def _column(column: Column, table: Table) -> TableColumn:
    constraints = TableColumnConstraints(
        nullable=column.nullable,
        unique=table.primary_key == (column.name,),
        other=[f"one of {', '.join(column.accepted)}"] if column.accepted else [],
    )
    tags = {"personal-data": column.personal.value.replace(" ", "-")} if column.personal != "none" else {}
    return TableColumn(column.name, column.stored.sql, column.description, constraints, tags=tags)


def with_policies(spec: AssetSpec) -> AssetSpec:
    """What `jira/data_health` measures is how fresh the tables by month are: they have no policy here."""
    group = spec.group_name or ""
    spec = spec.replace_attributes(owners=_OWNERS, freshness_policy=_BY_GROUP.get(group))
    return spec.merge_attributes(tags={"layer": LAYERS.get(group, group)})
