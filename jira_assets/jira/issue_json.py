"""Takes an issue of a search apart without parsing more of it than names: the rest keeps Jira's own bytes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Raw

from jira_assets.jira.parts import distinct
from jira_assets.jira.slas import Slas, slas_among
from jira_assets.timestamps import parse_timestamp

T = TypeVar("T")
_NULL = b"null"


@dataclass(frozen=True, slots=True)
class EmbeddedList:
    """A list that came inside an issue, possibly cut short: ``total`` tells. None is what was not said."""

    total: int | None = None
    elements: list[Raw] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing for certain."""
        return (
            self.elements is not None
            and self.total is not None
            and len(distinct(self.elements)) >= self.total
        )


@dataclass(frozen=True, slots=True)
class CutIssue:
    """An issue without its SLAs and lists; of the lists, ``{"total": N}`` stays in ``payload``.

    ``changelog`` is the history as it came inside the issue, cut short or not; None if there was none.
    """

    issue_id: str
    key: str
    created: datetime
    updated: datetime
    payload: bytes
    slas: Slas
    comments: EmbeddedList
    worklogs: EmbeddedList
    changelog_total: int | None
    changelog: bytes | None = None


@dataclass(frozen=True, slots=True)
class SkippedIssue:
    """An issue that cannot be stored, and why."""

    issue_id: str | None
    key: str | None
    reason: str


class _Envelope(msgspec.Struct):
    """The three lists have one shape but for the name of their elements."""

    comments: list[Raw] | None = None
    worklogs: list[Raw] | None = None
    histories: list[Raw] | None = None
    total: int | None = None


def cut(issue: Raw, sla_fields: Collection[str] = ()) -> CutIssue | SkippedIssue:
    """Separates an issue from its SLAs and its lists.

    Skips what has no id or no readable ``created``, which is its month. An unreadable ``updated`` becomes
    ``created``, the oldest that it can have been, so that such a record loses against any other.
    """
    members = _decoded(issue, dict[str, Raw]) or {}
    issue_id = _text(members.get("id"))
    key = _text(members.get("key"))
    if issue_id is None:
        return SkippedIssue(None, key, "it has no id")
    fields = _decoded(members.get("fields"), dict[str, Raw]) or {}
    created = _timestamp(fields.get("created"))
    if created is None:
        return SkippedIssue(issue_id, key, "it has no readable `created`, so its month is unknown")
    comments = _cut_list(fields, "comment", "comments")
    worklogs = _cut_list(fields, "worklog", "worklogs")
    changelog = members.get("changelog")
    changelog_total = _cut_list(members, "changelog", "histories").total
    slas = slas_among(fields, sla_fields)
    for name in sla_fields:
        fields.pop(name, None)
    members["fields"] = Raw(msgspec.json.encode(fields))
    return CutIssue(
        issue_id=issue_id,
        key=key or issue_id,
        created=created,
        updated=_timestamp(fields.get("updated")) or created,
        payload=msgspec.json.encode(members),
        slas=slas,
        comments=comments,
        worklogs=worklogs,
        changelog_total=changelog_total,
        # A copy: what was decoded holds on to its page.
        changelog=bytes(changelog) if changelog is not None and changelog_total else None,
    )


def updated_of(payload: bytes) -> datetime | None:
    """The ``updated`` of an issue."""
    members = _decoded(Raw(payload), dict[str, Raw]) or {}
    return _timestamp((_decoded(members.get("fields"), dict[str, Raw]) or {}).get("updated"))


def issue_id_of(issue: Raw) -> str | None:
    """The id of an issue, if it has one that can be read."""
    return _text((_decoded(issue, dict[str, Raw]) or {}).get("id"))


def _cut_list(container: dict[str, Raw], name: str, elements_name: str) -> EmbeddedList:
    """Leaves the envelope in the container, returns the list. Absent says nothing; null says it is empty."""
    value = container.get(name)
    if value is None:
        return EmbeddedList()
    if bytes(value) == _NULL:
        return EmbeddedList(total=0, elements=[])
    envelope = _decoded(value, _Envelope)
    if envelope is None:
        del container[name]  # not an envelope, so it says nothing about the list
        return EmbeddedList()
    container[name] = Raw(b"{}" if envelope.total is None else b'{"total":%d}' % envelope.total)
    return EmbeddedList(envelope.total, getattr(envelope, elements_name))


def _decoded(value: Raw | None, into: type[T]) -> T | None:
    if value is None:
        return None
    try:
        return msgspec.json.decode(value, type=into)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _text(value: Raw | None) -> str | None:
    decoded = _decoded(value, object)
    return str(decoded) if isinstance(decoded, str | int) and decoded != "" else None


def _timestamp(value: Raw | None) -> datetime | None:
    return parse_timestamp(_decoded(value, object))
