"""Pages that follow each other: Jira's word for where they go on, and a look at whether they do."""

from contextlib import suppress

import msgspec
from msgspec import Raw

from jira_assets.jira.errors import BrokenPaging

MAX_PAGES = 10_000  # a million issues in one month: a site that sends more is going round in circles
_EMPTY_PAGES_IN_A_ROW = 50  # there are some where an account may not see what search finds


class IssuePage(msgspec.Struct, rename="camel"):
    """One page of issues, as Jira wrote them."""

    issues: list[Raw] = []
    next_page_token: str | None = None
    is_last: bool | None = None


class _Listed(msgspec.Struct):
    id: str | int


class PageTokens:
    """Follows ``nextPageToken``. Raises ``BrokenPaging`` on a token seen before and on too many pages."""

    def __init__(self, path: str, max_pages: int = MAX_PAGES) -> None:
        self._path = path
        self._max_pages = max_pages
        self._seen: set[str] = set()

    def follow(self, token: str) -> str:
        """The token to send next."""
        if token in self._seen:
            raise BrokenPaging("POST", self._path, 200, "Jira sent the same page token twice.")
        if len(self._seen) + 1 >= self._max_pages:
            raise BrokenPaging("POST", self._path, 200, f"more than {self._max_pages} pages.")
        self._seen.add(token)
        return token


class Circles:
    """Looks whether the pages of a search bring anything new. Raises ``BrokenPaging`` where they don't.

    An issue that changes its place meanwhile is on two pages, so one old page of a single issue is none.
    """

    def __init__(self) -> None:
        self._issues: set[str] = set()
        self._pages: set[int] = set()
        self._old = self._empty = 0

    def note(self, path: str, page: IssuePage) -> None:
        """Looks at the next page of a search at this path."""
        listed = ids_of(page)
        before = len(self._issues)
        self._issues.update(listed)
        is_old = len(self._issues) == before
        self._empty = 0 if listed else self._empty + 1
        self._old = self._old + 1 if listed and is_old else 0
        is_repeated = len(listed) > 1 and hash(tuple(listed)) in self._pages
        self._pages.add(hash(tuple(listed)))
        if is_repeated or self._old > 1:
            raise BrokenPaging("POST", path, 200, "Jira sent the same issues on two pages.")
        if self._empty > _EMPTY_PAGES_IN_A_ROW:
            raise BrokenPaging("POST", path, 200, f"{self._empty} pages in a row hold no issues.")


def ids_of(page: IssuePage) -> list[str]:
    """The ids of the issues on a page, but for those that have none."""
    found = []
    for issue in page.issues:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            found.append(str(msgspec.json.decode(issue, type=_Listed).id))
    return found
