"""Giving the room of what was deleted back to the disk, which SQLite does not do by itself."""

import sqlite3
from contextlib import closing
from pathlib import Path

_PATIENCE_S = 5.0


def compact(path: Path, *, patience_s: float = _PATIENCE_S) -> bool:
    """Rewrite an SQLite file of which more than half is free; returns whether all is well.

    So it is never more than twice as large as what it holds, and seldom rewritten, for what is free is used
    again. Others may have it open, as Dagster's processes do: readers go on, and writers wait for half a
    second when 100 MB are left of 500, with a patience of five and more. Where somebody writes all the time
    it stays as it is. Raises sqlite3.Error, for example when the disk is full; nothing is lost then.
    """
    with closing(sqlite3.connect(path, timeout=patience_s, isolation_level=None)) as connection:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        [free] = connection.execute("PRAGMA freelist_count").fetchone()
        if free * 2 <= pages:
            return True
        try:
            connection.execute("VACUUM")
            # Until this is in the file, the log beside it is as large as the file is to become.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True
