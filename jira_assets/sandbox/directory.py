"""What the issues of a site refer to, as the site's own lists have it: statuses, versions, people and so on.

The lists hold what the issues show, as whichever was stored last shows it, and what was changed or added.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from jira_assets.sandbox.stored import StoredIssue

Thing = dict[str, Any]

# A project comes first: what follows may belong to it.
_SHOWN_BY: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("projects", ("project",)),
    ("statuses", ("status",)),
    ("priorities", ("priority",)),
    ("resolutions", ("resolution",)),
    ("issue_types", ("issuetype",)),
    ("components", ("components",)),
    ("versions", ("fixVersions", "versions")),
    ("users", ("creator", "reporter", "assignee")),
)
FIELDS = dict(_SHOWN_BY)
"""The fields of an issue that show entries of a list."""

_OF_PROJECT = ("components", "versions")


class Directory:
    """The lists of one site. Whoever changes the site keeps others from doing so meanwhile."""

    def __init__(self) -> None:
        self._unseen: dict[str, StoredIssue] = {}
        self._lists: dict[str, dict[str, Thing]] = {name: {} for name in FIELDS}
        self._former_keys: dict[str, list[str]] = {}

    def note(self, issue: StoredIssue) -> None:
        """An issue was stored; it is looked at when somebody asks for a list."""
        self._unseen.pop(issue.id, None)
        self._unseen[issue.id] = issue

    def entries(self, name: str) -> list[Thing]:
        """A list, by id."""
        self._look()
        found = self._lists.get(name, {})
        return [found[thing_id] for thing_id in sorted(found, key=lambda each: (len(each), each))]

    def get(self, name: str, thing_id: str) -> Thing:
        """One entry. Raises KeyError."""
        self._look()
        return self._lists[name][thing_id]

    def add(self, name: str, thing: Thing) -> None:
        """Put something into a list that no issue shows, or not so."""
        self._lists.setdefault(name, {})[_id_of(thing)] = thing

    def remove(self, name: str, thing_id: str) -> None:
        """Take something off a list; it is back when an issue that shows it is stored. Raises KeyError."""
        self._look()
        del self._lists[name][thing_id]

    def change(self, name: str, thing_id: str, changes: Thing) -> Thing:
        """Give an entry other values; returns what it is then. Raises KeyError."""
        before = self.get(name, thing_id)
        if name == "projects" and changes.get("key", before.get("key")) != before.get("key"):
            self._note_former_key(thing_id, before["key"])
        self._lists[name][thing_id] = before | changes
        return self._lists[name][thing_id]

    def former_keys(self, project_id: str) -> list[str]:
        """The keys that a project had, oldest first."""
        self._look()
        return list(self._former_keys.get(project_id, ()))

    def _note_former_key(self, project_id: str, key: str) -> None:
        keys = self._former_keys.setdefault(project_id, [])
        keys += [] if key in keys else [key]

    def _look(self) -> None:
        unseen, self._unseen = self._unseen, {}
        for issue in unseen.values():
            self._learn(issue)

    def _learn(self, issue: StoredIssue) -> None:
        contents = issue.contents()
        project_id = ""
        for name, fields in _SHOWN_BY:
            for thing in _things(contents.value(field) for field in fields):
                thing_id = _id_of(thing)
                if not thing_id:
                    continue
                before = self._lists[name].get(thing_id, {})
                if name == "projects":
                    project_id = thing_id
                    if before.get("key") not in (None, thing.get("key")):
                        self._note_former_key(thing_id, before["key"])
                of = {"projectId": int(project_id)} if name in _OF_PROJECT and project_id.isdigit() else {}
                self._lists[name][thing_id] = before | of | thing


def _things(values: Iterable[bytes]) -> list[Thing]:
    decoded = [msgspec.json.decode(value) for value in values]
    flat = [each for value in decoded for each in (value if isinstance(value, list) else [value])]
    return [each for each in flat if isinstance(each, dict)]


def _id_of(thing: Thing) -> str:
    found = thing.get("accountId") or thing.get("id")
    return str(found) if isinstance(found, str | int) else ""
