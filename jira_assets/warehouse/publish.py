"""What analysts read: a Parquet file per table and month, and a database of views over them.

Nobody but the pipeline opens the pipeline's own file, because a reader there blocks the writer.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
from upath import UPath

from jira_assets.files import remove_leftovers, replaced
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
        remove_leftovers(folder / table.name)
        for month in months:
            with replaced(folder / table.name / f"{month}.parquet") as staged:
                connection.execute(
                    f"COPY (SELECT * FROM {SCHEMA}.{table.name} WHERE month = '{month}' ORDER BY ALL) "
                    f"TO {_literal(staged)} (FORMAT parquet, COMPRESSION zstd)"
                )
                written += staged.stat().st_size
    return written


def publish_views(tables: Sequence[Table], folder: UPath) -> UPath:
    """(Re)write the database that shows the published files as `jira_issues`, `jira_comments` and so on."""
    remove_leftovers(folder)
    target = folder / VIEWS
    with replaced(target) as staged, duckdb.connect(str(staged)) as connection:
        connection.begin()
        for table in tables:
            files = _literal(folder.absolute() / table.name / "*.parquet")
            # By name: months that an older version published may lack columns.
            rows = f"read_parquet({files}, union_by_name = true)"
            connection.execute(f"CREATE VIEW jira_{table.name} AS SELECT * FROM {rows}")
            for column in table.columns:
                comment = column.description.replace("'", "''")
                connection.execute(f"COMMENT ON COLUMN jira_{table.name}.\"{column.name}\" IS '{comment}'")
        connection.commit()
    return target


def _literal(path: Path | UPath) -> str:
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"
