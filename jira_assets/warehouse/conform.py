"""Published files of older versions, brought to the columns that are declared today.

Months are made anew one after the other when the mapping of fields changes. Whoever reads all files of a
table meanwhile finds the same columns, of the same types, in each.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import duckdb
from upath import UPath

from jira_assets.files import local, replaced
from jira_assets.tables.declare import Table

_BEFORE = "{} (before)"
_MAGIC = b"PAR1"  # what Parquet files begin and end with
_SUFFIX = ".parquet"
_ASIDE = ".damaged"
_ATTEMPTS = 20  # each that fails means that somebody else got on

Types = Mapping[str, str]


class _Changed(Exception):
    """Somebody else has replaced a file that was to be replaced."""


def conform(connection: duckdb.DuckDBPyConnection, folder: UPath, table: Table) -> None:
    """Give each file of a table its declared columns. A value that cannot be of today's type is NULL.

    Files are replaced one by one. A column whose type is another one now is out of the way in all of them
    before the first has it anew: readers never find two types under one name. Whoever is killed in between
    leaves it to the next. Files that cannot be read are set aside.
    """
    for _ in range(_ATTEMPTS):
        try:
            _conform(connection, folder / table.name, {each.name: each.stored.sql for each in table.columns})
        except (_Changed, FileNotFoundError):
            continue  # another run publishes, or does the same
        return


def _conform(connection: duckdb.DuckDBPyConnection, folder: UPath, declared: Types) -> None:
    types = {file: found for file in folder.glob("*.parquet") if (found := _types(connection, file))}
    outdated = [file for file, found in types.items() if found != declared]
    for file in outdated:
        retyped = [name for name, kind in types[file].items() if declared.get(name, kind) != kind]
        if retyped:
            renamed = ", ".join(f'"{name}" AS "{_BEFORE.format(name)}"' for name in retyped)
            _rewrite(connection, file, f"* RENAME ({renamed})", types[file])
    for file in outdated:
        if found := _types(connection, file):
            columns = [f'{_value(name, kind, found)} AS "{name}"' for name, kind in declared.items()]
            _rewrite(connection, file, ", ".join(columns), found)


def set_damaged_aside(folder: UPath, table: Table) -> None:
    """Rename the files of a table that are no Parquet: one of them would keep everybody from all the others.

    Only on disks, where a look at a file costs nothing.
    """
    for file in (folder / table.name).glob("*.parquet"):
        path = local(file)
        with suppress(FileNotFoundError):  # somebody else has set it aside
            if path is not None and not is_parquet(path):
                _set_aside(file)


def set_changed_aside(folder: UPath, table: Table) -> None:
    """As ``set_damaged_aside``, without a look into files that are as they were put there.

    Who puts a file into a folder changes the folder after the file, by the clock of the same disk. What was
    changed later, was changed where it is, and not by us.
    """
    within = local(folder / table.name)
    if within is None or not within.exists():
        return
    put_at = within.stat().st_mtime_ns
    with os.scandir(within) as entries:  # a hundred times as quick as `glob` and `stat`
        changed = [each.path for each in entries if each.name.endswith(_SUFFIX) and _ctime(each) >= put_at]
    for path in map(Path, changed):
        with suppress(FileNotFoundError):
            if not is_parquet(path):
                _set_aside(UPath(path))


def months_set_aside(folder: UPath, table: Table) -> list[str]:
    """The months of which a damaged file was set aside."""
    return sorted(file.name.split(".")[0] for file in (folder / table.name).glob(f"*.parquet{_ASIDE}"))


def forget_set_aside(file: UPath) -> None:
    """Delete the damaged one that was in the place of a file which has been published anew."""
    path = local(file)
    if path is not None:
        path.with_name(path.name + _ASIDE).unlink(missing_ok=True)


def literal(path: UPath | str) -> str:
    """A path, or a text, as SQL writes it."""
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"


def _types(connection: duckdb.DuckDBPyConnection, file: UPath) -> Types | None:
    """The columns of a file; None for one that is damaged, which is set aside then.

    Raises ``duckdb.IOException`` when it is the disk that fails: nothing is known of the file then.
    """
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(file)})").fetchall()
    except duckdb.IOException as error:
        if file.exists():
            raise
        raise FileNotFoundError(str(file)) from error
    except duckdb.Error:
        _set_aside(file)
        return None
    return {name: kind for name, kind, *_ in rows}


def _value(name: str, kind: str, found: Types) -> str:
    if name in found:
        return f'"{name}"'
    before = _BEFORE.format(name)
    return f'TRY_CAST("{before}" AS {kind})' if before in found else f"NULL::{kind}"


def _rewrite(connection: duckdb.DuckDBPyConnection, file: UPath, columns: str, found: Types) -> None:
    """Replace a file, which has the columns ``found``, unless somebody else does meanwhile."""
    before = _identity(file)
    if _types(connection, file) != found:
        raise _Changed
    try:
        with replaced(file, is_public=True) as staged:
            connection.execute(
                f"COPY (SELECT {columns} FROM read_parquet({literal(file)})) "
                f"TO {literal(str(staged))} (FORMAT parquet, COMPRESSION zstd)"
            )
            if _identity(file) != before:
                raise _Changed
    except duckdb.Error:
        if _is_readable(connection, file):
            raise  # it could not be written
        _set_aside(file)


def _is_readable(connection: duckdb.DuckDBPyConnection, file: UPath) -> bool:
    try:
        connection.execute(f"SELECT max(hash(rows)) FROM read_parquet({literal(file)}) AS rows").fetchall()
    except duckdb.IOException:
        return True  # as far as is known: it is the disk that failed
    except duckdb.Error:
        return False
    return True


def is_parquet(path: Path) -> bool:
    """Whether a file has the beginning and the end of one, which is written last."""
    with path.open("rb") as opened:
        begins = opened.read(len(_MAGIC))
        opened.seek(max(path.stat().st_size - len(_MAGIC), 0))
        return begins == opened.read() == _MAGIC


def _set_aside(file: UPath) -> None:
    path = local(file)
    if path is None:
        raise OSError(f"{file} cannot be read: delete it, and materialize `published` of its month")
    path.rename(path.with_name(path.name + _ASIDE))


def _ctime(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_ctime_ns
    except FileNotFoundError:  # it has been replaced meanwhile
        return 0


def _identity(file: UPath) -> tuple[int, int] | None:
    path = local(file)
    if path is None:
        return None  # object stores don't tell
    status = path.stat()
    return status.st_ino, status.st_mtime_ns
