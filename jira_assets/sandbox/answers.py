"""Shaping: which part of a full issue Jira shows in which answer, and where it cuts."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from jira_assets.sandbox.catalogue import NOT_NAVIGABLE
from jira_assets.sandbox.stored import Contents, StoredIssue
from jira_assets.sandbox.times import parse_time

EMBEDDED_COMMENTS_IN_SEARCH = 20
EMBEDDED_COMMENTS_IN_ISSUE = 100
EMBEDDED_WORKLOGS = 20
EMBEDDED_HISTORIES = 100
EMBEDDED_HISTORIES_IN_BULK = 40

_NULL = Raw(b"null")
_SPECIAL_FIELDS = frozenset({"id", "key", "issuekey", "self", "expand"})


class _Dated(msgspec.Struct, gc=False):
    id: str | int = "0"
    created: str | int | None = None
    started: str | None = None


class _Lists(msgspec.Struct, gc=False):
    comments: list[Raw] = []
    worklogs: list[Raw] = []
    histories: list[Raw] = []


class CommentPage(msgspec.Struct, rename="camel", gc=False):
    comments: list[Raw]
    self: str
    max_results: int
    total: int
    start_at: int


class WorklogPage(msgspec.Struct, rename="camel", gc=False):
    start_at: int
    max_results: int
    total: int
    worklogs: list[Raw]


class HistoryPage(msgspec.Struct, rename="camel", gc=False):
    start_at: int
    max_results: int
    total: int
    histories: list[Raw]


class Issue(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """An issue as an answer shows it; what is None is left out."""

    id: str
    expand: str | None = None
    self: str | None = None
    key: str | None = None
    changelog: HistoryPage | None = None
    rendered_fields: dict[str, Any] | None = None
    names: dict[str, str] | None = None
    schema: dict[str, Any] | None = None
    transitions: list[Any] | None = None
    editmeta: dict[str, Any] | None = None
    versioned_representations: dict[str, Any] | None = None
    fields: dict[str, Raw] | None = None


_LISTS = msgspec.json.Decoder(_Lists)
_DATED = msgspec.json.Decoder(_Dated)
_EXPANDABLE = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"


class FieldChoice:
    """The ``fields`` parameter: names, ``-name``, ``*all`` and ``*navigable``; a name may be a comma list."""

    def __init__(self, fields: Iterable[str], default: str) -> None:
        names = [name.strip() for field in fields for name in field.split(",") if name.strip()] or [default]
        self.removed = frozenset(name[1:] for name in names if name.startswith("-"))
        self.named = frozenset(name for name in names if not name.startswith(("-", "*")))
        if not self.named and not any(name.startswith("*") for name in names):
            names.append(default)
        self.all = "*all" in names
        self.navigable = "*navigable" in names

    @property
    def whole(self) -> bool:
        return self.all or self.navigable

    @property
    def only_identity(self) -> bool:
        """Whether no real field is wanted: such pages may be 50 times as long."""
        return not self.whole and self.named <= {"id", "key", "issuekey"}

    def wants(self, name: str) -> bool:
        if name in self.removed:
            return False
        return name in self.named or self.all or (self.navigable and name not in NOT_NAVIGABLE)

    def of(self, contents: Contents) -> dict[str, Raw]:
        """The chosen fields that the issue has, in the issue's order."""
        fields = contents.fields
        if self.whole:
            return {name: raw for name, raw in fields.items() if self.wants(name)}
        return {name: raw for name, raw in fields.items() if name in self.named and name not in self.removed}


def comments_of(contents: Contents) -> list[Raw]:
    """All comments, oldest first."""
    return _oldest_first(_lists(contents.value("comment")).comments)


def worklogs_of(contents: Contents) -> list[Raw]:
    """All worklogs, oldest first."""
    return _oldest_first(_lists(contents.value("worklog")).worklogs)


def histories_of(contents: Contents) -> list[Raw]:
    """The whole changelog, oldest first."""
    return _oldest_first(_lists(bytes(contents.changelog)).histories)


def place_in_time(raw: Raw) -> tuple[int, int]:
    """(epoch milliseconds of ``created``, id) of a comment, worklog or history."""
    dated = _DATED.decode(raw)
    return _moment(dated.created), int(dated.id) if str(dated.id).isdigit() else 0


def started(raw: Raw) -> int:
    """Epoch milliseconds of a worklog's ``started``."""
    return _moment(_DATED.decode(raw).started)


def shape(
    stored: StoredIssue,
    choice: FieldChoice,
    *,
    embedded_comments: int,
    embedded_histories: int,
    identified: bool = True,
    expand: Collection[str] = (),
    failing: Collection[str] = (),
    rewrite: Callable[[dict[str, Raw]], None] | None = None,
) -> Issue:
    """One issue for an answer. Unless ``identified``, key and self must have been asked for like fields.

    ``failing`` fields are silently absent, as Jira does without ``failFast``.
    ``rewrite`` may change field values in place (what the caller may not see, what moves with the clock).
    """
    contents = stored.contents()
    fields = choice.of(contents)
    for name in failing:
        fields.pop(name, None)
    self_url = contents.self or f"https://sandbox.atlassian.net/rest/api/3/issue/{stored.id}"
    if _is_object(fields.get("comment")):
        fields["comment"] = _embedded_comments(contents, embedded_comments, self_url)
    if _is_object(fields.get("worklog")):
        worklogs = worklogs_of(contents)
        page = WorklogPage(0, EMBEDDED_WORKLOGS, len(worklogs), worklogs[:EMBEDDED_WORKLOGS])
        fields["worklog"] = Raw(msgspec.json.encode(page))
    if rewrite is not None:
        rewrite(fields)
    issue = Issue(id=stored.id)
    if identified or choice.whole or choice.named & {"key", "issuekey"}:
        issue.key, issue.self, issue.expand = stored.key, self_url, contents.expand or _EXPANDABLE
    if choice.whole or choice.named - _SPECIAL_FIELDS:
        issue.fields = fields
    _expand(issue, contents, fields, expand, embedded_histories)
    return issue


def newest(raws: Sequence[Raw], limit: int) -> HistoryPage:
    """The first page of an embedded changelog: newest first, cut at ``limit``, with the true total."""
    return HistoryPage(0, min(limit, len(raws)), len(raws), list(reversed(raws[-limit:])))


def _embedded_comments(contents: Contents, limit: int, self_url: str) -> Raw:
    comments = comments_of(contents)
    shown = comments[-limit:]
    page = CommentPage(shown, f"{self_url}/comment", len(shown), len(comments), len(comments) - len(shown))
    return Raw(msgspec.json.encode(page))


def _expand(
    issue: Issue, contents: Contents, fields: dict[str, Raw], expand: Collection[str], histories: int
) -> None:
    if "changelog" in expand:
        issue.changelog = newest(histories_of(contents), histories)
    if "renderedFields" in expand:
        issue.rendered_fields = {name: _rendered(name, raw) for name, raw in fields.items()}
    if "transitions" in expand:
        issue.transitions = []
    if "editmeta" in expand:
        issue.editmeta = {"fields": {}}
    if "versionedRepresentations" in expand:
        issue.versioned_representations = {name: {"1": raw} for name, raw in fields.items()}
        issue.fields = None


def _rendered(name: str, raw: Raw) -> Any:
    # Dates for people: no zone, so nobody can mistake them for data.
    if name in {"created", "updated", "resolutiondate"} and raw != _NULL:
        return "2 days ago 10:05 AM"
    return None


def _lists(raw: bytes) -> _Lists:
    # A value of an unexpected shape is none of the lists; it is served as it is.
    return _LISTS.decode(raw) if _is_object(raw) else _Lists()


def _is_object(raw: bytes | Raw | None) -> bool:
    return raw is not None and bytes(raw)[:1] == b"{"


def _oldest_first(raws: list[Raw]) -> list[Raw]:
    return sorted(raws, key=place_in_time) if len(raws) > 1 else raws


def _moment(value: str | int | None) -> int:
    return parse_time(value) if isinstance(value, str) else value or 0
