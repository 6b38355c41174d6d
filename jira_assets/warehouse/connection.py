"""Opening the DuckDB file: one writer at a time, held briefly, with patience for whoever holds it now."""

import itertools
import random
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from jira_assets.files import fsync_folder, private_files
from jira_assets.warehouse.database_file import NEW_FILE, log_of, quoted, see_to

DEFAULT_PATIENCE_S = 60.0
_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 1.0
_SETTINGS = (
    # Full row groups are written at once instead of five at a time, so memory needn't hold them.
    "SET write_buffer_row_group_count = 1",
    # A checkpoint costs more than the change of an issue. So the log of changes beside the file is taken into
    # the file only now and then; it is as durable, and is read by whoever opens the file next.
    "PRAGMA disable_checkpoint_on_shutdown",
    "SET wal_autocheckpoint = '128KB'",
)
_HOLDER = re.compile(r"Conflicting lock is held in (.+?) \(PID (\d+)\)")
_names = itertools.count(1)
_REMEDY = (
    "If it or the .wal beside it is damaged, run `jira-assets rebuild`: that sets both aside and makes the "
    "tables anew from the raw log, without Jira"
)


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
    if path.exists() or not read_only:
        try:
            see_to(path)
        except (OSError, duckdb.Error) as error:
            raise WarehouseError(f"cannot make {path}: {error}") from error
    connection = _engine.cursor()
    try:
        with private_files:  # the log, and what does not fit into the memory
            if not read_only:
                _make_private(path)
            name = _attach(connection, path, read_only, patience_s)
            try:
                yield connection
            finally:
                _detach(connection, name)
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
        fsync_folder(path.parent)  # DuckDB syncs the log of changes beside the file, and not its name


class _Engine:
    """The one DuckDB of this process, to which files are attached.

    Starting it takes 20 ms, attaching a file less than one. And one it must be: locks on a file belong to the
    process, so two would not notice that they write the same file.
    """

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._started: duckdb.DuckDBPyConnection | None = None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Another connection to it."""
        with self._starting:
            if self._started is None:
                self._started = duckdb.connect()
                for setting in _SETTINGS:
                    self._started.execute(setting)
            return self._started.cursor()

    def restart(self) -> None:
        """Let the next connection be one to a new DuckDB."""
        with self._starting:
            if self._started is not None:
                self._started.close()
                self._started = None


_engine = _Engine()


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool, patience_s: float) -> str:
    """Make a file the database of a connection, under a name that is returned."""
    name = f"warehouse_{next(_names)}"
    mode = "READ_ONLY" if read_only else NEW_FILE
    # Writing takes one thread: a frame is read by one anyway, while the others build the next.
    threads = "RESET threads" if read_only else "SET threads = 1"
    deadline = time.monotonic() + patience_s
    wait = _FIRST_WAIT_S
    while True:
        before = _inode(path)
        try:
            connection.execute(
                f"ATTACH {quoted(path)} AS {name} ({mode}); USE {name}; SET TimeZone = 'UTC'; {threads}"
            )
            if _inode(path) == before:
                return name
            # DuckDB opens the file first and locks it then: between the two a purge may have put another in
            # its place, and what is written to ours would be lost. Now that it is locked, nobody can.
            connection.execute(f"USE memory; DETACH {name}")
            busy = f"{path} was replaced whenever it was opened. Look what else writes there, and run again."
        except duckdb.Error as error:
            if not _held_by_another(error) and _inode(path) == before:
                raise WarehouseError(f"cannot open {path}: {error}. {_REMEDY}") from error
            busy = _busy_message(path, str(error), patience_s)
        if time.monotonic() >= deadline:
            raise WarehouseBusy(busy)
        # Jitter, because two runs that wait for the same file would otherwise wake together for ever.
        time.sleep(wait * random.uniform(0.5, 1.5))
        wait = min(wait * 2, _LONGEST_WAIT_S)


def _make_private(path: Path) -> None:
    """Older versions made files that others could read, for a while or for good."""
    for file in (path, log_of(path)):
        with suppress(FileNotFoundError, PermissionError):  # it may be somebody else's
            file.chmod(0o600)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _detach(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    try:
        connection.execute(f"USE memory; DETACH {name}")
    except duckdb.Error:
        _engine.restart()  # after a fatal error, of the disk for example, it refuses everything


def _held_by_another(error: duckdb.Error) -> bool:
    return "Could not set lock" in str(error) or "already attached" in str(error)


def _busy_message(path: Path, reason: str, patience_s: float) -> str:
    holder = _HOLDER.search(reason)
    who = f"process {holder[2]} ({holder[1]})" if holder else "another connection"
    return (
        f"{path} is held by {who}, for more than {patience_s:.0f} s. Close it there (a DuckDB shell or "
        "notebook that reads this file blocks the pipeline; read the published copy instead) and run again. "
        "Nothing is lost."
    )
