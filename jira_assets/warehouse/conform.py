"""Published files of older versions, brought to the columns that are declared today.

Months are made anew one after the other when the mapping of fields changes. Whoever reads all files of a
table meanwhile finds the same columns, of the same types, in each.
"""

from collections.abc import Mapping

import duckdb
from upath import UPath

from jira_assets.files import local, replaced
from jira_assets.tables.declare import Table

_BEFORE = "{} (before)"
_MAGIC = b"PAR1"  # what Parquet files begin and end with
_ASIDE = ".damaged"

Types = Mapping[str, str]


def conform(connection: duckdb.DuckDBPyConnection, folder: UPath, table: Table) -> None:
    """Give each file of a table its declared columns. A value that cannot be of today's type is NULL.

    Files are replaced one by one. A column whose type is another one now is out of the way in all of them
    before the first has it anew: readers never find two types under one name. Whoever is killed in between
    leaves it to the next. Raises `duckdb.Error` for a file that cannot be read.
    """
    declared = {column.name: column.stored.sql for column in table.columns}
    types = {file: _types(connection, file) for file in (folder / table.name).glob("*.parquet")}
    outdated = [file for file, found in types.items() if found != declared]
    for file in outdated:
        retyped = [name for name, kind in types[file].items() if declared.get(name, kind) != kind]
        if retyped:
            renamed = ", ".join(f'"{name}" AS "{_BEFORE.format(name)}"' for name in retyped)
            _rewrite(connection, file, f"* RENAME ({renamed})")
            types[file] = _types(connection, file)
    for file in outdated:
        columns = [f'{_value(name, kind, types[file])} AS "{name}"' for name, kind in declared.items()]
        _rewrite(connection, file, ", ".join(columns))


def set_damaged_aside(folder: UPath, table: Table) -> None:
    """Rename the files of a table that are no Parquet: one of them would keep everybody from all the others.

    Only on disks, where a look at a file costs nothing.
    """
    for file in (folder / table.name).glob("*.parquet"):
        path = local(file)
        if path is not None:
            with path.open("rb") as opened:
                begins = opened.read(len(_MAGIC))
                opened.seek(max(path.stat().st_size - len(_MAGIC), 0))
                is_parquet = begins == opened.read() == _MAGIC
            if not is_parquet:
                path.rename(path.with_name(path.name + _ASIDE))


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


def _types(connection: duckdb.DuckDBPyConnection, file: UPath) -> Types:
    rows = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(file)})").fetchall()
    return {name: kind for name, kind, *_ in rows}


def _value(name: str, kind: str, found: Types) -> str:
    if name in found:
        return f'"{name}"'
    before = _BEFORE.format(name)
    return f'TRY_CAST("{before}" AS {kind})' if before in found else f"NULL::{kind}"


def _rewrite(connection: duckdb.DuckDBPyConnection, file: UPath, columns: str) -> None:
    with replaced(file, is_public=True) as staged:
        connection.execute(
            f"COPY (SELECT {columns} FROM read_parquet({literal(file)})) "
            f"TO {literal(str(staged))} (FORMAT parquet, COMPRESSION zstd)"
        )
