"""With which keys the values of protected columns are encrypted, in the warehouse and in published files."""

from collections import Counter

import duckdb
import polars as pl
from upath import UPath

from jira_assets.privacy.values import TELLING_CHARACTERS, key_of
from jira_assets.tables.declare import Column, Kind, Table, Treatment
from jira_assets.warehouse.store import SCHEMA

Counts = Counter[str | None]
"""How many values each key has encrypted; None stands for no key."""

_ENCRYPTED = (Treatment.ENCRYPT, Treatment.PSEUDONYM)
_ROWS_AT_ONCE = 10_000


def count_in_table(connection: duckdb.DuckDBPyConnection, table: Table) -> Counts:
    """Of a table's columns that the policy wants to be encrypted in every row."""
    counts: Counts = Counter()
    for column in _encrypted(table):
        each = f'unnest("{column.name}")' if column.kind is Kind.TEXT_LIST else f'"{column.name}"::VARCHAR'
        found = connection.execute(
            f"SELECT left(value, {TELLING_CHARACTERS}) AS beginning, count(*) "
            f"FROM (SELECT {each} AS value FROM {SCHEMA}.{table.name}) WHERE value <> '' GROUP BY beginning"
        )
        while rows := found.fetchmany(_ROWS_AT_ONCE):
            for beginning, count in rows:
                counts[key_of(beginning)] += count
    return counts


def count_in_file(path: UPath, table: Table) -> Counts:
    """The same of a published file of the table. Raises OSError and `polars.exceptions.PolarsError`."""
    counts: Counts = Counter()
    with path.open("rb") as file:
        found = pl.read_parquet(file)
    for column in _encrypted(table):
        if column.name in found.columns:
            values = found[column.name]
            values = values.explode() if column.kind is Kind.TEXT_LIST else values.cast(pl.String)
            counts.update(key_of(value) for value in values.drop_nulls() if value)
    return counts


def _encrypted(table: Table) -> list[Column]:
    return [column for column in table.columns if column.treatment in _ENCRYPTED]
