"""Opening the DuckDB file: one writer at a time, held briefly, with patience for whoever holds it now."""

import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


DEFAULT_PATIENCE_S = 60.0
_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 1.0
# Rewriting a row group costs as much as its size: small ones keep the change of a single issue cheap.
_ROW_GROUP_SIZE = 16_384
_HOLDER = re.compile(r"Conflicting lock is held in (.+?) \(PID (\d+)\)")


class WarehouseError(Exception):
    """The database file cannot be used."""


class WarehouseBusy(WarehouseError):
    """Another process holds the database file, and held it for as long as we were willing to wait."""


@contextmanager
def connect(
    path: Path, *, read_only: bool = False, patience_s: float = DEFAULT_PATIENCE_S
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in UTC, closed at the end; waits while another process holds the file.

    Raises WarehouseBusy naming the holder after `patience_s` seconds, WarehouseError when the file is no
    database or cannot be opened for another reason. A missing file is created unless `read_only`.
    """
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = _open(path, read_only, patience_s)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def transaction(path: Path, *, patience_s: float = DEFAULT_PATIENCE_S) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection inside BEGIN … COMMIT: everything that is done with it happens, or nothing does."""
    with connect(path, patience_s=patience_s) as connection:
        connection.begin()
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def _open(path: Path, read_only: bool, patience_s: float) -> duckdb.DuckDBPyConnection:
    mode = "READ_ONLY" if read_only else f"ROW_GROUP_SIZE {_ROW_GROUP_SIZE}"
    deadline = time.monotonic() + patience_s
    wait = _FIRST_WAIT_S
    while True:
        connection = duckdb.connect()
        try:
            connection.execute(f"ATTACH {_quoted(path)} AS warehouse ({mode}); USE warehouse; SET TimeZone = 'UTC'")
            return connection
        except duckdb.Error as error:
            connection.close()
            if not _held_elsewhere(error):
                raise WarehouseError(f"cannot open {path}: {error}") from error
            if time.monotonic() >= deadline:
                raise WarehouseBusy(_busy_message(path, str(error), patience_s)) from error
        # Jitter, because two runs that wait for the same file would otherwise wake together for ever.
        time.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
        wait = min(wait * 2, _LONGEST_WAIT_S)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"


def _held_elsewhere(error: duckdb.Error) -> bool:
    return "Could not set lock" in str(error) or "already attached" in str(error)


def _busy_message(path: Path, reason: str, patience_s: float) -> str:
    holder = _HOLDER.search(reason)
    who = f"process {holder[2]} ({holder[1]})" if holder else "another connection"
    return (
        f"{path} is held by {who}, for more than {patience_s:.0f} s. Close it there (a DuckDB shell or notebook that "
        "reads this file blocks the pipeline; read the published copy instead), then run again. Nothing is lost."
    )
