"""The published copy for those who hold the key: the same views, with everything readable."""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import duckdb

from jira_assets.privacy.errors import PrivacyError
from jira_assets.privacy.keyring import Keyring
from jira_assets.privacy.values import readable, reveal, reveal_all

PROTECTED = "protected_columns"
"""Beside the published views: which of their columns are protected, and of what type they were before."""

_SOURCE = "published"
_REVEALED_KEPT = 100_000
_LONGEST_KEPT = 200  # characters


def connect(path: str | Path, keys: str | Keyring) -> duckdb.DuckDBPyConnection:
    """A connection with the views of a published copy, everything readable, and `reveal` as a function.

    ``path`` is that of the published `jira.duckdb`; ``keys`` are written as in JIRA_ENCRYPTION_KEYS. Views
    as they are published stand in the catalog `published`: `SELECT reveal(body) FROM
    published.jira_comments`. Nothing readable is written to the disk. Raises PrivacyError and
    `duckdb.Error`; queries raise `duckdb.Error` where a key is missing.
    """
    keyring = keys if isinstance(keys, Keyring) else Keyring.parse(keys)
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET temp_directory = ''")  # what is readable stays in memory
        for name, function in (("reveal", reveal), ("readable", readable), ("reveal_within", reveal_all)):
            connection.create_function(name, _remembering(partial(function, keyring)), ["VARCHAR"], "VARCHAR")
        escaped = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{escaped}' AS {_SOURCE} (READ_ONLY)")
        for name, query in _readable(connection).items():
            connection.execute(f'CREATE VIEW "{name}" AS {query}')
    except duckdb.CatalogException as error:
        connection.close()
        raise PrivacyError(f"{path} was published by an older version: publish it again") from error
    except BaseException:
        connection.close()
        raise
    return connection


def _remembering(function: Callable[[str], str]) -> Callable[[str], str]:
    """Names recur in every row; texts don't, and take room."""
    kept = lru_cache(_REVEALED_KEPT)(function)
    return lambda text: kept(text) if len(text) <= _LONGEST_KEPT else function(text)


def _readable(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Each published view, with its protected columns revealed and of their types again."""
    views = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE database_name = ? AND NOT internal", [_SOURCE]
    ).fetchall()
    columns = connection.execute(
        f"SELECT view_name, list((column_name, type, treatment)) FROM {_SOURCE}.{PROTECTED} GROUP BY ALL"
    ).fetchall()
    replaced = {name: ", ".join(_revealed(*column) for column in each) for name, each in columns}
    return {
        name: f'SELECT *{f" REPLACE ({replaced[name]})" if name in replaced else ""} FROM {_SOURCE}."{name}"'
        for (name,) in views
    }


def _revealed(column: str, type_: str, treatment: str) -> str:
    if type_.endswith("[]"):
        return f'list_transform("{column}", lambda each: reveal(each)) AS "{column}"'
    # Where only some rows are protected, the others may hold what merely looks like it.
    revealed = f'{"readable" if "plain" in treatment else "reveal"}("{column}")'
    if type_ == "JSON":  # of which only the people may be protected
        revealed = f"reveal_within({revealed})"
    return f'{revealed}::{type_} AS "{column}"'
