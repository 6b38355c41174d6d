"""The calls that answer for many issues at once, read page by page to their proven end."""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from urllib.parse import quote

import msgspec
from msgspec import Raw

from jira_assets.jira.batches import SHRINKS, TRIES, BatchSizes, in_halves
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    BadQuery,
    BrokenPaging,
    Forbidden,
    JiraError,
    MissingOrForbidden,
    RateLimited,
    Redirected,
    Unauthorised,
    UnreadablePage,
)
from jira_assets.jira.host import Answer
from jira_assets.jira.paging import MAX_PAGES, Circles, IssuePage, PageTokens

_LOG = logging.getLogger(__name__)

SEARCH = "/rest/api/3/search/jql"
ISSUES = "/rest/api/3/issue/bulkfetch"
CHANGELOGS = "/rest/api/3/changelog/bulkfetch"
PROJECTS = "/rest/api/3/project/search"
MYSELF = "/rest/api/3/myself"
_COUNT = "/rest/api/3/search/approximate-count"

ISSUES_PER_PAGE = 100  # as soon as a real field is asked for, Jira gives no more (jira_cloud.md 1.1)
ISSUES_PER_CALL = 100  # of issue/bulkfetch, as soon as a list such as the comments is asked for
ISSUES_PER_CALL_OF_NAMED_FIELDS = 1000
ISSUES_PER_CHANGELOG_CALL = 1000
HISTORIES_PER_PAGE = 10_000
_PROJECTS_PER_PAGE = 100


class Account(msgspec.Struct, rename="camel"):
    """Who the credential belongs to."""

    account_id: str = ""
    display_name: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Changelogs:
    """Histories by issue id, as Jira wrote them. An issue that it left out has no entry."""

    histories: dict[str, list[Raw]]
    sent_at: datetime | None  # of the first page


class _IssueChangeLog(msgspec.Struct, rename="camel"):
    issue_id: str | int
    change_histories: list[Raw] | None = None


class _ChangelogPage(msgspec.Struct, rename="camel"):
    issue_change_logs: list[_IssueChangeLog] = []
    next_page_token: str | None = None


class _Project(msgspec.Struct, rename="camel"):
    key: str
    name: str | None = None


class _Count(msgspec.Struct):
    count: int


class _ProjectPage(msgspec.Struct, rename="camel"):
    values: list[_Project]
    total: int | None = None
    is_last: bool | None = None


def search(
    client: JiraClient,
    jql: str,
    fields: Sequence[str],
    expand: str | None = None,
    *,
    issues_per_page: int = ISSUES_PER_PAGE,
    max_pages: int = MAX_PAGES,
) -> Iterator[Answer[IssuePage]]:
    """The pages of ``POST search/jql``, until ``isLast`` or no token. Jira's default for fields is ids.

    A page that fails is asked for with half as many issues, and so are the next ones. Raises
    ``UnreadablePage`` when one issue alone fails, and ``BrokenPaging`` when pages contradict each other.
    """
    body: dict[str, object] = {"jql": jql, "fields": list(fields)}
    if expand:
        body["expand"] = expand
    size = client.kept(BatchSizes).of((SEARCH, tuple(fields), expand), issues_per_page)
    tokens, circles = PageTokens(SEARCH, max_pages), Circles()
    size_before, is_shrinking = size.now, False
    while True:
        try:
            tries = 1 if is_shrinking else TRIES
            page = client.post(SEARCH, body | {"maxResults": size.now}, IssuePage, tries=tries)
        except SHRINKS as error:
            if not is_shrinking:
                is_shrinking = True
                # If the search itself is at fault, or Jira is down, this fails too, after all tries.
                client.post(SEARCH, {"jql": jql, "fields": ["id"], "maxResults": 1}, IssuePage)
            if size.now == 1:
                size.set(size_before)  # it was not too large
                raise UnreadablePage("POST", SEARCH, error.status, error.reason) from error
            size.set(size.now // 2)
            continue
        is_shrinking = False
        size.succeeded()
        circles.note(SEARCH, page.value)
        yield page
        if page.value.is_last:
            return
        if not page.value.next_page_token:
            if page.value.is_last is False:
                raise BrokenPaging("POST", SEARCH, 200, "a page is not the last, and names no next one.")
            return
        body["nextPageToken"] = tokens.follow(page.value.next_page_token)


def approximate_count(client: JiraClient, jql: str) -> int:
    """How many issues Jira estimates that the JQL selects; what changed of late may not be counted yet."""
    return client.post(_COUNT, {"jql": jql}, _Count, tries=TRIES).value.count


def told(issue_id: str, error: JiraError) -> None:
    """What becomes of an issue that cannot be read, where nobody else wants to know."""
    _LOG.warning("issue %s cannot be read: %s", issue_id, error.without_reason)


def bulk_issues(
    client: JiraClient,
    issue_ids: Sequence[str],
    fields: Sequence[str],
    expand: Collection[str] = (),
    failed: Callable[[str, JiraError], None] = told,
) -> Iterator[Answer[IssuePage]]:
    """The issues with these ids, from ``POST issue/bulkfetch``. Jira says nothing of those it leaves out.

    What fails is asked for in halves, and one that fails alone at the issue's own address. If that fails as
    well, ``failed`` is told, and the others go on.
    """
    at_once = ISSUES_PER_CALL if expand or "*all" in fields else ISSUES_PER_CALL_OF_NAMED_FIELDS
    size = client.kept(BatchSizes).of((ISSUES, tuple(fields), tuple(expand)), at_once)

    def ask(ids: Sequence[str], tries: int | None) -> Answer[IssuePage]:
        body: dict[str, object] = {"issueIdsOrKeys": list(ids), "fields": list(fields)}
        if expand:
            body["expand"] = list(expand)
        return client.post(ISSUES, body, IssuePage, tries=tries)

    alone = partial(issue_alone, client, fields=fields, expand=expand)
    for asked in in_halves(issue_ids, size, ask, alone, partial(_raise_if_down, client)):
        if asked.answer is not None:
            yield asked.answer
        elif asked.error is not None:
            failed(asked.ids[0], asked.error)


def issue_alone(
    client: JiraClient, issue_id: str, fields: Sequence[str], expand: Collection[str]
) -> Answer[IssuePage]:
    """One issue from its own address, without what it can be expanded by if that is what fails.

    The page is empty if there is no such issue, or none to see. Raises ``JiraError``.
    """
    path = f"/rest/api/3/issue/{quote(issue_id, safe='')}"
    params = {"fields": ",".join(fields)}
    try:
        if expand:
            with suppress(*SHRINKS):
                answer = client.get(path, params | {"expand": ",".join(expand)}, Raw, tries=TRIES)
                return Answer(IssuePage([answer.value]), answer.sent_at, answer.answered_at)
        answer = client.get(path, params, Raw, tries=TRIES)
    except MissingOrForbidden:
        return Answer(IssuePage([]), client.now)
    return Answer(IssuePage([answer.value]), answer.sent_at, answer.answered_at)


def _raise_if_down(client: JiraClient) -> None:
    """Asks for something small, with all patience."""
    with suppress(Forbidden):  # that is an answer
        myself(client)


def bulk_changelogs(
    client: JiraClient,
    issue_ids: Sequence[str],
    tries: int | None = None,
    *,
    histories_per_page: int = HISTORIES_PER_PAGE,
    max_pages: int = MAX_PAGES,
) -> Changelogs:
    """All histories of up to 1,000 issues, from ``POST changelog/bulkfetch``.

    Jira sorts the answer by date, so the history of one issue is spread over pages. Duplicates are kept.
    """
    body: dict[str, object] = {"issueIdsOrKeys": list(issue_ids), "maxResults": histories_per_page}
    tokens = PageTokens(CHANGELOGS, max_pages)
    histories: dict[str, list[Raw]] = {}
    sent_at: datetime | None = None
    while True:
        page = client.post(CHANGELOGS, body, _ChangelogPage, tries=tries)
        sent_at = sent_at or page.sent_at
        for issue in page.value.issue_change_logs:
            histories.setdefault(str(issue.issue_id), []).extend(issue.change_histories or [])
        if not page.value.next_page_token:
            return Changelogs(histories, sent_at)
        body["nextPageToken"] = tokens.follow(page.value.next_page_token)


def changelogs(client: JiraClient, issue_ids: Sequence[str]) -> Changelogs:
    """As ``bulk_changelogs``, in halves where Jira refuses; issues that it refuses alone are left out.

    Raises a ``JiraError`` if that is no matter of the endpoint: then the issues' own would fail as well.
    """
    found = Changelogs({}, None)
    size = client.kept(BatchSizes).of(CHANGELOGS, ISSUES_PER_CHANGELOG_CALL)
    ask = partial(bulk_changelogs, client)
    try:
        for asked in in_halves(issue_ids, size, ask, _left_out, partial(_raise_if_down, client)):
            if asked.answer is not None:
                found.histories.update(asked.answer.histories)
                found = replace(found, sent_at=found.sent_at or asked.answer.sent_at)
    except (Unauthorised, RateLimited, Redirected):
        raise
    except JiraError as error:
        if error.path != CHANGELOGS:
            raise
    return found


def _left_out(_issue_id: str) -> Changelogs:
    raise BadQuery("POST", CHANGELOGS, None, "the issue's own endpoint is asked.")


def visible_projects(client: JiraClient, kind: str | None = None) -> dict[str, str]:
    """The key and name of every project that the account can see, or of those of one kind."""
    found: dict[str, str] = {}
    start_at = 0
    for _ in range(MAX_PAGES):
        params: dict[str, str | int] = {"startAt": start_at, "maxResults": _PROJECTS_PER_PAGE}
        if kind is not None:
            params["typeKey"] = kind
        page = client.get_json(PROJECTS, params, _ProjectPage)
        before = len(found)
        found.update((project.key, project.name or project.key) for project in page.values)
        start_at += len(page.values)
        at_end = page.total is not None and start_at >= page.total
        if page.is_last or at_end or not page.values:
            return found
        if len(found) == before:
            raise BrokenPaging("GET", PROJECTS, 200, "Jira sent the same projects on two pages.")
    raise BrokenPaging("GET", PROJECTS, 200, f"more than {MAX_PAGES} pages.")


def myself(client: JiraClient) -> Account:
    """The account that the credential belongs to. Raises ``Unauthorised`` if it belongs to none."""
    return client.get_json(MYSELF, None, Account)
