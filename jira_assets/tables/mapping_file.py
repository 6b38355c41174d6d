"""Reading the mapping file: which columns `issues` has beside those of every site, and the fields they show.

A table per column, in TOML:

    [columns.severity]
    name = "Severity"         # the field by its name, or by `id`, which it keeps when it is renamed
    type = "option"           # one of FIELD_TYPES; some have a `part`
    description = "…"         # optional, as is `personal`: a class of personal data
    optional = true           # no warning on a site that lacks the field
"""

import re
import reprlib
import tomllib
import unicodedata
from collections.abc import Collection, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from jira_assets.tables.declare import Column, Personal
from jira_assets.tables.field_columns import FieldColumn, FieldMapping
from jira_assets.tables.field_types import FIELD_TYPES
from jira_assets.tables.issues import COMMON_COLUMNS

_LONGEST_NAME = 63
_TEXTS = ("name", "id", "type", "part", "description", "personal")
_KEYS = (*_TEXTS, "optional")
_NO_ID = re.compile(r"\d+|cf\[\d+\]")  # what JQL and addresses have in place of one


class MappingError(Exception):
    """The mapping cannot be used. The message names the file, the column, and what is wrong."""


def read_mapping(path: Path | None = None) -> FieldMapping:
    """The columns that a file configures, in its order; without a path those of the file in the package.

    Raises ``MappingError``.
    """
    file = resources.files("jira_assets").joinpath("fields.toml") if path is None else path
    try:
        written = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise MappingError(f"{file} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{file} is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:  # also of numbers too long, and of what is nested too deep
        raise MappingError(f"{file} is not TOML: {error}") from error
    try:
        _refuse_others(written, ("columns",))
        return tuple(_column(name, each) for name, each in _columns(written).items())
    except _WrongError as error:
        raise MappingError(f"{file}: {error}") from error


def is_usable_name(name: str) -> bool:
    """Whether a column can be called like that: an identifier in lower case; words of SQL will do."""
    folded = unicodedata.normalize("NFKC", name).lower()
    return name.isidentifier() and name == folded and len(name) <= _LONGEST_NAME


class _WrongError(Exception):
    """What is wrong, from the column's name on."""


def _columns(written: Mapping[str, Any]) -> Mapping[str, Any]:
    columns = written.get("columns", {})
    if not isinstance(columns, dict):
        raise _WrongError(
            f"columns is {_shown(columns)}. Write a table for each column, as [columns.severity] is"
        )
    return columns


def _column(name: str, written: object) -> FieldColumn:
    try:
        if not is_usable_name(name):
            raise _WrongError(
                "that is no name for a column. Use letters in lower case, digits and underscores, "
                f"a digit not first, {_LONGEST_NAME} characters at most"
            )
        if name in COMMON_COLUMNS:
            raise _WrongError("issues has a column of that name on every site. Choose another name")
        return _field_column(name, _table(written))
    except _WrongError as error:
        raise _WrongError(f"columns.{name}: {error}") from error


def _field_column(name: str, written: Mapping[str, Any]) -> FieldColumn:
    _refuse_others(written, _KEYS)
    for key in _TEXTS:
        if key in written and not (isinstance(written[key], str) and written[key].strip()):
            raise _WrongError(f"{key} is {_shown(written[key])}. It must be a text in quotes")
    field_name, field_id = written.get("name"), written.get("id")
    if (field_name is None) == (field_id is None):
        both = "both name and id are" if field_id is not None else "neither name nor id is"
        raise _WrongError(f"{both} given. Say which field it shows by one of them")
    if field_id is not None and _NO_ID.fullmatch(field_id.strip()):
        raise _WrongError(f"id is {field_id!r}, which is no id of a field, as customfield_10030 is")
    optional = written.get("optional", False)
    if not isinstance(optional, bool):
        raise _WrongError(f"optional is {_shown(optional)}. It must be true or false")
    type_, part = _type_and_part(written)
    declared = FIELD_TYPES[type_][part]
    column = Column(
        name,
        declared.kind,
        written.get("description") or f"The site's field {field_name or field_id}.",
        Personal(_one_of("personal", written.get("personal", declared.personal.value), list(Personal))),
    )
    return FieldColumn(column, type_, part, field_id, field_name, optional)


def _type_and_part(written: Mapping[str, Any]) -> tuple[str, str]:
    if "type" not in written:
        raise _WrongError(f"it has no type. Use one of {', '.join(FIELD_TYPES)}")
    type_ = _one_of("type", written["type"], FIELD_TYPES)
    parts = list(FIELD_TYPES[type_])
    if parts == [""]:
        if "part" in written:
            raise _WrongError(f"it has a part, but a value of type {type_} has none. Leave it out")
        return type_, ""
    if type_ == "sla" and "part" not in written:
        raise _WrongError(f"it has no part. Use one of {', '.join(parts)}")
    return type_, _one_of("part", written.get("part", parts[0]), parts)


def _one_of(key: str, value: str, accepted: Collection[str]) -> str:
    if value not in accepted:
        raise _WrongError(f"{key} is {value!r}. Use one of {', '.join(accepted)}")
    return value


def _table(written: object) -> Mapping[str, Any]:
    if not isinstance(written, dict):
        raise _WrongError(f"it is {_shown(written)}, not a table of settings")
    return written


def _refuse_others(written: Mapping[str, Any], known: Collection[str]) -> None:
    for key in written:
        if key not in known:
            raise _WrongError(f"{key!r} is unknown. Use {', '.join(known)}")


def _shown(value: object) -> str:
    """A value in a message, cut to what fits there."""
    try:
        return reprlib.repr(value)
    except ValueError:
        return "a number of many digits"
