"""Reading what the site calls things: its lists of projects, statuses, people and so on, each to its end.

Sources: the OpenAPI document for project/search; real answers of the others as other clients have recorded
them. Sites without Jira Software or Service Management have no boards, and no organizations.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar, cast

import msgspec
from msgspec import Raw

from jira_assets.jira.bulk import PROJECTS as PROJECT_SEARCH
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    BadQuery,
    BrokenPaging,
    Gone,
    JiraError,
    MissingOrForbidden,
    Unauthorised,
)
from jira_assets.jira.paging import MAX_PAGES

T = TypeVar("T")

_PER_PAGE = 100
_USERS_PER_PAGE = 1000
_PER_PAGE_OF_SERVICE_DESK = 50
_NO_SUCH_PATH = (MissingOrForbidden, Gone)
_PICTURES = "avatarUrls"  # most of a user's bytes, and nothing that anybody refers to

Entries = dict[str | None, list[Raw]]
"""As Jira sent them, by the id of the project or board in whose list they are; None if there is but one."""


@dataclass(slots=True)
class FetchedList:
    """A list. It was asked for at ``sent_at``, and read to its end at ``read_at``, both by Jira's clock.
    ``unread`` are the projects or boards whose part of it could not be read, and why.
    """

    sent_at: datetime
    read_at: datetime
    entries: Entries
    unread: dict[str, str] = field(default_factory=dict)


class _Page(msgspec.Struct):
    values: list[Raw]
    total: int | None = None
    isLast: bool | None = None
    isLastPage: bool | None = None

    def is_end(self, seen: int) -> bool:
        """Whether nothing follows, ``seen`` being how many entries have come. ``total`` outweighs isLast."""
        if self.total is not None:
            return seen >= self.total
        return self.isLast or self.isLastPage or False


class _Project(msgspec.Struct):
    id: str | int
    key: str
    projectKeys: list[str] = []


class _Board(msgspec.Struct):
    id: str | int
    type: str | None = None


_ANSWER = cast(type[list[Raw] | _Page], list[Raw] | _Page)


class LookupReader:
    """Reads lists of one site. ``projects`` are the keys of those to copy; none means all."""

    def __init__(self, client: JiraClient, projects: Collection[str] = ()) -> None:
        self._client = client
        self._keys = frozenset(projects)

    def fetch(self, name: str) -> FetchedList:
        """One of ``LISTS``, whole. Raises ``JiraError``: then nothing is known of it."""
        return LISTS[name](self)

    def projects(self) -> FetchedList:
        return self._projects

    def users(self) -> FetchedList:
        """All accounts, also those of apps and customers, and of who has left."""
        asked = self._client.clock.reading()
        found = _pages_of_arrays(self._client, "/rest/api/3/users/search", _USERS_PER_PAGE)
        return self._whole(asked, map(_without_pictures, found))

    def boards(self) -> FetchedList:
        return self._boards

    def sprints(self) -> FetchedList:
        """Of boards that may have any: those of the type kanban have none, and say so with a 400."""
        ids = [str(board.id) for board in _decoded(self._boards, _Board) if board.type != "kanban"]
        return self._of_each(ids, "/rest/agile/1.0/board/{}/sprint", none_if=BadQuery)

    def components(self) -> FetchedList:
        return self._of_each(self._project_ids(), "/rest/api/3/project/{}/component")

    def versions(self) -> FetchedList:
        return self._of_each(self._project_ids(), "/rest/api/3/project/{}/version")

    def of_site(self, *paths: str) -> FetchedList:
        """A list at the first of these paths that the site has, whether as an array or in pages."""
        asked = self._client.clock.reading()
        for path in paths[:-1]:
            with suppress(*_NO_SUCH_PATH):
                return self._whole(asked, _pages(self._client, path))
        return self._whole(asked, _pages(self._client, paths[-1]))

    def of_service_desk(self, path: str) -> FetchedList:
        asked = self._client.clock.reading()
        names = ("start", "limit")
        found = _pages(self._client, path, per_page=_PER_PAGE_OF_SERVICE_DESK, names=names)
        return self._whole(asked, found)

    @cached_property
    def _projects(self) -> FetchedList:
        asked = self._client.clock.reading()
        return self._whole(asked, _pages(self._client, PROJECT_SEARCH, {"expand": "lead,projectKeys"}))

    @cached_property
    def _boards(self) -> FetchedList:
        return self.of_site("/rest/agile/1.0/board")

    def _whole(self, asked: timedelta, found: Iterable[Raw]) -> FetchedList:
        """What is read to its end before it is known, by Jira's clock, when that was asked for."""
        entries = list(found)
        return FetchedList(self._client.clock.at(asked), self._client.now, {None: entries})

    def _project_ids(self) -> list[str]:
        """Of the projects to copy. A project that was renamed is found by the key that it had."""
        return [
            str(project.id)
            for project in _decoded(self._projects, _Project)
            if not self._keys or not self._keys.isdisjoint((project.key, *project.projectKeys))
        ]

    def _of_each(self, ids: Sequence[str], path: str, none_if: type[JiraError] | None = None) -> FetchedList:
        """A list that each project or board has a part of. One that cannot be read costs no other."""
        asked_at = self._client.now
        fetched = FetchedList(asked_at, asked_at, {})

        def entries(owner: str) -> list[Raw] | JiraError:
            try:
                return list(_pages(self._client, path.format(owner)))
            except Unauthorised:
                raise
            except JiraError as error:
                return [] if none_if is not None and isinstance(error, none_if) else error

        with ThreadPoolExecutor(self._client.concurrency, thread_name_prefix="jira lookups") as pool:
            for owner, found in zip(ids, pool.map(entries, ids), strict=True):
                if isinstance(found, JiraError):
                    fetched.unread[owner] = str(found)
                else:
                    fetched.entries[owner] = found
        fetched.read_at = self._client.now
        return fetched


LISTS: Mapping[str, Callable[[LookupReader], FetchedList]] = {
    "projects": LookupReader.projects,
    # Not statuses/search, which names categories otherwise than issues do.
    "statuses": lambda reader: reader.of_site("/rest/api/3/status"),
    "priorities": lambda reader: reader.of_site("/rest/api/3/priority/search", "/rest/api/3/priority"),
    "resolutions": lambda reader: reader.of_site("/rest/api/3/resolution/search", "/rest/api/3/resolution"),
    "issue_types": lambda reader: reader.of_site("/rest/api/3/issuetype"),
    "components": LookupReader.components,
    "versions": LookupReader.versions,
    "users": LookupReader.users,
    "boards": LookupReader.boards,
    "sprints": LookupReader.sprints,
    "organizations": lambda reader: reader.of_service_desk("/rest/servicedeskapi/organization"),
    "request_types": lambda reader: reader.of_service_desk("/rest/servicedeskapi/requesttype"),
}
"""The lists by name, in the order in which they are read."""


def project_keys(projects: FetchedList) -> list[str]:
    """The keys of the projects in a list."""
    return [project.key for project in _decoded(projects, _Project)]


def _decoded(fetched: FetchedList, shape: type[T]) -> list[T]:
    """The entries of a list of the site's, but for those that are not as documented."""
    found = []
    for raw in fetched.entries[None]:
        with suppress(msgspec.ValidationError):
            found.append(msgspec.json.decode(raw, type=shape))
    return found


def _pages(
    client: JiraClient,
    path: str,
    params: Mapping[str, str] | None = None,
    *,
    per_page: int = _PER_PAGE,
    names: tuple[str, str] = ("startAt", "maxResults"),
) -> Iterator[Raw]:
    """The entries of all pages; of an array, which is whole, its own. Raises ``BrokenPaging``."""
    start_name, limit_name = names
    seen: set[bytes] = set()
    start = 0
    for _ in range(MAX_PAGES):
        page = client.get_json(path, {**(params or {}), start_name: start, limit_name: per_page}, _ANSWER)
        if isinstance(page, list):
            yield from page
            return
        yield from _new(page.values, seen, path)
        start += len(page.values)
        if not page.values or page.is_end(start):
            return
    raise BrokenPaging("GET", path, 200, f"more than {MAX_PAGES} pages.")


def _pages_of_arrays(client: JiraClient, path: str, per_page: int) -> Iterator[Raw]:
    """The entries of pages that are mere arrays: the first empty one is the end, a short one need not be."""
    seen: set[bytes] = set()
    start = 0
    for _ in range(MAX_PAGES):
        page = client.get_json(path, {"startAt": start, "maxResults": per_page}, list[Raw])
        if not page:
            return
        yield from _new(page, seen, path)
        start += len(page)
    raise BrokenPaging("GET", path, 200, f"more than {MAX_PAGES} pages.")


def _new(values: Sequence[Raw], seen: set[bytes], path: str) -> list[Raw]:
    """Those that were on no page before. A page without any new one goes round in circles."""
    found = {bytes(value): value for value in values}
    new = [value for content, value in found.items() if content not in seen]
    if values and not new:
        raise BrokenPaging("GET", path, 200, "Jira sent the same page twice.")
    seen.update(found)
    return new


def _without_pictures(user: Raw) -> Raw:
    try:
        members = msgspec.json.decode(user, type=dict[str, Raw])
    except msgspec.ValidationError:
        return user
    return user if members.pop(_PICTURES, None) is None else Raw(msgspec.json.encode(members))
