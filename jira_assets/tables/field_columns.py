"""What a mapping says: which columns `issues` has beside those that every site has, and what they show."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from jira_assets.tables.declare import Column, Kind
from jira_assets.tables.field_types import FIELD_TYPES, WRONG_SHAPE
from jira_assets.tables.issue import Issue
from jira_assets.tables.lenient import shape
from jira_assets.tables.readers import Rows
from jira_assets.text.adf import Write

_UNREADABLE = object()
_NO_SLA = (0, None)
_OF_LISTS_TOO = ("text", "json")  # types whose columns show lists as well


@dataclass(frozen=True)
class FieldColumn:
    """A configured column, and the field that it shows: one of ``field_id`` and ``field_name`` is set.

    ``type`` and ``part`` are keys of ``FIELD_TYPES``. That a site lacks the field of an ``optional`` column
    is nothing to warn of.
    """

    column: Column
    type: str
    part: str
    field_id: str | None = None
    field_name: str | None = None
    optional: bool = False

    @cached_property
    def _one(self) -> Callable[[Any, Write], object]:
        return FIELD_TYPES[self.type][self.part].value

    @property
    def declared(self) -> Column:
        """The column with its reader."""
        return replace(self.column, read=self._read)

    def _read(self, rows: Rows) -> list[object]:
        """Its values; NULL where the field is unknown, or does not hold what the mapping says."""
        field_id = rows.owners[0].site.field_of.get(self.column.name)
        if field_id is None:
            return [None] * len(rows.owners)
        return [self._value(issue, field_id) for issue in rows.owners]

    def _value(self, issue: Issue, field_id: str) -> object:
        found = None
        for value in (issue.own_fields.get(field_id), issue.slas.get(field_id, _NO_SLA)[1]):
            if value is not None:
                found, unread = self.read(value, issue.text)
                for other in unread:
                    issue.note(self.column.name, f"the field {field_id} holds {shape(other)}")
        return found

    def read(self, value: Any, write: Write) -> tuple[object, list[Any]]:
        """The column's value, and what of the field's could not be read.

        A list of one stands for the one value that is meant, and one value for a list of it.
        """
        is_list = isinstance(value, list)
        if self.column.kind is Kind.TEXT_LIST:
            # Jira leaves nulls behind for what was deleted.
            elements = [each for each in (value if is_list else [value]) if each is not None]
            read = [self._read_one(each, write) for each in elements]
            unread = [each for each, found in zip(elements, read, strict=True) if found is _UNREADABLE]
            known = [found for found in read if found is not None and found is not _UNREADABLE]
            return known if known or not unread else None, unread
        if is_list and len(value) == 1 and self.type not in _OF_LISTS_TOO:
            (value,) = value
        found = None if value is None else self._read_one(value, write)
        return (None, [value]) if found is _UNREADABLE else (found, [])

    def _read_one(self, value: Any, write: Write) -> object:
        try:
            return self._one(value, write)
        except WRONG_SHAPE:
            return _UNREADABLE

    @property
    def wanted(self) -> str:
        """The field, as the mapping calls it."""
        return self.field_id or repr(self.field_name)


FieldMapping = tuple[FieldColumn, ...]
"""The configured columns, in the order in which `issues` has them."""
