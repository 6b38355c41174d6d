"""Taking deleted rows out of the file: DuckDB leaves them in it until it needs the room for others."""

import os
import uuid
from pathlib import Path

from upath import UPath

from jira_assets.files import fsync_folder, remove_leftovers
from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S, NEW_FILE, connect, quoted

_COPY = "purged"


def purge(path: Path, *, patience_s: float = DEFAULT_PATIENCE_S) -> None:
    """Put a copy of what the file holds in its place; readers see the old file or the new one.

    It takes as much room as there is data, for a while. Raises WarehouseBusy and `duckdb.Error`.
    """
    if not path.exists():
        return
    remove_leftovers(UPath(path.parent))  # of those who were killed at this
    staged = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with connect(path, patience_s=patience_s) as connection:
            (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
            # Whatever is in the log beside the file would otherwise be taken for changes of the new one.
            connection.execute(f"CHECKPOINT {name}")
            connection.execute(f"ATTACH {quoted(staged)} AS {_COPY} ({NEW_FILE})")
            try:
                connection.execute(f"COPY FROM DATABASE {name} TO {_COPY}; CHECKPOINT {_COPY}")
            finally:
                connection.execute(f"DETACH {_COPY}")
            staged.chmod(0o600)
            with staged.open("rb+") as file:
                os.fsync(file.fileno())
            staged.replace(path)  # while it is ours: nobody can have written it since it was copied
            fsync_folder(path.parent)
    finally:
        for left in (staged, staged.with_name(f"{staged.name}.wal")):
            left.unlink(missing_ok=True)
