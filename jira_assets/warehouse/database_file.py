"""Database files that are whole from the moment they are seen.

DuckDB writes a file where it is to be, piece by piece, and keeps to itself what goes wrong when it closes it.
So files are made aside, looked at again once they are closed, and only then given their names.
"""

import fcntl
import glob
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from upath import UPath

from jira_assets.files import private_files, replaced

# Rewriting a row group costs as much as its size: small ones keep the change of a single issue cheap. They
# also bound the memory of a long transaction, which holds those that are not full yet.
_ROW_GROUP_SIZE = 4_096
# DuckDB 1 makes files of its oldest format, which has no zstd, unless it is told otherwise.
NEW_FILE = f"ROW_GROUP_SIZE {_ROW_GROUP_SIZE}, STORAGE_VERSION 'latest'"
"""How a file is made, in the terms of ATTACH."""

# Every file begins with a header that has this mark, and two more that count the checkpoints in turn.
HEADERS_BYTES = 3 * 4096
_MARK = slice(8, 12), b"DUCK"
_CHECKPOINTS = slice(4104, 4112)
_ASIDE = ".damaged"
_names = itertools.count(1)

Contents = list[tuple[Any, ...]]


class Unfinished(OSError):
    """A file that was written does not hold what was written to it."""


def see_to(path: Path) -> None:
    """Make an empty database unless there is one. Raises OSError and `duckdb.Error`.

    However many do so at once, all find the same one. What a process that was killed has left of making one
    in its place, as older versions did, counts as none.
    """
    if not _is_missing(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.parent):
        if not _is_missing(path):
            return
        if log_of(path).exists():  # of a file that was moved away; it would keep ours from being opened
            log_of(path).rename(free_name(log_of(path)))
        with replaced(UPath(path)) as staged, duckdb.connect() as connection:
            create(connection, staged)
            look(connection, staged, [])


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, path: Path, how: str) -> Iterator[str]:
    """A file as one of a connection's databases, under a name of its own; ``how`` in the terms of ATTACH."""
    name = f"attached_{next(_names)}"
    connection.execute(f"ATTACH {quoted(path)} AS {name} ({how})")
    try:
        yield name
    finally:
        connection.execute(f"DETACH {name}")


def create(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Make an empty database that nobody else can read. An empty file may be there already."""
    path.unlink(missing_ok=True)
    with private_files, attached(connection, path, NEW_FILE):
        pass


def contents(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> Contents:
    """What is in a database, or the current one: its tables with how many rows they have, and its views."""
    name = database or (connection.execute("SELECT current_database()").fetchone() or ("",))[0]
    tables = connection.execute(
        "SELECT schema_name, table_name, comment FROM duckdb_tables() WHERE database_name = ? ORDER BY ALL",
        [name],
    ).fetchall()
    counts = [
        connection.execute(f'SELECT count(*) FROM "{name}"."{schema}"."{table}"').fetchone()
        for schema, table, _ in tables
    ]
    views = connection.execute(
        "SELECT schema_name, view_name FROM duckdb_views() "
        "WHERE database_name = ? AND NOT internal ORDER BY ALL",
        [name],
    ).fetchall()
    return [*zip(tables, counts, strict=True), *views]


def look(connection: duckdb.DuckDBPyConnection, path: Path, expected: Contents) -> None:
    """Open a file that was closed, and see whether it holds what was written. Raises Unfinished."""
    try:
        with attached(connection, path, "READ_ONLY") as name:
            is_there = contents(connection, name) == expected
    except duckdb.Error as error:
        raise Unfinished(f"{path} was written and cannot be opened: {error}") from error
    if not is_there:
        raise Unfinished(f"{path} does not hold what was written to it: is the disk full?")


def log_of(path: Path) -> Path:
    """The log of changes that DuckDB keeps beside a file."""
    return path.with_name(f"{path.name}.wal")


def free_name(path: Path) -> Path:
    """Where a file can be set aside, with its log."""
    number, name = 1, path.with_name(path.name + _ASIDE)
    while name.exists() or log_of(name).exists():
        number += 1
        name = path.with_name(f"{path.name}{_ASIDE}-{number}")
    return name


def set_aside(path: Path) -> list[Path]:
    """What was set aside of a file. It may hold whatever the file has held."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}*{_ASIDE}*"))


def quoted(path: Path) -> str:
    """A path as it stands in SQL."""
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"


def _is_missing(path: Path) -> bool:
    """Whether there is no file, or no more than the beginning of one that never held anything."""
    try:
        if path.stat().st_size >= HEADERS_BYTES:
            return False
        beginning = path.read_bytes()
    except FileNotFoundError:
        return True
    is_unfinished = not beginning or (beginning[_MARK[0]] == _MARK[1] and not any(beginning[_CHECKPOINTS]))
    return is_unfinished and not (log_of(path).exists() and log_of(path).stat().st_size)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Nobody else makes a database there. A killed process leaves no lock behind."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
