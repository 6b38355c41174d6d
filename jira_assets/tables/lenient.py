"""Reading JSON that is almost always of the expected shape.

The fast path decodes straight into a struct. Where that fails, the same bytes are read again piece by piece:
what can be read is kept, what can't is None and noted. One surprising value never costs a row its others.
"""

import re
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

T = TypeVar("T")
Note = Callable[[str, str], None]
"""Called with the path of a value that could not be read, and why."""

_LONE_SURROGATE = re.compile(
    rb"(?<!\\)((?:\\\\)*)(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@cache
def _struct_fields(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    return tuple((f.name, f.encode_name, f.type) for f in msgspec.structs.fields(kind))


def read(kind: type[T], raw: msgspec.Raw | bytes, path: str, note: Note) -> T | None:
    """The value of `raw` as `kind`; None, and a note, for it or for the parts of it that are of another shape."""
    try:
        return _decoder(kind).decode(raw)  # type: ignore[no-any-return]
    except (msgspec.MsgspecError, RecursionError) as error:
        return _salvage(kind, bytes(raw), path, note, error)  # type: ignore[no-any-return]


def read_fields(kind: type[T], values: Mapping[str, msgspec.Raw | bytes], path: str, note: Note) -> T:
    """A struct from values that are already told apart by name; absent ones keep the struct's default."""
    found = {}
    for name, encoded, field_type in _struct_fields(kind):
        raw = values.get(encoded)
        if raw is not None:
            found[name] = read(field_type, raw, f"{path}{encoded}", note)
    return kind(**found)


def _salvage(kind: Any, raw: bytes, path: str, note: Note, error: Exception) -> Any:
    if b"\\ud" in raw or b"\\uD" in raw:
        repaired = _LONE_SURROGATE.sub(lambda m: m[1] + (m[2] or rb"\ufffd"), raw)
        if repaired != raw:  # half a character, as other clients can store it; the rest of the text is fine
            return read(kind, repaired, path, note)
    kind = _without_none(kind)
    try:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return read_fields(kind, _decoder(dict[str, msgspec.Raw]).decode(raw), f"{path}.", note)
        if get_origin(kind) is list:
            elements = _decoder(list[msgspec.Raw]).decode(raw)
            values = [read(get_args(kind)[0], item, f"{path}[{i}]", note) for i, item in enumerate(elements)]
            return [value for value in values if value is not None]
    except (msgspec.MsgspecError, RecursionError) as outer:
        error = outer
    note(path, str(error))
    return None


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        rest = [option for option in get_args(kind) if option is not type(None)]
        return rest[0] if len(rest) == 1 else kind
    return kind
