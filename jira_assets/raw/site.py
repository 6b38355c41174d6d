"""What is kept beside the segments: the site's field catalogue, and what was concluded from it.

Jira shows an account only the fields that it may see. So a field that is no longer listed is remembered with
its last name: what was read of it stays where it was, whether it was deleted or a right was lost.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from upath import UPath

from jira_assets.files import remove_leftovers, replaced
from jira_assets.raw.errors import RawLogError
from jira_assets.text.surrogates import without_lone_surrogates

_LISTED = "fields.json"  # as Jira sent it
_UNLISTED = "fields_unlisted.json"
_RESOLVED = "fields_resolved.json"
_CUSTOM = "customfield_"
_OF_THE_SYSTEM = re.compile(r"\w+", re.ASCII)


class FieldSchema(msgspec.Struct, frozen=True):
    """What a field holds: `items` is the type of an array's elements, `custom` the kind of custom field."""

    type: str | None = None
    items: str | None = None
    custom: str | None = None


class ScopeProject(msgspec.Struct, frozen=True):
    id: str | None = None


class FieldScope(msgspec.Struct, frozen=True):
    """Where a field of a team-managed project is valid."""

    type: str | None = None
    project: ScopeProject | None = None


class SiteField(msgspec.Struct, frozen=True):
    """An entry of `GET /rest/api/3/field`, as far as it is read. All but the id may be absent."""

    id: str
    name: str | None = None
    key: str | None = None
    searchable: bool | None = None
    orderable: bool | None = None
    navigable: bool | None = None
    clauseNames: tuple[str, ...] | None = None
    schema: FieldSchema | None = None
    scope: FieldScope | None = None
    listed: bool = True

    @property
    def is_custom(self) -> bool:
        return is_custom(self.id)

    @property
    def type(self) -> str | None:
        """What it holds, in a word or two: `option`, `array of user`."""
        if self.schema is None or self.schema.type is None:
            return None
        return f"{self.schema.type} of {self.schema.items}" if self.schema.items else self.schema.type


def is_custom(field_id: str) -> bool:
    """Whether an id is that of a field of a site's own: the system's are plain words."""
    return field_id.startswith(_CUSTOM) or not _OF_THE_SYSTEM.fullmatch(field_id)


class _Named(msgspec.Struct):
    """What is left of an entry of which the rest has a shape that Jira does not document."""

    id: str
    name: Any = None


def decode_fields(payload: bytes) -> list[SiteField]:
    """The entries of a catalogue as Jira sent it, all of them listed.

    Raises ``msgspec.DecodeError`` and the like for what is no list in UTF-8.
    """
    payload = without_lone_surrogates(payload)
    try:
        fields = msgspec.json.decode(payload, type=list[SiteField])
    except msgspec.ValidationError:
        fields = list(_salvaged(msgspec.json.decode(payload, type=list[msgspec.Raw])))
    return [
        field if field.listed else msgspec.structs.replace(field, listed=True)  # the word is ours, not Jira's
        for field in fields
    ]


def write_fields(root: UPath, payload: bytes) -> None:
    """Replace the catalogue under the raw folder; readers see the old one or the new one.

    Raises ``RawLogError``, also for a payload that is no list.
    """
    try:
        listed = {field.id for field in decode_fields(payload)}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RawLogError(f"what Jira answered is no list of fields ({error}); nothing was kept") from error
    unlisted = [
        msgspec.structs.replace(field, listed=False) for field in read_fields(root) if field.id not in listed
    ]
    remove_leftovers(root)
    # First what would be lost if nothing else were written.
    _write(root / _UNLISTED, msgspec.json.encode(unlisted))
    _write(root / _LISTED, payload)


def read_fields(root: UPath) -> tuple[SiteField, ...]:
    """The site's fields and those that it had, by id; none while nothing was fetched yet."""
    unlisted = [msgspec.structs.replace(field, listed=False) for field in _read_fields(root / _UNLISTED)]
    fields = {field.id: field for field in (*unlisted, *_read_fields(root / _LISTED))}
    return tuple(field for _, field in sorted(fields.items()))


def read_resolved(root: UPath) -> dict[str, str]:
    """The ids of fields by the names under which they were first found: renamed ones are found by these."""
    path = root / _RESOLVED
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise RawLogError(
            f"{path} cannot be read ({error}). Delete it: fields are then found by the names they have now."
        ) from error


def write_resolved(root: UPath, ids: Mapping[str, str]) -> None:
    """Add to what `read_resolved` gives."""
    together = {**read_resolved(root), **ids}
    _write(root / _RESOLVED, msgspec.json.encode(dict(sorted(together.items()))))


def _read_fields(path: UPath) -> list[SiteField]:
    try:
        return decode_fields(path.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RawLogError(
            f"{path} cannot be read ({error}). Delete it and materialise raw_issues of any month again"
        ) from error


def _salvaged(entries: list[msgspec.Raw]) -> Iterator[SiteField]:
    for entry in entries:
        try:
            yield msgspec.json.decode(entry, type=SiteField)
        except msgspec.ValidationError:
            try:
                named = msgspec.json.decode(entry, type=_Named)
            except msgspec.ValidationError:
                continue  # without an id it is no field
            yield SiteField(named.id, named.name if isinstance(named.name, str) else None)


def _write(target: UPath, content: bytes) -> None:
    try:
        if target.exists() and target.read_bytes() == content:
            return  # nearly every run finds the fields that the last one found
        with replaced(target) as staged:
            staged.write_bytes(content)
    except OSError as error:
        reason = f"cannot write {target}: {error.strerror or error}"
        raise RawLogError(f"{reason}. Check the disk's free space and permissions, and run again.") from error
