"""Lines for the mapping file, for fields that no column shows yet."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from jira_assets.raw.site import SiteField
from jira_assets.tables.custom_field_keys import told_apart
from jira_assets.tables.field_types import FIELD_TYPES
from jira_assets.tables.issues import COMMON_COLUMNS
from jira_assets.tables.mapping_file import is_usable_name

_LONGEST_BASE = 35
_CUSTOM_TYPES = {
    "textarea": "rich text",
    "sd-request-feedback": "satisfaction",
    "gh-epic-link": "text",
    "gh-lexo-rank": "text",
}
"""By what comes after the colon; the general type of these says less."""
_TYPES = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "timestamp",
    "user": "user",
    "sd-customerrequesttype": "request type",
    "sd-feedback": "satisfaction",
    "sd-servicelevelagreement": "sla",
} | dict.fromkeys(("option", "option-with-child", "version", "group", "project", "priority"), "option")
_ITEMS = {"user": "user list", "sd-customerorganization": "organisations"} | dict.fromkeys(
    ("option", "string", "version", "component", "group", "project"), "option list"
)
_ENDINGS = {
    ("sla", "breached"): "_breached",
    ("sla", "goal"): "_goal_millis",
    ("sla", "elapsed"): "_elapsed_millis",
    ("request type", "status"): "_status",
}


class _Column(NamedTuple):
    field: SiteField
    type: str
    part: str


def guessed_type(field: SiteField) -> str:
    """The type of column that suits a field, by what the catalogue says of it."""
    schema = field.schema
    if schema is None:
        return "json"
    custom = _CUSTOM_TYPES.get((schema.custom or "").rpartition(":")[2])
    general = _ITEMS.get(schema.items or "") if schema.type == "array" else _TYPES.get(schema.type or "")
    return custom or general or "json"


def proposal(fields: Sequence[SiteField], taken: Iterable[str], remarks: dict[str, str]) -> str:
    """TOML that gives each of these fields a column. ``taken`` are names that columns have already.

    ``remarks`` by field id become comments.
    """
    columns = [_Column(field, type_, part) for field in fields for type_, part in _parts(guessed_type(field))]
    return "\n".join(
        _entry(name, column, remarks.get(column.field.id, ""))
        for name, column in zip(_names(columns, taken), columns, strict=True)
    )


def _parts(type_: str) -> Iterator[tuple[str, str]]:
    """An SLA has three columns and a request type two; a user is shown by name."""
    for number, part in enumerate(FIELD_TYPES[type_]):
        if number == 0 or (type_, part) in _ENDINGS:
            yield type_, part


def _names(columns: Sequence[_Column], taken: Iterable[str]) -> list[str]:
    """A usable name for each, all different, and the same ones whatever the order of the fields is."""
    names = {f"new {number}": _name(column) for number, column in enumerate(columns)}
    endings = {f"new {number}": _ending(column) for number, column in enumerate(columns)}
    # Names that are taken stay as they are; those that clash with them give way.
    old = {f"old {name}": name for name in (*COMMON_COLUMNS, *taken)}
    found = told_apart({**names, **old}, {**endings, **dict.fromkeys(old, "")})
    return [found[place] for place in names]


def _ending(column: _Column) -> str:
    return f"_{_without_signs(column.field.id.rpartition('_')[2])}"


def _name(column: _Column) -> str:
    base = _identifier(column.field.name or "")
    if not is_usable_name(base):
        base = _identifier(column.field.id) or "field"
    return base + _ENDINGS.get((column.type, column.part), "")


def _identifier(text: str) -> str:
    base = _without_signs(text)[:_LONGEST_BASE].rstrip("_")
    return f"field_{base}" if base[:1].isdigit() else base


def _without_signs(text: str) -> str:
    return re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text).lower()).strip("_")


def _entry(name: str, column: _Column, remark: str) -> str:
    lines = [
        f"[columns.{_quoted_key(name)}]",
        f"id = {_text(column.field.id)}",
        f"type = {_text(column.type)}",
    ]
    if column.part:
        lines.append(f"part = {_text(column.part)}")
    lines.append(f"description = {_text(_description(column))}")
    return "\n".join([f"# {remark}", *lines] if remark else lines) + "\n"


def _description(column: _Column) -> str:
    part = f", {column.part}" if column.part else ""
    return f"The site's field {(column.field.name or column.field.id).strip()}{part}."


def _quoted_key(name: str) -> str:
    return name if name.isascii() else _text(name)


def _text(value: str) -> str:
    """As TOML writes it: as JSON does. What cannot be seen is escaped, or it might hide the rest."""
    text = msgspec.json.encode(value).decode()
    return "".join(each if each.isprintable() else f"\\U{ord(each):08X}" for each in text)
