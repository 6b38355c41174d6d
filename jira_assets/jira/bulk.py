"""The calls that answer for many issues at once, read page by page to their proven end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import Raw

from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BrokenPaging
from jira_assets.jira.host import Answer

SEARCH = "/rest/api/3/search/jql"
ISSUES = "/rest/api/3/issue/bulkfetch"
CHANGELOGS = "/rest/api/3/changelog/bulkfetch"
PROJECTS = "/rest/api/3/project/search"
MYSELF = "/rest/api/3/myself"

ISSUES_PER_PAGE = 100  # as soon as a real field is asked for, Jira gives no more (jira_cloud.md 1.1)
ISSUES_PER_CALL = 100  # of issue/bulkfetch, as soon as a list such as the comments is asked for
ISSUES_PER_CALL_OF_NAMED_FIELDS = 1000
ISSUES_PER_CHANGELOG_CALL = 1000
HISTORIES_PER_PAGE = 10_000
_PROJECTS_PER_PAGE = 100
MAX_PAGES = 10_000  # a million issues in one month: a site that sends more is going round in circles


class IssuePage(msgspec.Struct, rename="camel"):
    """One page of issues, as Jira wrote them."""

    issues: list[Raw] = []
    next_page_token: str | None = None
    is_last: bool | None = None


class Account(msgspec.Struct, rename="camel"):
    """Who the credential belongs to."""

    account_id: str = ""
    display_name: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Changelogs:
    """Histories by issue id, as Jira wrote them. An issue that it left out has no entry."""

    histories: dict[str, list[Raw]]
    sent_at: datetime  # of the first page


class _IssueChangeLog(msgspec.Struct, rename="camel"):
    issue_id: str | int
    change_histories: list[Raw] | None = None


class _ChangelogPage(msgspec.Struct, rename="camel"):
    issue_change_logs: list[_IssueChangeLog] = []
    next_page_token: str | None = None


class _Project(msgspec.Struct, rename="camel"):
    key: str
    name: str | None = None


class _ProjectPage(msgspec.Struct, rename="camel"):
    values: list[_Project]
    total: int | None = None
    is_last: bool | None = None


class _PageTokens:
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


def search(
    client: JiraClient,
    jql: str,
    fields: Sequence[str],
    expand: str | None = None,
    *,
    issues_per_page: int = ISSUES_PER_PAGE,
    max_pages: int = MAX_PAGES,
) -> Iterator[Answer[IssuePage]]:
    """The pages of ``POST search/jql``, until ``isLast`` or no token. Jira's default for fields is ids."""
    body: dict[str, object] = {"jql": jql, "fields": list(fields), "maxResults": issues_per_page}
    if expand:
        body["expand"] = expand
    tokens = _PageTokens(SEARCH, max_pages)
    while True:
        page = client.post(SEARCH, body, IssuePage)
        yield page
        if page.value.is_last or not page.value.next_page_token:
            return
        body["nextPageToken"] = tokens.follow(page.value.next_page_token)


def bulk_issues(
    client: JiraClient, issue_ids: Sequence[str], fields: Sequence[str], expand: Sequence[str] = ()
) -> Iterator[Answer[IssuePage]]:
    """The issues with these ids, from ``POST issue/bulkfetch``. Jira says nothing of those it leaves out."""
    at_once = ISSUES_PER_CALL if expand or "*all" in fields else ISSUES_PER_CALL_OF_NAMED_FIELDS
    for start in range(0, len(issue_ids), at_once):
        body: dict[str, object] = {
            "issueIdsOrKeys": list(issue_ids[start : start + at_once]),
            "fields": list(fields),
        }
        if expand:
            body["expand"] = list(expand)
        yield client.post(ISSUES, body, IssuePage)


def bulk_changelogs(
    client: JiraClient,
    issue_ids: Sequence[str],
    *,
    histories_per_page: int = HISTORIES_PER_PAGE,
    max_pages: int = MAX_PAGES,
) -> Changelogs:
    """All histories of up to 1,000 issues, from ``POST changelog/bulkfetch``.

    Jira sorts the answer by date, so the history of one issue is spread over pages. Duplicates are kept.
    """
    body: dict[str, object] = {"issueIdsOrKeys": list(issue_ids), "maxResults": histories_per_page}
    tokens = _PageTokens(CHANGELOGS, max_pages)
    histories: dict[str, list[Raw]] = {}
    sent_at: datetime | None = None
    while True:
        page = client.post(CHANGELOGS, body, _ChangelogPage)
        sent_at = sent_at or page.sent_at
        for issue in page.value.issue_change_logs:
            histories.setdefault(str(issue.issue_id), []).extend(issue.change_histories or [])
        if not page.value.next_page_token:
            return Changelogs(histories, sent_at)
        body["nextPageToken"] = tokens.follow(page.value.next_page_token)


def visible_projects(client: JiraClient, kind: str | None = None) -> dict[str, str]:
    """The key and name of every project that the account can see, or of those of one kind."""
    found: dict[str, str] = {}
    start_at = 0
    while True:
        params: dict[str, str | int] = {"startAt": start_at, "maxResults": _PROJECTS_PER_PAGE}
        if kind is not None:
            params["typeKey"] = kind
        page = client.get_json(PROJECTS, params, _ProjectPage)
        found.update((project.key, project.name or project.key) for project in page.values)
        start_at += len(page.values)
        at_end = page.total is not None and start_at >= page.total
        if page.is_last or at_end or not page.values:
            return found


def myself(client: JiraClient) -> Account:
    """The account that the credential belongs to. Raises ``Unauthorised`` if it belongs to none."""
    return client.get_json(MYSELF, None, Account)
