"""Writing tables: issues' rows replaced, and the watermark that says so, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import polars as pl

from jira_assets.raw.extent import Position
from jira_assets.tables.declare import Column, Kind, Personal, Table

SCHEMA = "jira"
_WATERMARKS = "jira_assets.watermarks"
_IDENTITY = "identity VARCHAR"
# Older versions knew of no identity: what they made is made anew.
_WITH_IDENTITY = f"FROM {_WATERMARKS} UNION ALL BY NAME SELECT NULL::VARCHAR AS identity WHERE false"


class SchemaMismatch(Exception):
    """A frame is not of the schema that its table declares; nothing was written."""


class WatermarkMoved(Exception):
    """Another run wrote the same month since its watermark was read; nothing was written."""


class Mark(NamedTuple):
    """Up to where of its log, and by which version of the code, a month of a table was built."""

    position: Position
    version: str


Marks = dict[tuple[str, str], Mark]
"""By (table name, month)."""


@dataclass(frozen=True, slots=True)
class MonthChange:
    """What a transaction does to a month: replaces these issues' rows, or with None all its rows."""

    month: str
    issue_ids: tuple[str, ...] | None
    watermark: Position


def read_marks(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], months: Sequence[str]
) -> Marks:
    """The marks of these months of these tables; months that were never built have none."""
    try:
        rows = connection.execute(
            f"SELECT table_name, month, segment, identity, version FROM ({_WITH_IDENTITY}) "
            "WHERE list_contains($tables, table_name) AND list_contains($months, month)",
            {"tables": [table.name for table in tables], "months": list(months)},
        ).fetchall()
    except duckdb.CatalogException:
        return {}
    return {(name, month): Mark(Position(*position), version) for name, month, *position, version in rows}


def versions(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> list[tuple[str, str]]:
    """The months that were built, each with every version that made one of these tables."""
    names = [table.name for table in tables]
    try:
        return connection.execute(
            f"SELECT DISTINCT month, version FROM {_WATERMARKS} WHERE list_contains(?, table_name)", [names]
        ).fetchall()
    except duckdb.CatalogException:
        return []


def month_states(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The months that were built, each with what is another one whenever its rows may be others."""
    try:
        rows = connection.execute(
            f"SELECT month, md5(list(mark ORDER BY mark)::VARCHAR) FROM {_WATERMARKS} AS mark GROUP BY month"
        ).fetchall()
    except duckdb.CatalogException:
        return {}
    return dict(rows)


def begin_changes(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    changes: Sequence[MonthChange],
    expected: Marks,
) -> None:
    """Make room for new rows: create or adapt the tables, and delete what is going to be replaced.

    Raises WatermarkMoved when somebody else got there first: the rows at hand may then be older than theirs.
    """
    months = [change.month for change in changes]
    create(connection, tables)
    found = read_marks(connection, tables, months)
    if any(found.get((t.name, m)) != expected.get((t.name, m)) for t in tables for m in months):
        raise WatermarkMoved(f"another run wrote {', '.join(months)} meanwhile")
    replaced = [change.month for change in changes if change.issue_ids is None]
    for table in tables:
        if replaced:
            connection.execute(
                f"DELETE FROM {SCHEMA}.{table.name} WHERE list_contains($months, month)",
                {"months": replaced},
            )
        for change in changes:
            if change.issue_ids:
                connection.execute(
                    f"DELETE FROM {SCHEMA}.{table.name} "
                    "WHERE month = $month AND list_contains($issues, issue_id)",
                    {"month": change.month, "issues": list(change.issue_ids)},
                )


def insert(connection: duckdb.DuckDBPyConnection, table: Table, frame: pl.DataFrame) -> None:
    """Append a frame to its table, by name; a frame of another schema is refused."""
    if frame.schema != table.schema:
        raise SchemaMismatch(_difference(table, frame))
    if frame.is_empty():
        return
    # A view of the frame would do as well, but DuckDB keeps what a view reads until the transaction ends.
    incoming = ArrowStream(frame)  # noqa: F841 - DuckDB looks the name up here
    connection.execute(f"INSERT INTO {SCHEMA}.{table.name} BY NAME SELECT * FROM incoming")


def finish_changes(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    changes: Sequence[MonthChange],
    version: str,
) -> None:
    """Advance the watermarks: the last step of the transaction that wrote the rows."""
    marks = [(table.name, change.month, *change.watermark) for table in tables for change in changes]
    names, months, segments, identities = (list(values) for values in zip(*marks, strict=True))
    connection.execute(
        f"DELETE FROM {_WATERMARKS} "
        "WHERE list_contains($names, table_name) AND list_contains($months, month)",
        {"names": names, "months": months},
    )
    connection.execute(
        f"INSERT INTO {_WATERMARKS} BY NAME SELECT unnest($names) AS table_name, unnest($months) AS month, "
        "unnest($segments) AS segment, unnest($identities) AS identity, $version AS version",
        {
            "names": names,
            "months": months,
            "segments": segments,
            "identities": identities,
            "version": version,
        },
    )


def renew_versions(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], months: Sequence[str], version: str
) -> None:
    """Note that what is in these months is what this version would make of it."""
    connection.execute(
        f"UPDATE {_WATERMARKS} SET version = $version "
        "WHERE list_contains($names, table_name) AND list_contains($months, month)",
        {"version": version, "names": [table.name for table in tables], "months": list(months)},
    )


class ArrowStream:
    """A frame as nothing but an Arrow stream: DuckDB would otherwise want pyarrow to read a Polars frame."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


def create(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> None:
    """Make the tables that are missing, and bring to today's columns those of an older version."""
    existing = _existing_columns(connection)
    if not existing:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}; CREATE SCHEMA IF NOT EXISTS jira_assets")
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {_WATERMARKS} "
            f"(table_name VARCHAR, month VARCHAR, segment BIGINT, version VARCHAR, {_IDENTITY})"
        )
    connection.execute(f"ALTER TABLE {_WATERMARKS} ADD COLUMN IF NOT EXISTS {_IDENTITY}")
    for table in tables:
        declared = {column.name: column.stored.sql for column in table.columns}
        if table.name not in existing:
            _create_table(connection, table)
        elif existing[table.name] != declared:
            _adapt(connection, table, existing[table.name])


def _create_table(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    columns = ", ".join(_definition(column) for column in table.columns)
    connection.execute(f"CREATE TABLE {SCHEMA}.{table.name} ({columns})")


def _definition(column: Column) -> str:
    # Free text is most of the volume and repeats itself: with zstd the file is an eighth as large.
    is_long = column.personal is Personal.FREE_TEXT and column.stored is not Kind.TEXT_LIST
    compression = " USING COMPRESSION zstd" if is_long else ""
    return f'"{column.name}" {column.stored.sql}{compression}'


def _existing_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = ?", [SCHEMA]
    ).fetchall()
    columns: dict[str, dict[str, str]] = {}
    for table_name, column_name, data_type in rows:
        columns.setdefault(table_name, {})[column_name] = data_type
    return columns


def _adapt(connection: duckdb.DuckDBPyConnection, table: Table, existing: Iterable[str]) -> None:
    """Bring a table that an older version made to today's columns; its months are rebuilt as they come up."""
    kept = [column for column in table.columns if column.name in existing]
    values = ", ".join(
        f'TRY_CAST("{column.name}" AS {column.stored.sql}) AS "{column.name}"' for column in kept
    )
    connection.execute(f"ALTER TABLE {SCHEMA}.{table.name} RENAME TO outdated")
    _create_table(connection, table)
    connection.execute(f"INSERT INTO {SCHEMA}.{table.name} BY NAME SELECT {values} FROM {SCHEMA}.outdated")
    connection.execute(f"DROP TABLE {SCHEMA}.outdated")


def _difference(table: Table, frame: pl.DataFrame) -> str:
    wrong = [
        f"{name} is {frame.schema.get(name, 'missing')} instead of {dtype}"
        for name, dtype in table.schema.items()
        if frame.schema.get(name) != dtype
    ]
    unknown = [f"{name} is not declared" for name in frame.columns if name not in table.schema]
    return f"{table.name} was not written: {'; '.join(wrong + unknown) or 'its columns are in another order'}"
