"""What analysts read: a Parquet file per table and month, and a database of views over them.

Nobody but the pipeline opens the pipeline's own file, because a reader there blocks the writer.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
from upath import UPath

from jira_assets.files import remove_leftovers, replaced
from jira_assets.tables.catalogue import TABLES, UNPARTITIONED
from jira_assets.tables.declare import Table
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.store import SCHEMA
from jira_assets.warehouse.views import views

VIEWS = "jira.duckdb"


def publish_months(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], months: Sequence[str], folder: UPath
) -> int:
    """Write these months of these tables below `folder`, each file replaced whole. Returns the bytes written.

    A month without rows gets a file without rows: what was deleted is gone from the published copy too.
    """
    written = 0
    for table in tables:
        remove_leftovers(folder / table.name)
        for month in months:
            target = folder / table.name / f"{month}.parquet"
            written += _publish(connection, f"{table.name} WHERE month = '{month}'", target)
    return written


def publish_table(database: Path, table: Table, folder: UPath) -> None:
    """Write a table without partitions below `folder`, as one file, and the views."""
    remove_leftovers(folder / table.name)
    with connect(database, read_only=True) as connection:
        _publish(connection, table.name, folder / table.name / "all.parquet")
    publish_views(folder)


def publish_views(folder: UPath) -> UPath:
    """(Re)write the database that shows the published files as `jira_issues`, `jira_comments` and so on."""
    remove_leftovers(folder)
    target = folder / VIEWS
    published = [table for table in (*TABLES, *UNPARTITIONED) if _is_published(folder, table)]
    sources = [(table, _reader(folder, table)) for table in published]
    with replaced(target, is_public=True) as staged, duckdb.connect(str(staged)) as connection:
        connection.begin()
        for name, query in views(sources):
            connection.execute(f"CREATE VIEW {name} AS {query}")
        for table in published:
            for column in table.columns:
                comment = column.description.replace("'", "''")
                connection.execute(f"COMMENT ON COLUMN jira_{table.name}.\"{column.name}\" IS '{comment}'")
        connection.commit()
    return target


def _publish(connection: duckdb.DuckDBPyConnection, rows: str, target: UPath) -> int:
    with replaced(target, is_public=True) as staged:
        connection.execute(
            f"COPY (SELECT * FROM {SCHEMA}.{rows} ORDER BY ALL) "
            f"TO {_literal(staged)} (FORMAT parquet, COMPRESSION zstd)"
        )
        return staged.stat().st_size


def _is_published(folder: UPath, table: Table) -> bool:
    return next(iter((folder / table.name).glob("*.parquet")), None) is not None


def _reader(folder: UPath, table: Table) -> str:
    files = _literal(folder.absolute() / table.name / "*.parquet")
    # By name: months that an older version published may lack columns.
    return f"read_parquet({files}, union_by_name = true)"


def _literal(path: Path | UPath) -> str:
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"
