"""Webhook events: which issues each is about, and what Jira has to show once it has caught up with it.

The bodies are hints, never data: they have the shape of REST v2, are cut short and arrive in any order. So
only what says *what to refetch* is read, and nothing is passed on that did not match a strict pattern.
"""

import contextlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from jira_assets.inbox.event_names import CATALOGUE
from jira_assets.text.surrogates import without_lone_surrogates
from jira_assets.timestamps import parse_timestamp

Part = Literal["comments", "worklogs", "attachments", "issuelinks"]
T = TypeVar("T")

# What an event is about by the beginning of its name: the part of the issue, and the member of the body.
_CHILDREN: dict[str, tuple[Part, str]] = {
    "comment": ("comments", "comment"),
    "worklog": ("worklogs", "worklog"),
    "attachment": ("attachments", "attachment"),
    "issuelink": ("issuelinks", "issueLink"),
}
_ISSUE_CHANGED = ("jira:issue_created", "jira:issue_updated")
_MOVED_FIELDS = ("Key", "project")
_SECURITY_FIELD = "security"

_ID = re.compile(r"[1-9][0-9]{0,17}")  # whatever matches is an int64, as Jira's ids are
_ID_IN_SELF = re.compile(rf"/issue/({_ID.pattern})(?:/(?:comment|worklog|properties)/|\Z)")
_PROJECT_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}")
_ISSUE_KEY = re.compile(rf"({_PROJECT_KEY.pattern})-{_ID.pattern}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_:-]{0,99}")


class UnreadableEvent(ValueError):
    """A body that is no JSON object."""


@dataclass(frozen=True, slots=True)
class Child:
    """A comment, worklog, attachment or link, and whether its issue should have it.

    ``updated`` is the child's own, of a comment or worklog that should be there.
    """

    part: Part
    id: str
    present: bool
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer of Jira's that is not older than the event shows. None demands nothing.

    ``updated`` is the issue's. Server sends a stale one along with comments, which merely demands less.
    """

    updated: datetime | None
    child: Child | None


@dataclass(frozen=True, slots=True)
class Event:
    """What an event says about issues. Ids are digits, keys are upper-case; times are in UTC.

    ``name`` is empty if the event has none, or none that is a name. ``issue_keys`` is filled only where no id
    is known, ``attachment_id`` only where nothing else names the issue. ``project_key`` is where the issue is
    now, and ``is_move`` says that it was in another project before, ``former_project`` in which.
    ``is_secured`` is whether it has a security level, as far as the event tells.
    ``received_at`` is by our clock, where it matters.
    ``created_hint`` helps to find the month of an issue that Jira has deleted and that was never seen here.
    """

    name: str
    is_known: bool
    at: datetime | None
    issue_ids: tuple[str, ...]
    issue_keys: tuple[str, ...]
    attachment_id: str | None
    project_key: str | None
    is_move: bool
    former_project: str | None
    deletes_issue: bool
    is_secured: bool
    created_hint: datetime | None
    expected: Expected
    received_at: datetime | None = None

    def has_left(self, projects: Collection[str]) -> bool:
        """Whether it is about the move of an issue out of one of these projects, as far as it tells."""
        return self.is_move and (self.former_project is None or self.former_project in projects)


_ABSENT = Raw()


_SCALAR: Decoder[str | int | None] = Decoder(str | int | None)
_BOOL = Decoder(bool)
_LIST = Decoder(list[Raw])


class _Body(msgspec.Struct):
    webhookEvent: Raw = _ABSENT
    issue_event_type_name: Raw = _ABSENT
    timestamp: Raw = _ABSENT
    issue: Raw = _ABSENT
    changelog: Raw = _ABSENT
    comment: Raw = _ABSENT
    worklog: Raw = _ABSENT
    attachment: Raw = _ABSENT
    issueLink: Raw = _ABSENT
    property: Raw = _ABSENT


class _Issue(msgspec.Struct, rename={"self_url": "self"}):
    id: Raw = _ABSENT
    self_url: Raw = _ABSENT
    key: Raw = _ABSENT
    fields: Raw = _ABSENT


class _Fields(msgspec.Struct):
    project: Raw = _ABSENT
    created: Raw = _ABSENT
    updated: Raw = _ABSENT
    security: Raw = _ABSENT


class _Security(msgspec.Struct):
    id: Raw = _ABSENT


class _Project(msgspec.Struct):
    key: Raw = _ABSENT


class _Changelog(msgspec.Struct):
    items: Raw = _ABSENT


class _Change(msgspec.Struct):
    field: Raw = _ABSENT
    fromString: Raw = _ABSENT
    to: Raw = _ABSENT


class _Changed(NamedTuple):
    """A field that was changed, the project of a key that was, and the id of what it was changed to."""

    field: str
    project_before: str
    to: str


class _Part(msgspec.Struct, rename={"self_url": "self"}):
    """A comment, worklog, attachment, link or property: the names of their members do not collide."""

    id: Raw = _ABSENT
    self_url: Raw = _ABSENT
    updated: Raw = _ABSENT
    issueId: Raw = _ABSENT
    sourceIssueId: Raw = _ABSENT
    destinationIssueId: Raw = _ABSENT
    systemLink: Raw = _ABSENT


def parse(body: bytes) -> Event:
    """Reads an event as Cloud or Server sends it; jira_cloud.md section 3 has the shapes.

    A member of the wrong type is as if absent. Raises ``UnreadableEvent``, and for no bytes anything else, if
    the body is not a JSON object: also if it is not UTF-8, or nested hundreds of levels deep.
    """
    try:
        if not body.isascii():
            body.decode()  # msgspec does not look at the bytes of strings that it passes over
        return _event(_read(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableEvent(f"not a JSON object: {error}") from None


def _read(body: bytes) -> _Body:
    try:
        return msgspec.json.decode(body, type=_Body)
    except msgspec.DecodeError:  # seldom, and then mostly because of a text that was cut within an emoji
        return msgspec.json.decode(without_lone_surrogates(body), type=_Body)


def _event(body: _Body) -> Event:
    name = _matching(_NAME, body.webhookEvent)
    issue = _members(body.issue, _Issue)
    fields = _members(issue.fields, _Fields)
    ids = _issue_ids(issue, body)
    key = _matching(_ISSUE_KEY, issue.key).upper()
    project = _matching(_PROJECT_KEY, _members(fields.project, _Project).key).upper()
    changes = _changes(body.changelog)
    return Event(
        name=name,
        is_known=name in CATALOGUE,
        at=_moment(body.timestamp),
        issue_ids=ids,
        issue_keys=(key,) if key and not ids else (),
        attachment_id=None if ids or key else _matching(_ID, _members(body.attachment, _Part).id) or None,
        project_key=project or key.rpartition("-")[0] or None,
        is_move=any(change.field in _MOVED_FIELDS for change in changes),
        former_project=next((change.project_before for change in changes if change.project_before), None),
        deletes_issue=name == "jira:issue_deleted",
        is_secured=bool(_text(_members(fields.security, _Security).id))
        or any(change.field == _SECURITY_FIELD and change.to for change in changes),
        created_hint=_moment(fields.created),
        expected=Expected(
            updated=_moment(fields.updated) if name in _ISSUE_CHANGED else None, child=_child(name, body)
        ),
    )


def _issue_ids(issue: _Issue, body: _Body) -> tuple[str, ...]:
    worklog = _members(body.worklog, _Part)
    link = _members(body.issueLink, _Part)
    found = (
        _matching(_ID, issue.id) or _id_in(issue.self_url),
        _id_in(_members(body.comment, _Part).self_url),  # Server's comment events have nothing else
        _matching(_ID, worklog.issueId) or _id_in(worklog.self_url),
        _matching(_ID, link.sourceIssueId),
        _matching(_ID, link.destinationIssueId),
        _id_in(_members(body.property, _Part).self_url),
    )
    return tuple(dict.fromkeys(issue_id for issue_id in found if issue_id))


def _child(name: str, body: _Body) -> Child | None:
    """The child that an event of this name is about."""
    subject, _, change = name.partition("_")
    is_deleted = change == "deleted"
    if name == "jira:issue_updated":  # Server's, with or without a type of event
        subject = "comment"
        is_deleted = _text(body.issue_event_type_name) == "issue_comment_deleted"
    if subject not in _CHILDREN or name not in CATALOGUE:
        return None
    part, member = _CHILDREN[subject]
    child = _members(getattr(body, member), _Part)
    child_id = _matching(_ID, child.id)
    if not child_id or _decoded(child.systemLink, _BOOL):
        return None  # links of sub-tasks and epics are system links: `issuelinks` never shows them
    return Child(part, child_id, not is_deleted, None if is_deleted else _moment(child.updated))


def _changes(changelog: Raw) -> list[_Changed]:
    items = _decoded(_members(changelog, _Changelog).items, _LIST) or []
    return [_changed(_members(item, _Change)) for item in items]


def _changed(change: _Change) -> _Changed:
    field = _text(change.field)
    key_before = _matching(_ISSUE_KEY, change.fromString) if field == "Key" else ""
    return _Changed(field, key_before.upper().rpartition("-")[0], _text(change.to))


def _members(value: Raw, of: type[T]) -> T:
    """The members of an object; none for what is not an object."""
    if value is not _ABSENT:
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(value, type=of)
    return of()


def _matching(pattern: re.Pattern[str], value: Raw) -> str:
    """A text if all of it matches, else the empty one."""
    text = _text(value)
    return text if pattern.fullmatch(text) else ""


def _id_in(self_url: Raw) -> str:
    """The issue's id in the address of something that belongs to it, whichever the host; else empty."""
    match = _ID_IN_SELF.search(_text(self_url))
    return match[1] if match else ""


def _moment(value: Raw) -> datetime | None:
    return parse_timestamp(_text(value))


def _text(value: Raw) -> str:
    """A string or a whole number; empty for anything else."""
    scalar = _decoded(value, _SCALAR)
    return "" if scalar is None else str(scalar)


def _decoded(value: Raw, decoder: Decoder[T]) -> T | None:
    if value is _ABSENT:
        return None
    try:
        return decoder.decode(value)
    except msgspec.DecodeError:
        return None
