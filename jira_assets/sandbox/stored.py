"""One issue in the sandbox's memory: compressed JSON, with the few values that are searched for beside it."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec
import zstandard
from msgspec import Raw

from jira_assets.sandbox.times import parse_time

Value = TypeVar("Value")

_COMPRESSION_LEVEL = 1
_KEY_ITEM = re.compile(rb'"field": ?"Key"')


class _Category(msgspec.Struct, gc=False):
    key: str = ""


class _Status(msgspec.Struct, rename="camel", gc=False):
    status_category: _Category | None = None


class _Project(msgspec.Struct, gc=False):
    key: str = ""


class _Worklog(msgspec.Struct, gc=False):
    id: str


class _Worklogs(msgspec.Struct, gc=False):
    worklogs: list[_Worklog] = []


class _Item(msgspec.Struct, rename="camel", gc=False):
    field: str | None = None
    from_string: str | None = None


class _History(msgspec.Struct, gc=False):
    items: list[_Item] = []


class _Changelog(msgspec.Struct, gc=False):
    histories: list[_History] = []


class _Other(msgspec.Struct, gc=False):
    id: str | int = ""


class _Link(msgspec.Struct, rename="camel", gc=False):
    inward_issue: _Other | None = None
    outward_issue: _Other | None = None


class Contents(msgspec.Struct, gc=False):
    """A full issue decoded only as far as needed: big values stay JSON."""

    id: str | int
    key: str
    fields: dict[str, Raw]
    self: str = ""
    expand: str = ""
    changelog: Raw = Raw(b"null")
    remotelinks: Raw = Raw(b"null")

    def value(self, name: str) -> bytes:
        """The JSON of a field; ``null`` where the issue lacks it."""
        return bytes(self.fields.get(name, b"null"))

    def former_keys(self) -> list[str]:
        """The keys that the issue had before it was moved, from its history."""
        raw = bytes(self.changelog)
        if not _KEY_ITEM.search(raw):
            return []
        changelog = msgspec.json.decode(raw, type=_Changelog)
        items = [item for history in changelog.histories for item in history.items]
        return [item.from_string for item in items if item.field == "Key" and item.from_string]

    def mentions(self) -> frozenset[str]:
        """Ids of the issues that this one shows: linked ones, parent and sub-tasks."""
        links = _decoded(_LINKS, self.value("issuelinks")) or ()
        others = [other for link in links for other in (link.inward_issue, link.outward_issue)]
        others += _decoded(_OTHERS, self.value("subtasks")) or ()
        others.append(_decoded(_OTHER, self.value("parent")))
        return frozenset(str(other.id) for other in others if other is not None)


class StoredIssue(msgspec.Struct, frozen=True, gc=False):
    """An issue at rest. Immutable, so that it can be read while another thread replaces it."""

    number: int
    id: str
    key: str
    project: str
    created: int
    updated: int
    category: str
    secured: bool
    former_keys: tuple[str, ...]
    mentions: frozenset[str]
    remote_links: bytes
    packed: bytes

    def json(self) -> bytes:
        """The full issue."""
        return zstandard.ZstdDecompressor().decompress(self.packed)

    def contents(self) -> Contents:
        """The full issue, decoded one level deep."""
        return _CONTENTS.decode(self.json())

    def worklog_ids(self) -> set[int]:
        raw = self.contents().value("worklog")
        worklogs = _decoded(_WORKLOGS, raw)
        return {int(worklog.id) for worklog in worklogs.worklogs} if worklogs else set()


_CONTENTS = msgspec.json.Decoder(Contents)
_STATUS = msgspec.json.Decoder(_Status | None)
_PROJECT = msgspec.json.Decoder(_Project | None)
_WORKLOGS = msgspec.json.Decoder(_Worklogs | None)
_LINKS = msgspec.json.Decoder(list[_Link] | None)
_OTHERS = msgspec.json.Decoder(list[_Other] | None)
_OTHER = msgspec.json.Decoder(_Other | None)
_TEXT = msgspec.json.Decoder(str | None)


def pack(line: bytes, clock: Callable[[], int]) -> tuple[StoredIssue, Contents]:
    """Store one full issue given as JSON. Raises msgspec.DecodeError or ValueError if it is not one.

    A field of an unexpected shape is no reason to refuse an issue: it is served as it is.
    """
    contents = _CONTENTS.decode(line)
    project = _decoded(_PROJECT, contents.value("project"))
    status = _decoded(_STATUS, contents.value("status"))
    updated = _moment(contents.value("updated"))
    created = _moment(contents.value("created"))
    links = bytes(contents.remotelinks)
    now = clock()
    issue = StoredIssue(
        number=int(contents.id),
        id=str(contents.id),
        key=contents.key,
        project=project.key if project and project.key else contents.key.rpartition("-")[0],
        created=next(moment for moment in (created, updated, now) if moment is not None),
        updated=now if updated is None else updated,
        category=status.status_category.key if status and status.status_category else "",
        secured=contents.value("security") != b"null",
        former_keys=tuple(contents.former_keys()),
        mentions=contents.mentions(),
        remote_links=b"[]" if links == b"null" else links,
        packed=_compress(line),
    )
    return issue, contents


def _decoded(decoder: msgspec.json.Decoder[Value], raw: bytes) -> Value | None:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        return None


def _moment(raw: bytes) -> int | None:
    text = _decoded(_TEXT, raw)
    try:
        return parse_time(text) if text else None
    except ValueError:
        return None


def _compress(line: bytes) -> bytes:
    # The compressor gives an object that keeps the room it reserved for the worst case: copy what was used.
    return bytes(memoryview(zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL).compress(line)))
