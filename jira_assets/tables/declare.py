"""What a table is: one declaration, from which assets, DDL, metadata, checks and documentation follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any, cast

import polars as pl

from jira_assets.raw.record import Part
from jira_assets.tables.readers import Read, Rows, attribute, of_owner


class Kind(Enum):
    """A column's type, as Polars holds it and as DuckDB stores it."""

    TEXT = (pl.String(), "VARCHAR")
    INTEGER = (pl.Int64(), "BIGINT")
    NUMBER = (pl.Float64(), "DOUBLE")
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
    ACCOUNT = "account"
    CONTACT = "contact"
    FREE_TEXT = "free text"


class Treatment(StrEnum):
    """What becomes of the values of a column, or of a class of personal data."""

    PLAIN = "plain"
    ENCRYPT = "encrypt"
    PSEUDONYM = "pseudonym"
    DROP = "drop"


@dataclass(frozen=True)
class Column:
    """A column of a table, and how its values are read.

    ``read`` is a reader, or the path of an attribute of the elements; None where frames are made otherwise.
    ``of_users`` is what it says about people in the rows whose ``field_id`` is of a field that holds users.
    Treatments are what the privacy policy has made of them.
    """

    name: str
    kind: Kind
    description: str
    personal: Personal = Personal.NONE
    nullable: bool = True
    accepted: tuple[str, ...] = ()
    of_users: Personal | None = None
    treatment: Treatment = Treatment.PLAIN
    treatment_of_users: Treatment | None = None
    read: Read | str | None = field(default=None, compare=False, repr=False)

    def values(self, rows: Rows) -> Sequence[Any]:
        """What the column holds in these rows, as Jira writes it."""
        if self.read is None:
            raise TypeError(f"the column {self.name} has no reader")
        return (attribute(self.read) if isinstance(self.read, str) else self.read)(rows)

    @property
    def stored(self) -> Kind:
        """The type that it is stored as: ciphertexts are text."""
        is_encrypted = self.treatment in (Treatment.ENCRYPT, Treatment.PSEUDONYM)
        return Kind.TEXT if is_encrypted and self.kind is not Kind.TEXT_LIST else self.kind


KEY_COLUMNS = (
    Column(
        "month",
        Kind.TEXT,
        "Partition: the UTC month in which the issue was created, as 2024-03.",
        nullable=False,
        read=of_owner("month"),
    ),
    Column(
        "issue_id",
        Kind.TEXT,
        "Jira's numeric id of the issue; it survives a move, the key doesn't.",
        nullable=False,
        read=of_owner("issue_id"),
    ),
    Column("issue_key", Kind.TEXT, "Current key of the issue.", nullable=False, read=of_owner("key")),
)
CATEGORY_KEYS = ("new", "indeterminate", "done", "undefined")
"""Of categories of statuses, as Jira has them."""


_PLATFORM_API = "https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-"
SERVICE_DESK_API = "https://developer.atlassian.com/cloud/jira/service-desk/rest/api-group-"


def platform_api(group: str) -> str:
    """Where Jira documents a group of its methods."""
    return f"{_PLATFORM_API}{group}/"


@dataclass(frozen=True)
class Table:
    """A table: its columns, in the order of the declaration, and what tells its rows apart.

    ``source`` is where Jira documents what its rows are made of, if it does in one place.
    """

    name: str
    description: str
    own_columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    source: str = field(default="", kw_only=True)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return self.own_columns

    @property
    def view(self) -> str:
        """What it is called where analysts look for it."""
        return self.name if self.name.startswith("jira_") else f"jira_{self.name}"

    @cached_property
    def schema(self) -> pl.Schema:
        return pl.Schema({column.name: column.stored.polars for column in self.columns})


@dataclass(frozen=True)
class IssueTable(Table):
    """A table by month. ``elements`` gives what its rows are about: of an issue, an element for each row.

    It is read after the tables that it ``depends_on``: `unreadable_values` tells what was unreadable there.
    """

    parts: frozenset[Part]
    elements: Callable[[Any], Sequence[Any]] = field(compare=False)
    depends_on: tuple["IssueTable", ...] = field(default=(), compare=False, repr=False)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return KEY_COLUMNS + self.own_columns
