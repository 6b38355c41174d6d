"""What the privacy policy asks for, done to frames: values become pseudonyms or ciphertexts, or go."""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache, partial
from typing import Any

import msgspec
import polars as pl

from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.privacy.values import pseudonym, readable, sealed
from jira_assets.tables.declare import Column, Kind, Personal, Table, Treatment
from jira_assets.tables.policy import Policy

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
        self._changes: Mapping[Treatment, Callable[[str], str | None]] = {
            Treatment.ENCRYPT: partial(sealed, keyring),
            Treatment.PSEUDONYM: lru_cache(_PSEUDONYMS_KEPT)(partial(pseudonym, keyring)),
            Treatment.DROP: lambda _value: None,
        }

    @property
    def version(self) -> str:
        """What stored values depend on: the policy, and the key that writes."""
        policy = [sorted(each.items()) for each in (self.policy.classes, self.policy.columns)]
        return f"{policy} {self._keyring.writing if self.policy.needs_key else None}"

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
        changed = [
            self._series(column, frame, other_fields)
            for column in table.columns
            if column.personal is not Personal.NONE
        ]
        return frame.with_columns(changed) if changed else frame

    def _series(self, column: Column, frame: pl.DataFrame, other_fields: Collection[str]) -> pl.Series:
        values = frame[column.name]
        if column.kind is Kind.JSON and column.treatment is Treatment.PLAIN:
            values = self._people(values)
        changed = self._treated(column.treatment, column, values)
        if column.treatment_of_users is None:
            return changed
        # Changes that are older than ids of fields have their names only.
        called = frame.select(pl.coalesce("field_id", "field_name").str.to_lowercase()).to_series()
        is_other = called.is_in(list(other_fields)).fill_null(value=False)
        return changed.zip_with(is_other, self._treated(column.treatment_of_users, column, values))

    def _treated(self, treatment: Treatment, column: Column, values: pl.Series) -> pl.Series:
        if treatment is Treatment.PLAIN or values.null_count() == len(values):
            return values.cast(column.stored.polars)
        if treatment is Treatment.DROP:
            return pl.Series(column.name, [None] * len(values), dtype=column.stored.polars)
        change = self._changes[treatment]
        if column.kind is Kind.TEXT_LIST:
            lists = [each and [one and change(one) for one in each] for each in values.to_list()]
            return pl.Series(column.name, lists, dtype=column.stored.polars)
        texts = values.cast(pl.String).to_list()
        changed = [None if text is None else change(text) for text in texts]
        return pl.Series(column.name, changed, dtype=column.stored.polars)

    def _people(self, values: pl.Series) -> pl.Series:
        """JSON in which objects of people are treated like the columns of people."""
        if not any(self.policy.classes.get(personal) for personal in _OF_PEOPLE.values()):
            return values
        found = values.str.contains_any([*_OF_PEOPLE]).fill_null(value=False).arg_true()
        if not len(found):
            return values
        changed = [self._without_people(text) for text in values.gather(found)]
        return values.clone().scatter(found, changed)

    def _without_people(self, text: str) -> str:
        decoded = msgspec.json.decode(text)
        pending: list[Any] = [decoded]
        while pending:
            value = pending.pop()
            if isinstance(value, dict):
                value.update(self._treated_person(value))
                pending += value.values()
            elif isinstance(value, list):
                pending += value
        return msgspec.json.encode(decoded).decode()

    def _treated_person(self, person: Mapping[str, Any]) -> dict[str, str | None]:
        classes = dict(_OF_PEOPLE)
        if any(name in person for name in _ACCOUNT_IDS):
            classes["name"] = Personal.IDENTITY
        treated = {}
        for name, personal in classes.items():
            change = self._changes.get(self.policy.classes.get(personal, Treatment.PLAIN))
            if change is not None and isinstance(person.get(name), str):
                treated[name] = change(person[name])
        return treated
