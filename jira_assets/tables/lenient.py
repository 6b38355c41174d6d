"""Reading JSON that is almost always of the expected shape.

The fast path decodes straight into a struct. Where that fails, the same bytes are read again piece by piece:
what can be read is kept, what can't is None and noted. One surprising value never costs a row its others.
"""

import types
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin

import msgspec

from jira_assets.text.nesting import DEEPEST, flattened
from jira_assets.text.surrogates import without_lone_surrogates

T = TypeVar("T")
Note = Callable[[str, str], None]
"""Called with the path of a value that could not be read, and why."""

_KEYS_SHOWN, _KEY_LENGTH = 5, 30


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@cache
def _struct_fields(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    return tuple((f.name, f.encode_name, f.type) for f in msgspec.structs.fields(kind))


def read(kind: type[T], raw: msgspec.Raw | bytes, path: str, note: Note) -> T | None:
    """The value of `raw` as `kind`; None, and a note, for it or for what of it has another shape."""
    try:
        return cast(T, _decoder(cast(Hashable, kind)).decode(raw))
    except (msgspec.MsgspecError, RecursionError) as error:
        return _salvage(kind, bytes(raw), path, note, error)  # type: ignore[no-any-return]


def read_fields(kind: type[T], values: Mapping[str, msgspec.Raw | bytes], path: str, note: Note) -> T:
    """A struct from values told apart by name; absent and unreadable ones keep the struct's default."""
    found = {}
    for name, encoded, field_type in _struct_fields(cast(Hashable, kind)):
        raw = values.get(encoded)
        value = None if raw is None else read(field_type, raw, f"{path}{encoded}", note)
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


def _salvage(kind: Any, raw: bytes, path: str, note: Note, error: Exception) -> Any:
    repaired = decodable(raw, path, note)
    if repaired != raw:
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
