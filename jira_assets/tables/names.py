"""The names that things have now, for issues that refer to them by id.

An issue that nobody has touched for years says what its status, its version, its assignee were called then.
What the site's lists say is newer, unless the issue was read after them: then it is the issue that knows.
Names are none of what a table's version depends on: who is renamed leaves all other rows as they are.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import msgspec

from jira_assets.raw.errors import RawLogError
from jira_assets.raw.lookups import PROJECTS, LookupStore
from jira_assets.tables.lenient import read
from jira_assets.tables.shapes import Named, Project, Status, User

T = TypeVar("T")
Values = tuple[str | None, ...]


class Reference(NamedTuple):
    """Columns of a table that show what the id (or the ids) in another one stands for in a list: one for each
    of the list's values, None for a value that the table does not show.
    """

    table: str
    list_name: str
    id_column: str
    columns: tuple[str | None, ...]
    is_list: bool = False


_EMAIL_AND_NAME = ("author_email", "author_name")
REFERENCES = (
    Reference("issues", PROJECTS, "project_id", ("project_key", "project_name")),
    Reference("issues", "issue_types", "issue_type_id", ("issue_type",)),
    Reference("issues", "statuses", "status_id", ("status", "status_category", "status_category_key")),
    Reference("issues", "priorities", "priority_id", ("priority",)),
    Reference("issues", "resolutions", "resolution_id", ("resolution",)),
    *(
        Reference("issues", "users", f"{role}_account_id", (f"{role}_email", f"{role}_name"))
        for role in ("creator", "reporter", "assignee")
    ),
    Reference("issues", "components", "component_ids", ("components",), is_list=True),
    Reference("issues", "versions", "fix_version_ids", ("fix_versions",), is_list=True),
    Reference("issues", "versions", "affects_version_ids", ("affects_versions",), is_list=True),
    Reference("issuelinks", "statuses", "linked_issue_status_id", ("linked_issue_status", None, None)),
    Reference("issuelinks", "priorities", "linked_issue_priority_id", ("linked_issue_priority",)),
    Reference("comments", "users", "author_account_id", _EMAIL_AND_NAME),
    Reference("changelog", "users", "author_account_id", _EMAIL_AND_NAME),
    Reference("attachments", "users", "author_account_id", ("author_email", None)),
    Reference("worklogs", "users", "author_account_id", (None, "author_name")),
)


class KnownName(NamedTuple):
    """What is known of a thing: when it was read (milliseconds since the epoch), and its names."""

    read_at: int
    values: Values

    def over(self, own: Values, fetched_at: int) -> Values:
        """The names to show where an issue that was fetched then has its ``own``. None says nothing."""
        is_newer = fetched_at > self.read_at
        return tuple(
            mine if theirs is None or (is_newer and mine is not None) else theirs
            for mine, theirs in zip(own, self.values, strict=True)
        )


def _project(project: Project) -> Values:
    return project.key, project.name


def _status(status: Status) -> Values:
    category = status.statusCategory
    return (status.name, category.name, category.key) if category else (status.name, None, None)


def _user(user: User) -> Values:
    return user.emailAddress, user.displayName


def _name(named: Named) -> Values:
    return (named.name,)


class _ProjectEntry(msgspec.Struct, gc=False):
    entry: Project
    read_at: int


class _StatusEntry(msgspec.Struct, gc=False):
    entry: Status
    read_at: int


class _UserEntry(msgspec.Struct, gc=False):
    entry: User
    read_at: int


class _NamedEntry(msgspec.Struct, gc=False):
    entry: Named
    read_at: int


# What an entry is decoded as, and its names.
_SHAPES: Mapping[str, tuple[type[Any], Callable[[Any], Values]]] = {
    PROJECTS: (_ProjectEntry, _project),
    "statuses": (_StatusEntry, _status),
    "users": (_UserEntry, _user),
}
_NAMED: tuple[type[Any], Callable[[Any], Values]] = (_NamedEntry, _name)
_LISTS = frozenset(reference.list_name for reference in REFERENCES)


class Names:
    """What the stored lists say, each read when it is first asked for. Without a store, nothing is known.

    A list that cannot be read says nothing; whoever reads it from Jira again tells why.
    """

    def __init__(self, store: LookupStore | None = None) -> None:
        self._store = store
        self._read: dict[str, dict[str, Any]] = {}
        # Before any list is: names that are newer than this says are compared once more, which is harmless.
        self.version = store.version(_LISTS) if store else ""

    def known(self, list_name: str) -> Mapping[str, KnownName]:
        """All entries of a list, by id."""
        _, values = _SHAPES.get(list_name, _NAMED)
        return {
            entry_id: KnownName(each.read_at, values(each.entry))
            for entry_id, each in self._entries(list_name).items()
        }

    def shown(self, list_name: str, entry_id: str | None, own: Values, fetched_at: int) -> Values:
        """The names to show for an id, where an issue that was fetched then has its ``own``."""
        if not self.version or entry_id is None:
            return own
        found = self._entries(list_name).get(entry_id)
        if found is None:
            return own
        _, values = _SHAPES.get(list_name, _NAMED)
        return KnownName(found.read_at, values(found.entry)).over(own, fetched_at)

    @cached_property
    def former_keys(self) -> Mapping[str, tuple[str, ...]]:
        """The keys that projects had, by the projects' ids."""
        try:
            entries = self._store.read(PROJECTS) if self._store else []
        except RawLogError:
            return {}
        return {entry.id or "": entry.former_keys for entry in entries if entry.former_keys}

    @cached_property
    def renamed_keys(self) -> Mapping[str, str]:
        """From the keys that projects had to those that they have, unless another has that one by now."""
        try:
            return self._store.renamed_projects() if self._store else {}
        except RawLogError:
            return {}

    def issue_key(self, key: str | None) -> str | None:
        """The key that an issue has now, of which nothing else is known than one that it had."""
        if key is None or not self.version or not self.renamed_keys:
            return key
        project, dash, number = key.rpartition("-")
        return f"{self.renamed_keys.get(project, project)}{dash}{number}"

    def _entries(self, list_name: str) -> dict[str, Any]:
        """By id, decoded as far as names go."""
        if list_name not in self._read:
            shape, _ = _SHAPES.get(list_name, _NAMED)
            found = _decoded(self._store, list_name, shape) if self._store else []
            self._read[list_name] = {entry_id: each for each in found if (entry_id := _id_of(each.entry))}
        return self._read[list_name]


NO_NAMES = Names()


def _decoded(store: LookupStore, list_name: str, shape: type[T]) -> list[T]:
    """The entries of a list at once, or one by one if some of them are not as documented."""
    with suppress(RawLogError):
        return store.read_as(list_name, shape)
    with suppress(RawLogError):
        payloads = (msgspec.json.encode(entry) for entry in store.read(list_name))
        read_one_by_one = (read(shape, payload, "", _pass_over) for payload in payloads)
        return [entry for entry in read_one_by_one if entry is not None]
    return []


def _id_of(entry: Any) -> str | None:
    found = entry.accountId if isinstance(entry, User) else entry.id
    return None if found is None else str(found)


def _pass_over(path: str, reason: str) -> None:
    """The tables of the lists tell what could not be read."""
