"""What a mapping says: which columns `issues` has beside those that every site has, and what they show."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jira_assets.tables.declare import Column
from jira_assets.tables.field_types import FIELD_TYPES
from jira_assets.text.rendering import Rendering


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
    def value_of(self) -> Callable[[Any, Rendering], object]:
        """How the column's value is told from the field's."""
        return FIELD_TYPES[self.type][self.part].value

    @property
    def wanted(self) -> str:
        """The field, as the mapping calls it."""
        return self.field_id or repr(self.field_name)


FieldMapping = tuple[FieldColumn, ...]
"""The configured columns, in the order in which `issues` has them."""
