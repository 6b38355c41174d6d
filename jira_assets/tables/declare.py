"""What a table is: one declaration, from which assets, DDL, metadata, checks and documentation follow."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from typing import cast

import polars as pl

from jira_assets.raw.record import Part
from jira_assets.tables.issue import Issue

Row = tuple[object, ...]


class Kind(Enum):
    """A column's type, as Polars holds it and as DuckDB stores it."""

    TEXT = (pl.String(), "VARCHAR")
    INTEGER = (pl.Int64(), "BIGINT")
    BOOLEAN = (pl.Boolean(), "BOOLEAN")
    TIMESTAMP = (pl.Datetime("ms", "UTC"), "TIMESTAMP WITH TIME ZONE")
    DATE = (pl.Date(), "DATE")
    TEXT_LIST = (pl.List(pl.String()), "VARCHAR[]")
    JSON = (pl.String(), "JSON")

    @property
    def polars(self) -> pl.DataType:
        return cast(pl.DataType, self.value[0])

    @property
    def sql(self) -> str:
        return str(self.value[1])


class Personal(StrEnum):
    """What a column says about people."""

    NONE = "none"
    IDENTITY = "identity"
    CONTACT = "contact"
    FREE_TEXT = "free text"


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    kind: Kind
    description: str
    personal: Personal = Personal.NONE
    nullable: bool = True
    accepted: tuple[str, ...] = ()


KEY_COLUMNS = (
    Column(
        "month",
        Kind.TEXT,
        "Partition: the UTC month in which the issue was created, as 2024-03.",
        nullable=False,
    ),
    Column(
        "issue_id",
        Kind.TEXT,
        "Jira's numeric id of the issue; it survives a move, the key doesn't.",
        nullable=False,
    ),
    Column("issue_key", Kind.TEXT, "Current key of the issue.", nullable=False),
)


@dataclass(frozen=True)
class Table:
    """A table: its columns, in the order of the declaration, and what tells its rows apart."""

    name: str
    description: str
    own_columns: tuple[Column, ...]
    primary_key: tuple[str, ...]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return self.own_columns

    @cached_property
    def schema(self) -> pl.Schema:
        return pl.Schema({column.name: column.kind.polars for column in self.columns})


@dataclass(frozen=True)
class IssueTable(Table):
    """A table by month, and how the rows of one issue are told from its parts.

    `rows` yields one tuple per row, with the values of `own_columns` in their order. Timestamps, dates and
    lists are yielded as Jira writes them; frames convert whole columns at once (see `tables.frames`).
    """

    parts: frozenset[Part]
    rows: Callable[[Issue], Iterable[Row]] = field(compare=False)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return KEY_COLUMNS + self.own_columns
