"""Tables without partitions: small, and written by whoever made the frame, not from the raw log."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from jira_assets.raw.errors import RawLogError
from jira_assets.raw.lookups import LookupStore
from jira_assets.tables.declare import Table
from jira_assets.tables.lookups import LookupTable, lookup_frame
from jira_assets.tables.protection import Protection
from jira_assets.warehouse.connection import connect, transaction
from jira_assets.warehouse.read import built, select
from jira_assets.warehouse.store import SCHEMA, ArrowStream, create, insert


def replace_table(database: Path, table: Table, frame: pl.DataFrame) -> None:
    """Make the rows of a frame all the rows of its table. Raises WarehouseBusy, SchemaMismatch."""
    with transaction(database) as connection:
        replace_rows_of(connection, table, frame)


def replace_rows_of(connection: duckdb.DuckDBPyConnection, table: Table, frame: pl.DataFrame) -> None:
    """As ``replace_table``, within a transaction."""
    create(connection, [table])
    connection.execute(f"DELETE FROM {SCHEMA}.{table.name}")
    insert(connection, table, frame)


def replace_rows(database: Path, table: Table, frame: pl.DataFrame) -> None:
    """Put the rows of a frame into its table, in the place of those with the same primary key."""
    keys = frame.select(table.primary_key)
    with transaction(database) as connection:
        create(connection, [table])
        _delete(connection, table, keys)
        insert(connection, table, frame)


def read_table(database: Path, table: Table) -> pl.DataFrame:
    """All rows of a table; none while it, or the database, is not there yet."""
    if database.exists():
        with connect(database, read_only=True) as connection:
            if built(connection, [table]):
                return select(connection, table)
    return pl.DataFrame(schema=table.schema)


def _delete(connection: duckdb.DuckDBPyConnection, table: Table, keys: pl.DataFrame) -> None:
    incoming = ArrowStream(keys)  # noqa: F841 - DuckDB looks the name up here
    same = " AND ".join(f'stored."{name}" = incoming."{name}"' for name in table.primary_key)
    connection.execute(f"DELETE FROM {SCHEMA}.{table.name} AS stored USING incoming WHERE {same}")


@dataclass(slots=True)
class StoredLookups:
    """How many rows each table has, and why the ``failed`` ones are as they were, by the names of tables."""

    rows: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def store_lookups(
    database: Path, store: LookupStore, tables: Iterable[LookupTable], protection: Protection
) -> StoredLookups:
    """Replaces the rows of these tables; one of which the list cannot be read stays as it is.

    Raises WarehouseBusy.
    """
    stored = StoredLookups()
    frames: list[tuple[LookupTable, pl.DataFrame]] = []
    for table in tables:
        try:
            frame, _ = lookup_frame(table, store.read(table.list_name), protection)
        except RawLogError as error:
            stored.failed[table.name] = str(error)
            continue
        frames.append((table, frame))
        stored.rows[table.name] = frame.height
    with transaction(database) as connection:
        for table, frame in frames:
            replace_rows_of(connection, table, frame)
    return stored
