"""How issues show each other: as briefs in their links, as parent, and as sub-tasks.

Jira shows the other issue as it is at that moment. The ``updated`` of the issue that shows it does not move.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from jira_assets.sandbox.stored import Contents, StoredIssue

BRIEF_FIELDS = ("summary", "status", "priority", "issuetype")
"""Whatever a brief shows of an issue beside its id and key."""

_MENTIONING = frozenset({"issuelinks", "subtasks", "parent"})
_SIDES = ("inwardIssue", "outwardIssue")
_MEMBERS = msgspec.json.Decoder(dict[str, Raw])
Others = Mapping[str, Contents | None]
"""Issues by id as they are now; None for one that is gone."""


class Neighbours:
    """Which issues mention an issue."""

    def __init__(self) -> None:
        self._mentioned_by: dict[str, set[str]] = {}

    def note(self, issue_id: str, before: StoredIssue | None, after: StoredIssue | None) -> None:
        """An issue was changed, created (no ``before``) or deleted (no ``after``)."""
        mentioned, mentions = (state.mentions if state else frozenset() for state in (before, after))
        for other in mentioned - mentions:
            self._mentioned_by[other].discard(issue_id)
        for other in mentions - mentioned:
            self._mentioned_by.setdefault(other, set()).add(issue_id)

    def of(self, issue_id: str) -> Iterable[str]:
        """Ids of the issues that mention this one."""
        return sorted(self._mentioned_by.get(issue_id, ()))


def looks_the_same(before: Contents, after: Contents) -> bool:
    """Whether the briefs of an issue stay as they are."""
    return before.key == after.key and all(before.value(name) == after.value(name) for name in BRIEF_FIELDS)


def brief(issue: dict[str, Any], address: str) -> dict[str, Any]:
    """A full issue as others show it; ``address`` is its ``self``."""
    fields = {name: issue["fields"][name] for name in BRIEF_FIELDS if name in issue["fields"]}
    return {"id": str(issue["id"]), "key": issue["key"], "self": address, "fields": fields}


def with_briefs(line: bytes, others: Others) -> bytes:
    """The JSON of a full issue whose briefs of these others are renewed; the briefs of gone ones are removed.

    A brief keeps its members: only those that it has are renewed. The very same bytes if nothing changes.
    """
    issue = _MEMBERS.decode(line)
    fields = _MEMBERS.decode(issue["fields"])
    renewed = dict(fields)
    for name in _MENTIONING.intersection(fields):
        shown = msgspec.json.decode(fields[name])
        current = _renewed(name, shown, others)
        if current != shown:
            renewed[name] = Raw(msgspec.json.encode(current))
        if current is None and shown is not None:
            del renewed[name]
    if renewed == fields:
        return line
    return msgspec.json.encode(issue | {"fields": renewed})


def _renewed(name: str, value: Any, others: Others) -> Any:
    if name == "parent":
        return _brief(value, others)
    if not isinstance(value, list):
        return value
    renew = _link if name == "issuelinks" else _brief
    elements = (renew(element, others) if isinstance(element, dict) else element for element in value)
    return [element for element in elements if element is not None]


def _link(link: dict[str, Any], others: Others) -> dict[str, Any] | None:
    sides = {side: _brief(link[side], others) for side in _SIDES if link.get(side)}
    return None if None in sides.values() else link | sides


def _brief(shown: Any, others: Others) -> Any:
    issue_id = str(shown.get("id")) if isinstance(shown, dict) else ""
    if issue_id not in others:
        return shown
    other = others[issue_id]
    if other is None:
        return None
    renewed = shown | ({"key": other.key} if "key" in shown else {})
    fields = shown.get("fields")
    if isinstance(fields, dict):
        known = {name for name in BRIEF_FIELDS if name in fields and name in other.fields}
        renewed["fields"] = fields | {name: msgspec.json.decode(other.fields[name]) for name in known}
    return renewed
