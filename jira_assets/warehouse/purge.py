"""Taking deleted rows out of the file: DuckDB leaves them in it until it needs the room for others."""

from pathlib import Path

import duckdb
from upath import UPath

from jira_assets.files import remove_leftovers, replaced
from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S, connect
from jira_assets.warehouse.database_file import NEW_FILE, contents, create, log_of, look, quoted

_COPY = "purged"


def purge(path: Path, *, patience_s: float = DEFAULT_PATIENCE_S) -> None:
    """Put a copy of what the file holds in its place; readers see the old file or the new one.

    It takes as much room as there is data, for a while. Raises WarehouseBusy, `duckdb.Error` and OSError.
    """
    if not path.exists():
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
    create(target)
    try:
        connection.execute(f"ATTACH {quoted(target)} AS {_COPY} ({NEW_FILE})")
        try:
            connection.execute(f"COPY FROM DATABASE {name} TO {_COPY}; CHECKPOINT {_COPY}")
        finally:
            connection.execute(f"DETACH {_COPY}")
    finally:
        log_of(target).unlink(missing_ok=True)
    look(target, contents(connection))
