"""Declared columns in Dagster's terms."""

from typing import Any

from dagster import TableColumn, TableColumnConstraints, TableSchema

from jira_assets.tables.declare import Column, Table


def metadata_of(table: Table) -> dict[str, Any]:
    """The declaration, as Dagster's Columns tab shows it."""
    return {
        "dagster/column_schema": TableSchema(columns=[_column(column, table) for column in table.columns]),
        "primary_key": ", ".join(table.primary_key),
    }


def _column(column: Column, table: Table) -> TableColumn:
    constraints = TableColumnConstraints(
        nullable=column.nullable,
        unique=table.primary_key == (column.name,),
        other=[f"one of {', '.join(column.accepted)}"] if column.accepted else [],
    )
    tags = {"personal-data": column.personal.value.replace(" ", "-")} if column.personal != "none" else {}
    return TableColumn(column.name, column.stored.sql, column.description, constraints, tags=tags)
