"""What analysts read: a Parquet file per table and month, and a database of views over them.

Nobody but the pipeline opens the pipeline's own file, because a reader there blocks the writer.
"""

import os
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
from upath import UPath

from jira_assets.tables.declare import Table
from jira_assets.warehouse.store import SCHEMA

VIEWS = "jira.duckdb"


def publish_months(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], months: Sequence[str], folder: UPath
) -> int:
    """Write these months of these tables below `folder`, each file replaced whole. Returns the bytes written.

    A month without rows gets a file without rows: what was deleted is gone from the published copy too.
    """
    written = 0
    for table in tables:
        for month in months:
            with _replaced(folder / table.name / f"{month}.parquet") as staged:
                connection.execute(
                    f"COPY (SELECT * FROM {SCHEMA}.{table.name} WHERE month = '{month}' ORDER BY ALL) "  # noqa: S608
                    f"TO {_literal(staged)} (FORMAT parquet, COMPRESSION zstd)"
                )
                written += staged.stat().st_size
    return written


def publish_views(tables: Sequence[Table], folder: UPath) -> UPath:
    """(Re)write the database that shows the published files as `jira_issues`, `jira_comments` and so on."""
    target = folder / VIEWS
    with _replaced(target) as staged:
        with duckdb.connect(str(staged)) as connection:
            for table in tables:
                files = _literal(folder.absolute() / table.name / "*.parquet")
                view = f"CREATE VIEW jira_{table.name} AS SELECT * FROM read_parquet({files})"  # noqa: S608
                connection.execute(view)
                for column in table.columns:
                    comment = column.description.replace("'", "''")
                    connection.execute(
                        f"COMMENT ON COLUMN jira_{table.name}.\"{column.name}\" IS '{comment}'"
                    )
    return target


@contextmanager
def _replaced(target: UPath) -> Iterator[Path]:
    """A new local file, which takes the place of the target when it is complete."""
    if isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(target).with_name(f".{uuid.uuid4().hex}.tmp")
        try:
            yield staged
            os.replace(staged, target)
        finally:
            staged.unlink(missing_ok=True)
    else:
        with tempfile.TemporaryDirectory() as folder:
            staged = Path(folder) / target.name
            yield staged
            target.write_bytes(staged.read_bytes())


def _literal(path: Path | UPath) -> str:
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"
