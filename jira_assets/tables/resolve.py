"""Which field each configured column shows: names differ from site to site and change, ids never do."""

import difflib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jira_assets.raw.site import SiteField
from jira_assets.tables.field_columns import FieldColumn, FieldMapping
from jira_assets.tables.issue import OTHER_FIELDS, Site
from jira_assets.text.rendering import Rendering

_SHOWN = 10
_USERS = ("user", "array of user")


@dataclass(frozen=True)
class Resolved:
    """A configured column, the id of its field if that is known, and what people should be told about it."""

    column: FieldColumn
    field_id: str | None
    problem: str | None = None


@dataclass(frozen=True)
class FieldResolution:
    """The columns of a mapping with the fields of a site that they show, and all its fields, by id."""

    columns: tuple[Resolved, ...]
    fields: tuple[SiteField, ...]

    @property
    def ids_by_name(self) -> dict[str, str]:
        """What is to be remembered of those that are mapped by name."""
        return {
            each.column.field_name: each.field_id
            for each in self.columns
            if each.column.field_name is not None and each.field_id is not None
        }

    @property
    def problems(self) -> list[str]:
        return [each.problem for each in self.columns if each.problem is not None]

    @property
    def columns_by_field(self) -> dict[str, list[str]]:
        """The names of the columns that show a field, by its id."""
        found: dict[str, list[str]] = defaultdict(list)
        for each in self.columns:
            if each.field_id is not None:
                found[each.field_id].append(each.column.column.name)
        return dict(found)

    def site(self, url: str | None = None, rendering: Rendering = Rendering.MARKDOWN) -> Site:
        """What the tables need to know of the site."""
        names = tuple((field.id, field.name or "") for field in self.fields if field.is_custom)
        columns = tuple((each.column, each.field_id) for each in self.columns)
        others = [field for field in self.fields if field.type is not None and field.type not in _USERS]
        called = {name.lower() for field in others for name in (field.id, field.name or field.id)}
        return Site(url, names, columns, rendering, tuple(sorted(called.union(OTHER_FIELDS))))


def resolve(
    mapping: FieldMapping, fields: Iterable[SiteField], remembered: Mapping[str, str] | None = None
) -> FieldResolution:
    """Finds the field of each column: by id, or by name, exact or else as people read it, if only one has it.

    ``remembered`` are ids by the names in the mapping, as they were found before: a field that is renamed,
    or is not listed any more, keeps its column. ``fields`` come in any order.
    """
    in_order = tuple(sorted(fields, key=lambda field: field.id))
    catalogue = _Catalogue(in_order)
    return FieldResolution(tuple(catalogue.resolve(column, remembered or {}) for column in mapping), in_order)


class _Catalogue:
    def __init__(self, fields: Sequence[SiteField]) -> None:
        self._by_id = {field.id: field for field in fields}
        self._by_name: dict[str, list[SiteField]] = defaultdict(list)
        self._by_folded_name: dict[str, list[SiteField]] = defaultdict(list)
        for field in fields:
            if field.listed and field.name:
                self._by_name[field.name].append(field)
                self._by_folded_name[_folded(field.name)].append(field)

    def resolve(self, column: FieldColumn, remembered: Mapping[str, str]) -> Resolved:
        if column.field_name is None:
            return self._by_its_id(column)
        known = self._by_id.get(remembered.get(column.field_name, ""))
        found = self._named(column.field_name)
        if known is not None and known.listed:
            return Resolved(column, known.id, None if known in found else _taken_over(column, known, found))
        if len(found) == 1:
            return Resolved(column, found[0].id)
        if known is not None:
            return Resolved(column, known.id, _no_longer_listed(column, known))
        if found:
            problem = f"{len(found)} fields have the name {column.wanted}: {_list(found)}"
            return Resolved(column, None, f"{column.column.name}: {problem}")
        return Resolved(column, None, self._missing(column))

    def _by_its_id(self, column: FieldColumn) -> Resolved:
        field = self._by_id.get(column.field_id or "")
        if field is None:
            return Resolved(column, column.field_id, self._missing(column))
        return Resolved(column, field.id, None if field.listed else _no_longer_listed(column, field))

    def _named(self, name: str) -> list[SiteField]:
        return self._by_name.get(name) or self._by_folded_name.get(_folded(name), [])

    def _missing(self, column: FieldColumn) -> str | None:
        if column.optional:
            return None
        if column.field_name is None:
            return f"{column.column.name}: no field has the id {column.wanted}"
        close = difflib.get_close_matches(_folded(column.field_name), self._by_folded_name, cutoff=0.75)
        similar = [field for name in close for field in self._by_folded_name[name]]
        more = f"; similar: {_list(similar)}" if similar else ""
        return f"{column.column.name}: no field has the name {column.wanted}{more}"


def _folded(name: str) -> str:
    """A name as people read it: whatever its case, its spaces, and how its characters are composed."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()


def _taken_over(column: FieldColumn, known: SiteField, others: Sequence[SiteField]) -> str | None:
    """What to say of a renamed field, if its old name is that of others now."""
    if not others:
        return None
    return (
        f"{column.column.name}: it shows {_described(known)}, which was called {column.wanted} when it was "
        f"found; that name now has {_list(others)}. Give the id of the one that is meant"
    )


def _no_longer_listed(column: FieldColumn, field: SiteField) -> str | None:
    if column.optional:
        return None
    return (
        f"{column.column.name}: Jira no longer lists its field {_described(field)}; what was read of it stays"
    )


def _list(fields: Sequence[SiteField]) -> str:
    more = f" and {len(fields) - _SHOWN} more" if len(fields) > _SHOWN else ""
    return ", ".join(map(_described, fields[:_SHOWN])) + more


def _described(field: SiteField) -> str:
    details = [field.id, field.type or "unknown type"]
    if field.scope and field.scope.project:
        details.append(f"only in project {field.scope.project.id}")
    return f"{field.name or field.id} ({', '.join(details)})"
