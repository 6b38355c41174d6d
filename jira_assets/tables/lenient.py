"""Reading JSON that is almost always of the expected shape.

The fast path decodes straight into a struct. Where that fails, the same bytes are read again piece by piece.
What says the same in another shape is kept: ``3600.0`` and ``"3600"`` are 3600, the label ``7`` is ``"7"``,
one value is a list of one. What can't be read is None and noted. One odd value never costs a row its others.
"""

import re
import types
from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin

import msgspec

from jira_assets.tables.shapes import Id, Int64
from jira_assets.text.nesting import DEEPEST, flattened
from jira_assets.text.surrogates import without_lone_surrogates

T = TypeVar("T")
Note = Callable[[str, str], None]
"""Called with the path of a value that could not be read, and why."""

_KEYS_SHOWN, _KEY_LENGTH = 5, 30
_NULL = b"null"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_DIGITS_OF_INT64 = 19
# What people call an object that stands where a text is meant.
_NAMES = ("value", "name", "displayName")

# Numbers that decoders refuse are beyond 1e308 or have thousands of digits. Strings are stepped over.
_STRING_OR_HUGE = re.compile(
    rb'"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:\d{300,}(?:\.\d+)?(?:[eE][+-]?\d+)?|\d+(?:\.\d+)?[eE]\+?\d{3,})',
    re.DOTALL,
)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@cache
def _struct_fields(kind: Any) -> tuple[tuple[str, str, Any, bool], ...]:
    """Of each its name, what JSON calls it, its type, and whether that includes null."""
    return tuple(
        (f.name, f.encode_name, f.type, f.type is Any or type(None) in get_args(f.type))
        for f in msgspec.structs.fields(kind)
    )


def read(kind: type[T], raw: msgspec.Raw | bytes, path: str, note: Note) -> T | None:
    """The value of `raw` as `kind`; None, and a note, for it or for what of it has another shape."""
    try:
        return cast(T, _decoder(cast(Hashable, kind)).decode(raw))
    except (msgspec.MsgspecError, RecursionError) as error:
        return _salvage(kind, bytes(raw), path, note, error)  # type: ignore[no-any-return]


def read_fields(kind: type[T], values: Mapping[str, msgspec.Raw | bytes], path: str, note: Note) -> T:
    """A struct from values told apart by name; absent and unreadable ones keep the struct's default."""
    found = {}
    for name, encoded, field_type, may_be_null in _struct_fields(cast(Hashable, kind)):
        raw = values.get(encoded)
        if raw is None or (may_be_null and bytes(raw) == _NULL):  # as most fields of an issue are
            continue
        value = read(field_type, raw, f"{path}{encoded}", note)
        if value is not None:
            found[name] = value
    return kind(**found)


def decodable(raw: bytes, path: str, note: Note) -> bytes:
    """The same JSON without what other clients can store and decoders refuse.

    Half a character becomes U+FFFD, and what is nested deeper than anybody writes becomes null, and noted.
    """
    raw = without_lone_surrogates(raw)
    try:
        _decoder(msgspec.Raw).decode(raw)
    except RecursionError:
        note(path, f"what is nested deeper than {DEEPEST} levels is left out")
        return flattened(raw)
    except msgspec.MsgspecError:
        pass
    return raw


def shape(value: object) -> str:
    """What a value is, and nothing of what it says: that may be about people."""
    if isinstance(value, dict):
        more = ", …" if len(value) > _KEYS_SHOWN else ""
        names = ", ".join(str(key)[:_KEY_LENGTH] for key in list(value)[:_KEYS_SHOWN])
        return f"an object with keys {names}{more}" if value else "an empty object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    if isinstance(value, bool) or value is None:
        return "true or false" if value is not None else "null"
    return "a number" if isinstance(value, int | float) else f"a {type(value).__name__}"


def whole_number(value: object) -> int | None:
    """The number of 64 bits that a value is, also one written as ``3600.0`` or as text; None for others."""
    written = value.strip() if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not _NUMBER.fullmatch(written):
        return None
    number = Decimal(written)
    # Looked at before it is written out: 1e999999999 has a gigabyte of digits.
    if number.adjusted() >= _DIGITS_OF_INT64 or number != number.to_integral_value():
        return None
    found = int(number)
    return found if -(2**63) <= found < 2**63 else None


def _salvage(kind: Any, raw: bytes, path: str, note: Note, error: Exception) -> Any:
    repaired = decodable(raw, path, note)
    if "out of range" in str(error):
        repaired = _huge_numbers_as_texts(repaired)
    if repaired != raw:
        return read(kind, repaired, path, note)
    kind = _without_none(kind)
    try:
        if get_origin(kind) is list:
            return _list_of(get_args(kind)[0], raw, path, note)
        if raw.startswith(b"["):
            elements = [bytes(each) for each in _decoder(list[msgspec.Raw]).decode(raw)]
            # Where one value is meant, a list of one says which.
            if len(elements) == 1 and not elements[0].startswith(b"["):
                return read(kind, elements[0], f"{path}[0]", note)
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return read_fields(kind, _decoder(dict[str, msgspec.Raw]).decode(raw), f"{path}.", note)
        elif (found := _in_another_shape(kind, raw)) is not None:
            return found
    except (msgspec.MsgspecError, RecursionError) as outer:
        error = outer
    note(path, str(error))
    return None


def _list_of(kind: Any, raw: bytes, path: str, note: Note) -> list[Any] | None:
    """The elements that can be read. What is no list is its only element."""
    if not raw.startswith(b"["):
        alone = read(kind, raw, path, note)
        if isinstance(alone, msgspec.Struct) and alone == type(alone)():
            note(path, "it holds an object that is no element of the list that it should be")
            return None
        return None if alone is None else [alone]
    elements = _decoder(list[msgspec.Raw]).decode(raw)
    values = [read(kind, each, f"{path}[{place}]", note) for place, each in enumerate(elements)]
    found = [value for value in values if value is not None]
    # Of a list of which nothing could be read, nobody knows that it is empty.
    return found if found or all(bytes(each) == _NULL for each in elements) else None


def _in_another_shape(kind: Any, raw: bytes) -> object:
    """The value of a kind that is written as one of another, or None."""
    value = _decoder(object).decode(raw)
    if isinstance(value, dict):
        named = value if kind is str else {}
        return next((named[name] for name in _NAMES if isinstance(named.get(name), str)), None)
    written = value if isinstance(value, str) else raw.decode()
    if kind is str:
        return None if value is None else written
    if kind is bool:
        return {"true": True, "false": False}.get(written.strip().lower())
    return whole_number(written) if kind in (Int64, Id) else None


def _huge_numbers_as_texts(raw: bytes) -> bytes:
    return _STRING_OR_HUGE.sub(lambda found: found[0] if found[0][:1] == b'"' else b'"%b"' % found[0], raw)


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        rest = [option for option in get_args(kind) if option is not type(None)]
        return rest[0] if len(rest) == 1 else kind
    return kind
