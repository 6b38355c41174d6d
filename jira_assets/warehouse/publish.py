"""What analysts read: a Parquet file per table and month, and a database of views over them.

Nobody but the pipeline opens the pipeline's own file, because a reader there blocks the writer.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import duckdb
import polars as pl
from upath import UPath

from jira_assets.files import is_same, local, remove_leftovers, replaced
from jira_assets.privacy.reading import PROTECTED
from jira_assets.tables.catalogue import UNPARTITIONED
from jira_assets.tables.declare import Kind, Table, Treatment
from jira_assets.tables.issue import Site
from jira_assets.tables.protection import ROW_SEPARATOR, domains, row_key
from jira_assets.warehouse.conform import (
    conform,
    forget_set_aside,
    is_parquet,
    literal,
    set_damaged_aside,
)
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.database_file import Unfinished, contents, log_of, look
from jira_assets.warehouse.store import SCHEMA
from jira_assets.warehouse.views import views

VIEWS = "jira.duckdb"
_WHOLE_TABLE = "all.parquet"


class _Unchanged(Exception):
    """A file would be replaced by the same."""


def publish_months(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], months: Sequence[str], folder: UPath
) -> int:
    """Write these months of these tables below `folder`, each file whole. Returns the bytes of all of them.

    A file that would be what it is already is left alone: readers and backups need not look at it again. A
    month without rows gets a file without rows: what was deleted is gone from the published copy too.
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
        _publish(connection, table.name, folder / table.name / _WHOLE_TABLE)


def read_published(table: Table, folder: UPath) -> pl.DataFrame:
    """What is published of a table without partitions.

    Raises FileNotFoundError, OSError and `polars.exceptions.PolarsError`.
    """
    with (folder / table.name / _WHOLE_TABLE).open("rb") as file:
        return pl.read_parquet(file)


def publish_views(
    folder: UPath, tables: Sequence[Table], site: Site, unpartitioned: Sequence[Table] = UNPARTITIONED
) -> UPath:
    """See to it that all that is published can be read as `jira_issues`, `jira_comments` and so on.

    ``tables`` are those by month, the others those without partitions, as they are configured. When the views
    are to be others than they are, files of older versions are brought to today's columns, damaged ones are
    set aside, and the database of the views is made anew. Otherwise no file is looked at but that database.
    """
    remove_leftovers(folder)
    target = folder / VIEWS
    published = [table for table in (*tables, *unpartitioned) if is_published(folder, table)]
    statements = [*_views(folder, published, site), *_protected(published)]
    version = hashlib.sha256("\n".join(statements).encode()).hexdigest()
    if _version(target) == version:
        return target
    with duckdb.connect() as connection:
        for table in published:
            set_damaged_aside(folder, table)
            conform(connection, folder, table)
    statements.append(f"COMMENT ON TABLE {PROTECTED} IS '{version}'")
    with replaced(target, is_public=True) as staged:
        _make(staged, statements)
    return target


def _make(database: Path, statements: Iterable[str]) -> None:
    """Make a database whose file is whole when this returns."""
    try:
        with duckdb.connect(str(database)) as connection:
            connection.begin()
            for statement in statements:
                connection.execute(statement)
            connection.commit()
            made = contents(connection)
            connection.execute("CHECKPOINT")  # closing would do it too, and keep to itself that it failed
    finally:
        log_of(database).unlink(missing_ok=True)
    with duckdb.connect() as connection:
        look(connection, database, made)


def _version(target: UPath) -> str | None:
    """What the views were made of; None if there are none, or they cannot be read."""
    path = local(target)
    if path is None or not path.exists():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "SELECT comment FROM duckdb_tables() WHERE table_name = ?", [PROTECTED]
            ).fetchone()
    except duckdb.Error:
        return None
    return found[0] if found else None


def _views(folder: UPath, tables: Sequence[Table], site: Site) -> Iterator[str]:
    # By name: a file of another version may be put there while somebody reads.
    files = [(table, literal(folder.absolute() / table.name / "*.parquet")) for table in tables]
    sources = [(table, f"read_parquet({each}, union_by_name = true)") for table, each in files]
    for name, query in views(sources, site):
        yield f"CREATE VIEW {name} AS {query}"
    for table in tables:
        for column in table.columns:
            yield f'COMMENT ON COLUMN {table.view}."{column.name}" IS {literal(column.description)}'


def _protected(published: Sequence[Table]) -> Iterator[str]:
    """A table of the columns that are not as Jira has them, for `privacy.connect` and whoever wonders."""
    columns = ("view_name", "column_name", "treatment", "type", "row_key", "domains")
    yield f"CREATE TABLE {PROTECTED} ({', '.join(f'{column} VARCHAR' for column in columns)})"
    for table in published:
        for column in table.columns:
            treatments = {column.treatment, column.treatment_of_users or column.treatment}
            if treatments != {Treatment.PLAIN} or column.kind is Kind.JSON:  # within it people are treated
                told = (
                    table.view,
                    column.name,
                    ", ".join(sorted(treatments)),
                    column.kind.sql,
                    _row_key(table),
                    ", ".join(domains(column)),
                )
                yield f"INSERT INTO {PROTECTED} VALUES ({', '.join(map(literal, told))})"


def _row_key(table: Table) -> str:
    """In SQL, what encrypted values of the table's rows are bound to."""
    key = ", ".join(f'"{name}"' for name in row_key(table))
    return f"concat_ws('{ROW_SEPARATOR}', {key})" if key else "''"


def _publish(connection: duckdb.DuckDBPyConnection, rows: str, target: UPath) -> int:
    with suppress(_Unchanged), replaced(target, is_public=True) as staged:
        connection.execute(
            f"COPY (SELECT * FROM {SCHEMA}.{rows} ORDER BY ALL) "
            f"TO {literal(str(staged))} (FORMAT parquet, COMPRESSION zstd)"
        )
        if not is_parquet(staged):
            raise Unfinished(f"{target} was not written to its end: is the disk full?")
        size = staged.stat().st_size
        if is_same(staged, target):
            raise _Unchanged
    forget_set_aside(target)
    return size


def is_published(folder: UPath, table: Table) -> bool:
    """Whether there is any file of a table."""
    within = folder / table.name
    return within.exists() and any(path.suffix == ".parquet" for path in within.iterdir())
