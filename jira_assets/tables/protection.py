"""What the privacy policy asks for, done to frames: values become pseudonyms or ciphertexts, or go."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import msgspec
import polars as pl

from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.privacy.values import Cell, pseudonym, readable, sealed
from jira_assets.tables.declare import Column, Kind, Personal, Table, Treatment
from jira_assets.tables.policy import Policy

_FORM = "bound to cells"  # of values: with another one, the tables are made anew
_NO_KEYS_OF_ROWS = (Treatment.ENCRYPT, Treatment.DROP)
ROW_SEPARATOR = "/"
"""Between the values of a primary key, where a row is named by one text."""

_PSEUDONYMS_KEPT = 100_000  # of a value and its pseudonym: the same few thousand people stand everywhere
# What objects of people are made of, in what nobody has declared: Jira's own, and those of `custom_fields`.
_OF_PEOPLE = {
    "displayName": Personal.IDENTITY,
    "emailAddress": Personal.CONTACT,
    "accountId": Personal.ACCOUNT,
    "account_id": Personal.ACCOUNT,
}
_ACCOUNT_IDS = ("accountId", "account_id")


class Protection:
    """Makes of frames as they were read what is to be stored. Threads may not share it."""

    def __init__(self, policy: Policy | None = None, keyring: Keyring = NO_KEYS) -> None:
        self.policy = policy or Policy()
        self._keyring = keyring
        treatments = (*self.policy.classes.values(), *self.policy.columns.values())
        self._encrypts = Treatment.ENCRYPT in treatments
        self._pseudonyms: Mapping[Personal, Callable[[str], str]] = {
            each: lru_cache(_PSEUDONYMS_KEPT)(partial(pseudonym, keyring, each.value)) for each in Personal
        }

    @property
    def version(self) -> str:
        """What stored values depend on: the policy, and the key that writes."""
        policy = [sorted(each.items()) for each in (self.policy.classes, self.policy.columns)]
        return f"{policy} {f'{_FORM} {self._keyring.writing}' if self.policy.needs_key else None}"

    def differ(self, stored: str | None, other: str | None) -> bool:
        """Whether two values of protected columns are of different ones: ciphertexts of the same differ."""
        if stored is None or other is None or stored == other:
            return stored != other
        return readable(self._keyring, stored) != readable(self._keyring, other)

    def frame(self, table: Table, frame: pl.DataFrame, other_fields: Collection[str] = ()) -> pl.DataFrame:
        """A frame of the table's plain columns as one of its schema.

        ``other_fields`` are ids and names, in lower case, of the fields that hold no users, for columns whose
        rows are of many fields. What nobody knows is treated as if it held users.
        """
        if not (self.policy.classes or self.policy.columns):
            return frame
        personal = [column for column in table.columns if column.personal is not Personal.NONE]
        # What is encrypted is bound to its row as that is stored.
        keys = [column for column in personal if column.name in row_key(table)]
        stored = frame.with_columns(self._series(table, each, frame, [], other_fields) for each in keys)
        rows = _rows(table, stored) if self._encrypts else []
        others = (column for column in personal if column not in keys)
        return stored.with_columns(self._series(table, each, frame, rows, other_fields) for each in others)

    def _series(
        self,
        table: Table,
        column: Column,
        frame: pl.DataFrame,
        rows: Sequence[str],
        other_fields: Collection[str],
    ) -> pl.Series:
        values = frame[column.name]
        cells = _Cells(table.view, column.name, rows)
        if column.kind is Kind.JSON and column.treatment is Treatment.PLAIN:
            values = self._people(values, cells)
        changed = self._treated(column.treatment, column.personal, column, values, cells)
        if column.treatment_of_users is None or column.of_users is None:
            return changed
        # Changes that are older than ids of fields have their names only.
        called = frame.select(pl.coalesce("field_id", "field_name").str.to_lowercase()).to_series()
        is_other = called.is_in(list(other_fields)).fill_null(value=False)
        of_users = self._treated(column.treatment_of_users, column.of_users, column, values, cells)
        return changed.zip_with(is_other, of_users)

    def _treated(
        self, treatment: Treatment, personal: Personal, column: Column, values: pl.Series, cells: "_Cells"
    ) -> pl.Series:
        if treatment is Treatment.PLAIN or values.null_count() == len(values):
            return values.cast(column.stored.polars)
        if treatment is Treatment.DROP:
            return pl.Series(column.name, [None] * len(values), dtype=column.stored.polars)
        if column.kind is Kind.TEXT_LIST:
            lists = [
                each and [one and self._changed(treatment, personal, one, cells, at) for one in each]
                for at, each in enumerate(values.to_list())
            ]
            return pl.Series(column.name, lists, dtype=column.stored.polars)
        texts = values.cast(pl.String).to_list()
        if treatment is Treatment.PSEUDONYM:
            change = self._pseudonyms[personal]
            changed = [None if text is None else change(text) for text in texts]
        else:
            changed = [
                None if text is None else sealed(self._keyring, text, cells.cell(at))
                for at, text in enumerate(texts)
            ]
        return pl.Series(column.name, changed, dtype=column.stored.polars)

    def _changed(
        self, treatment: Treatment, personal: Personal, text: str, cells: "_Cells", at: int
    ) -> str | None:
        match treatment:
            case Treatment.PSEUDONYM:
                return self._pseudonyms[personal](text)
            case Treatment.ENCRYPT:
                return sealed(self._keyring, text, cells.cell(at))
            case Treatment.DROP:
                return None
            case Treatment.PLAIN:
                return text

    def _people(self, values: pl.Series, cells: "_Cells") -> pl.Series:
        """JSON in which objects of people are treated like the columns of people."""
        if not any(self.policy.classes.get(personal) for personal in _OF_PEOPLE.values()):
            return values
        found = values.str.contains_any([*_OF_PEOPLE]).fill_null(value=False).arg_true()
        if not len(found):
            return values
        texts = zip(found, values.gather(found), strict=True)
        return values.clone().scatter(found, [self._without_people(text, cells, at) for at, text in texts])

    def _without_people(self, text: str, cells: "_Cells", at: int) -> str:
        decoded = msgspec.json.decode(text)
        pending: list[Any] = [decoded]
        while pending:
            value = pending.pop()
            if isinstance(value, dict):
                value.update(self._treated_person(value, cells, at))
                pending += value.values()
            elif isinstance(value, list):
                pending += value
        return msgspec.json.encode(decoded).decode()

    def _treated_person(self, person: Mapping[str, Any], cells: "_Cells", at: int) -> dict[str, str | None]:
        classes = dict(_OF_PEOPLE)
        if any(name in person for name in _ACCOUNT_IDS):
            classes["name"] = Personal.IDENTITY
        treated = {}
        for name, personal in classes.items():
            treatment = self.policy.classes.get(personal, Treatment.PLAIN)
            if treatment is not Treatment.PLAIN and isinstance(person.get(name), str):
                treated[name] = self._changed(treatment, personal, person[name], cells, at)
        return treated


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of a column. There are no rows where nothing is encrypted."""

    table: str
    column: str
    rows: Sequence[str]

    def cell(self, at: int) -> Cell:
        return Cell(self.table, self.column, self.rows[at])


def row_key(table: Table) -> tuple[str, ...]:
    """The columns by which the row of an encrypted value is known: what is encrypted cannot be one."""
    hidden = {column.name for column in table.columns if column.treatment in _NO_KEYS_OF_ROWS}
    return tuple(name for name in table.primary_key if name not in hidden)


def domains(column: Column) -> tuple[str, ...]:
    """What the pseudonyms in a column may be of."""
    if column.kind is Kind.JSON and column.treatment is Treatment.PLAIN:
        return tuple(dict.fromkeys(personal.value for personal in _OF_PEOPLE.values()))
    return tuple(each.value for each in (column.personal, column.of_users) if each is not None)


def _rows(table: Table, stored: pl.DataFrame) -> list[str]:
    """The key of each row, as ``concat_ws('/', ...)`` makes it in SQL."""
    key = row_key(table)
    if not key:
        return [""] * len(stored)
    parts = [pl.col(name).cast(pl.String) for name in key]
    return (
        stored.select(pl.concat_str(parts, separator=ROW_SEPARATOR, ignore_nulls=True)).to_series().to_list()
    )
