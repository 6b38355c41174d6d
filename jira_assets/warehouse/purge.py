"""Taking deleted rows out of the file: DuckDB leaves them in it until it needs the room for others."""

from pathlib import Path

import duckdb
from upath import UPath

from jira_assets.files import remove_leftovers, replaced
from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S, connect
from jira_assets.warehouse.database_file import NEW_FILE, attached, contents, create, log_of, look

MOSTLY_FREE = 0.4
_BLOCKS_TO_SPARE = 4  # a megabyte, of which a small file may well be made mostly
_FREE = """
    SELECT free_blocks, total_blocks FROM pragma_database_size() WHERE database_name = current_database()
"""


def compact(path: Path, free: float = MOSTLY_FREE, *, patience_s: float = DEFAULT_PATIENCE_S) -> bool:
    """Purge a file if more than this share of it is free; returns whether it was. Raises as ``purge``."""
    if not path.exists():
        return False
    with connect(path, patience_s=patience_s) as connection:
        is_due = is_free(connection, free)
    if is_due:
        purge(path, patience_s=patience_s)
    return is_due


def is_free(connection: duckdb.DuckDBPyConnection, free: float = MOSTLY_FREE) -> bool:
    """Whether more than this share of a file holds nothing, as of the last transaction.

    The change of an issue writes its row groups anew, elsewhere, and the room of the old ones is seldom at
    the end of the file, where alone DuckDB gives it back. What is free is used again, so the larger a file
    the smaller is the share of it that is ever free. With two fifths, and what is not full of the rest, a
    file is at most three times as large as one made anew.
    """
    free_blocks, blocks = connection.execute(_FREE).fetchone() or (0, 0)
    return bool(free_blocks > _BLOCKS_TO_SPARE and free_blocks > blocks * free)


def purge(path: Path, *, patience_s: float = DEFAULT_PATIENCE_S) -> None:
    """Put a copy of what the file holds in its place; readers see the old file or the new one.

    It takes as much room as there is data, for a while. Raises WarehouseBusy, `duckdb.Error` and OSError.
    """
    if not path.exists():
        log_of(path).unlink(missing_ok=True)  # nothing can be read of it any more but what was in the file
        return
    remove_leftovers(UPath(path.parent))  # of those who were killed at this
    with connect(path, patience_s=patience_s) as connection:
        # Whatever is in the log beside the file would otherwise be taken for changes of the new one.
        connection.execute("CHECKPOINT")
        with replaced(UPath(path)) as staged:  # while it is ours: nobody can write it while it is copied
            _copy(connection, staged)


def _copy(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Copy the current database into a file, which holds all of it when this returns."""
    (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
    create(connection, target)
    try:
        with attached(connection, target, NEW_FILE) as copy:
            connection.execute(f"COPY FROM DATABASE {name} TO {copy}; CHECKPOINT {copy}")
    finally:
        log_of(target).unlink(missing_ok=True)
    look(connection, target, contents(connection))
