"""The published copy for those who hold the key: the same views, with everything readable."""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path

import duckdb

from jira_assets.privacy.errors import PrivacyError
from jira_assets.privacy.keyring import Keyring
from jira_assets.privacy.values import Cell, is_pseudonym_text, readable_in, reveal, reveal_within

PROTECTED = "protected_columns"
"""Beside the published views: which of their columns are protected, and of what type they were before."""

_SOURCE = "published"
# Copies that were published before values were bound to cells have two columns less.
_PROTECTED_COLUMNS = (
    "SELECT NULL::VARCHAR AS row_key, NULL::VARCHAR AS domains WHERE false "
    f"UNION ALL BY NAME FROM {_SOURCE}.{PROTECTED}"
)
_REVEALED_KEPT = 100_000
_LONGEST_KEPT = 200  # characters


def connect(path: str | Path, keys: str | Keyring) -> duckdb.DuckDBPyConnection:
    """A connection with the views of a published copy, everything readable, and `reveal` as a function.

    ``path`` is that of the published `jira.duckdb`; ``keys`` are written as in JIRA_ENCRYPTION_KEYS. Views
    as they are published stand in the catalog `published`. There `reveal` is told which cell it reveals, for
    a value of another is refused: `SELECT reveal(body, 'jira_comments.body', concat_ws('/', comment_id,
    issue_id)) FROM published.jira_comments`; `row_key` of `published.protected_columns` says what a row is
    known by. Nothing readable is written to the disk. Raises PrivacyError and `duckdb.Error`; queries raise
    `duckdb.Error` where a key is missing, and where a value is not where it was written.
    """
    keyring = keys if isinstance(keys, Keyring) else Keyring.parse(keys)
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET temp_directory = ''")  # what is readable stays in memory
        escaped = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{escaped}' AS {_SOURCE} (READ_ONLY)")
        domains = _domains(connection)
        for name, function in (
            ("reveal", reveal),
            ("readable", readable_in),
            ("reveal_within", reveal_within),
        ):
            in_cell = _remembering(partial(_revealed_in_cell, keyring, domains, function))
            connection.create_function(name, in_cell, ["VARCHAR"] * 3, "VARCHAR")
        for name, query in _readable(connection).items():
            connection.execute(f'CREATE VIEW "{name}" AS {query}')
    except duckdb.CatalogException as error:
        connection.close()
        raise PrivacyError(f"{path} was published by an older version: publish it again") from error
    except BaseException:
        connection.close()
        raise
    return connection


def _domains(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """Of which domains there are pseudonyms in protected columns, such as `jira_comments.body`."""
    rows = connection.execute(
        f"SELECT view_name, column_name, domains FROM ({_PROTECTED_COLUMNS})"
    ).fetchall()
    return {f"{view}.{column}": tuple(of.split(", ")) for view, column, of in rows if of is not None}


def _revealed_in_cell(
    keyring: Keyring,
    domains: Mapping[str, tuple[str, ...]],
    function: Callable[[Keyring, str, Cell], str],
    text: str,
    column: str,
    row: str,
) -> str:
    view, _, name = column.partition(".")
    known = {"domains": domains[column]} if column in domains else {}
    return function(keyring, text, Cell(view, name, row, **known))


def _remembering(function: Callable[[str, str, str], str]) -> Callable[[str, str, str], str]:
    """Names recur in every row, whatever that is; texts don't, and take room."""
    of_any_row = lru_cache(_REVEALED_KEPT)(partial(_first_pseudonym, function))

    def remembered(text: str, column: str, row: str) -> str:
        if len(text) <= _LONGEST_KEPT and is_pseudonym_text(text):
            return of_any_row(text, column)
        return function(text, column, row)

    return remembered


def _first_pseudonym(function: Callable[[str, str, str], str], text: str, column: str) -> str:
    return function(text, column, "")


def _readable(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Each published view, with its protected columns revealed and of their types again."""
    views = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE database_name = ? AND NOT internal", [_SOURCE]
    ).fetchall()
    columns = connection.execute(
        "SELECT view_name, list((column_name, type, treatment, row_key)) "
        f"FROM ({_PROTECTED_COLUMNS}) GROUP BY ALL"
    ).fetchall()
    replaced = {name: ", ".join(_revealed(name, *column) for column in each) for name, each in columns}
    return {
        name: f'SELECT *{f" REPLACE ({replaced[name]})" if name in replaced else ""} FROM {_SOURCE}."{name}"'
        for (name,) in views
    }


def _revealed(view: str, column: str, type_: str, treatment: str, row_key: str | None) -> str:
    cell = f"""'{f"{view}.{column}".replace("'", "''")}', {row_key or "''"}"""
    if type_.endswith("[]"):
        return f'list_transform("{column}", lambda each: reveal(each, {cell})) AS "{column}"'
    # Where only some rows are protected, the others may hold what merely looks like it.
    revealed = f'{"readable" if "plain" in treatment else "reveal"}("{column}", {cell})'
    if type_ == "JSON":  # of which only the people may be protected
        revealed = f"reveal_within({revealed}, {cell})"
    return f'{revealed}::{type_} AS "{column}"'
