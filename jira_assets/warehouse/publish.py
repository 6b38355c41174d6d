"""What analysts read: a Parquet file per table and month, and a database of views over them.

Nobody but the pipeline opens the pipeline's own file, because a reader there blocks the writer.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
from upath import UPath

from jira_assets.files import remove_leftovers, replaced
from jira_assets.privacy.reading import PROTECTED
from jira_assets.tables.catalogue import UNPARTITIONED
from jira_assets.tables.declare import Kind, Table, Treatment
from jira_assets.tables.issue import Site
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.store import SCHEMA
from jira_assets.warehouse.views import views

VIEWS = "jira.duckdb"

# The elements of lists have names as columns have, so that a name may come more than once.
_TYPES = """
    SELECT file_name, name, list(coalesce(duckdb_type, '') ORDER BY column_id)
    FROM parquet_schema({files}) GROUP BY ALL
"""


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
    """Write a table without partitions below `folder`, as one file."""
    remove_leftovers(folder / table.name)
    with connect(database, read_only=True) as connection:
        _publish(connection, table.name, folder / table.name / "all.parquet")


def publish_views(folder: UPath, tables: Sequence[Table], site: Site) -> UPath:
    """(Re)write the database that shows the published files as `jira_issues`, `jira_comments` and so on.

    ``tables`` are those by month, as they are configured.
    """
    remove_leftovers(folder)
    target = folder / VIEWS
    published = [table for table in (*tables, *UNPARTITIONED) if _is_published(folder, table)]
    with replaced(target, is_public=True) as staged, duckdb.connect(str(staged)) as connection:
        connection.begin()
        sources = [(table, _readers(connection, folder, table)) for table in published]
        for name, query in views(sources, site):
            connection.execute(f"CREATE VIEW {name} AS {query}")
        for table in published:
            for column in table.columns:
                comment = column.description.replace("'", "''")
                connection.execute(f"COMMENT ON COLUMN {table.view}.\"{column.name}\" IS '{comment}'")
        _tell_protected(connection, published)
        connection.commit()
    return target


def _tell_protected(connection: duckdb.DuckDBPyConnection, published: Sequence[Table]) -> None:
    """A table of the columns that are not as Jira has them, for `privacy.connect` and whoever wonders."""
    connection.execute(
        f"CREATE TABLE {PROTECTED} (view_name VARCHAR, column_name VARCHAR, treatment VARCHAR, type VARCHAR)"
    )
    for table in published:
        for column in table.columns:
            treatments = {column.treatment, column.treatment_of_users or column.treatment}
            if treatments != {Treatment.PLAIN} or column.kind is Kind.JSON:  # within it people are treated
                told = [table.view, column.name, ", ".join(sorted(treatments)), column.kind.sql]
                connection.execute(f"INSERT INTO {PROTECTED} VALUES (?, ?, ?, ?)", told)


def _publish(connection: duckdb.DuckDBPyConnection, rows: str, target: UPath) -> int:
    with replaced(target, is_public=True) as staged:
        connection.execute(
            f"COPY (SELECT * FROM {SCHEMA}.{rows} ORDER BY ALL) "
            f"TO {_literal(staged)} (FORMAT parquet, COMPRESSION zstd)"
        )
        return staged.stat().st_size


def _is_published(folder: UPath, table: Table) -> bool:
    return next(iter((folder / table.name).glob("*.parquet")), None) is not None


def _readers(connection: duckdb.DuckDBPyConnection, folder: UPath, table: Table) -> list[str]:
    """What reads all files of a table. Usually that is one reader, which sees those of later months too.

    Months that were built before a column changed its type have a reader of their own: within one, DuckDB
    casts all files to one type, and a single value for which that fails would fail every query.
    """
    files = _literal(folder.absolute() / table.name / "*.parquet")
    groups = _by_types(connection.execute(_TYPES.format(files=files)).fetchall())
    lists = [f"[{', '.join(map(_literal, group))}]" for group in groups] if len(groups) > 1 else [files]
    # By name: months that an older version published may lack columns.
    return [f"read_parquet({each}, union_by_name = true)" for each in lists]


def _by_types(found: Iterable[tuple[str, str, list[str]]]) -> list[list[str]]:
    """Files, told by their columns' types: those are together between which no column differs."""
    files: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for file, column, types in found:
        files[file][column] = types
    names = {name for columns in files.values() for name in columns}
    differing = sorted(
        name
        for name in names
        if len({tuple(columns[name]) for columns in files.values() if name in columns}) > 1
    )
    groups: dict[str, list[str]] = defaultdict(list)
    for file, columns in sorted(files.items()):
        groups[repr([columns.get(name) for name in differing])].append(file)
    return list(groups.values())


def _literal(path: Path | UPath | str) -> str:
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"
