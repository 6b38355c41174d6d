"""Reading tables back: months as frames, and how many rows they have."""

from collections.abc import Sequence

import duckdb
import polars as pl

from jira_assets.tables.declare import Kind, Table
from jira_assets.warehouse.store import SCHEMA


def built(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> list[Table]:
    """Those of the tables that exist: a table that is new comes with its first materialisation."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = ?", [SCHEMA]
    ).fetchall()
    names = {name for (name,) in rows}
    return [table for table in tables if table.name in names]


def built_as_declared(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> bool:
    """Whether the tables exist, with all columns: those of an older version get theirs by the next run."""
    rows = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = ?", [SCHEMA]
    ).fetchall()
    return {*rows} >= {(table.name, column.name) for table in tables for column in table.columns}


def count_rows(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], months: Sequence[str]
) -> dict[tuple[str, str], int]:
    """How many rows each of these months has in each of these tables, by (table name, month)."""
    counts = {(table.name, month): 0 for table in tables for month in months}
    for table in tables:
        rows = connection.execute(
            f"SELECT month, count(*) FROM {SCHEMA}.{table.name} "
            "WHERE list_contains($months, month) GROUP BY month",
            {"months": list(months)},
        ).fetchall()
        counts.update({(table.name, month): count for month, count in rows})
    return counts


def select(
    connection: duckdb.DuckDBPyConnection, table: Table, months: Sequence[str] | None = None
) -> pl.DataFrame:
    """The rows of these months of a table, or all, as a frame of its declared schema."""
    # As text: Polars has no JSON type.
    columns = ", ".join(
        f'"{column.name}"::VARCHAR AS "{column.name}"' if column.kind is Kind.JSON else f'"{column.name}"'
        for column in table.columns
    )
    rows = f"SELECT {columns} FROM {SCHEMA}.{table.name}"
    if months is None:
        relation = connection.sql(rows)
    else:
        relation = connection.sql(
            f"{rows} WHERE list_contains($months, month)", params={"months": list(months)}
        )
    return pl.DataFrame(relation).cast(table.schema)
