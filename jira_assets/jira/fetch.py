"""Everything Jira holds about the issues created in one month, or about some of them, for the raw log."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from jira_assets.jira.access import AccessGuard
from jira_assets.jira.assemble import Assembly, Progress, StoredFields
from jira_assets.jira.bulk import SEARCH, approximate_count, bulk_issues, issue_alone
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    BadQuery,
    BrokenPaging,
    Forbidden,
    Gone,
    JiraError,
    MissingOrForbidden,
    Unauthorised,
    Unavailable,
)
from jira_assets.jira.host import Answer
from jira_assets.jira.issue_json import issue_id_of
from jira_assets.jira.jql import created_between, created_in_month, created_on_days_of, month_bounds
from jira_assets.jira.listing import every_issue, issues_missing_from_search
from jira_assets.jira.paging import IssuePage
from jira_assets.jira.slas import NO_SLAS, SlaSource
from jira_assets.raw.record import Record, Source

_WHOLE = (["*all"], "changelog")
"""The fields and the expansion that a whole issue is asked for with."""


class MonthFetch(Assembly):
    """The fetch of one month: iterate over it once, then read what it came to.

    Iterating yields the records of ``Assembly``. Only if it ends without an exception is the month complete
    but for ``failures`` and ``skipped``: its issues were counted, and the proof that the account still sees
    everything comes last.

    Raises ``JiraError`` when the month as a whole cannot be read: ``Unauthorised`` (at once, from any part),
    ``ProjectsNotVisible``, or whatever the search itself fails with.
    """

    def __init__(
        self,
        client: JiraClient,
        month: str,
        source: Source,
        progress: Progress,
        guard: AccessGuard,
        slas: SlaSource,
        stored: StoredFields,
    ) -> None:
        super().__init__(client, month, source, progress, slas, stored)
        self._guard = guard

    def __iter__(self) -> Iterator[list[Record]]:
        if not self._guard.has_begun:
            self._guard.begin()
        try:
            yield from self._records_of(self._pages())
        except BadQuery:
            self._guard.confirm()  # to name a project that cannot be seen any more makes a query wrong
            raise
        self._guard.confirm()
        self._report()

    def _pages(self) -> Iterator[Answer[IssuePage]]:
        """All that search lists, and what it should have listed by Jira's count."""
        query = created_in_month(self._month, self._guard.named)
        listed: set[str] = set()
        yield from every_issue(self._client, query, *_WHOLE, self._note_unreadable, listed)
        counted = self._counted()
        if counted is not None and counted <= len(listed):
            return
        yield from issues_missing_from_search(self._client, [query], listed, *_WHOLE, self._note_unreadable)
        if counted is None or counted - len(listed) <= _tolerated(counted):
            return
        # If search comes to its end too early, it does so less with less to list.
        before = len(listed)
        days = created_on_days_of(self._month, self._guard.named)
        yield from issues_missing_from_search(self._client, days, listed, *_WHOLE, self._note_unreadable)
        if len(listed) == before:
            told = f"Jira estimates {counted:,} issues, and lists {before:,} however it is asked"
            self._progress(f"{self._month}: {told}")
        elif counted - len(listed) > _tolerated(counted):
            reason = f"Jira counts {counted:,} issues of {self._month} and lists only {len(listed):,}."
            raise BrokenPaging("POST", SEARCH, 200, reason)

    def _counted(self) -> int | None:
        """How many issues Jira counts; None if it doesn't tell."""
        try:
            condition = created_between(*month_bounds(self._month), self._guard.named)
            return approximate_count(self._client, condition)
        except (BadQuery, Forbidden, Gone, MissingOrForbidden, Unavailable):
            return None


class IssuesFetch(Assembly):
    """The fetch of some issues by id: iterate over it once, then read what it came to.

    What bulk reads leave out is asked for by itself. ``alone`` are the ids that answer then, as archived
    issues do. ``absent`` are those that don't, and when each was asked for: they may be deleted, or out of
    sight, or not visible yet. Raises ``JiraError`` when the issues cannot be read at all.
    """

    def __init__(
        self,
        client: JiraClient,
        month: str,
        issue_ids: Sequence[str],
        source: Source,
        progress: Progress,
        slas: SlaSource,
        stored: StoredFields,
    ) -> None:
        super().__init__(client, month, source, progress, slas, stored)
        self._wanted = sorted(set(issue_ids), key=int)
        self.alone: list[str] = []
        self.absent: dict[str, datetime] = {}

    def __iter__(self) -> Iterator[list[Record]]:
        yield from self._records_of(self._pages())

    def _pages(self) -> Iterator[Answer[IssuePage]]:
        left_out = set(self._wanted)

        def failed(issue_id: str, error: JiraError) -> None:
            left_out.discard(issue_id)
            self._note_unreadable(issue_id, error)

        fields, expand = _WHOLE
        for page in bulk_issues(self._client, self._wanted, fields, [expand], failed):
            left_out.difference_update(map(issue_id_of, page.value.issues))
            yield page
        if left_out:
            with ThreadPoolExecutor(self._client.concurrency, thread_name_prefix="jira issues") as pool:
                yield from filter(None, pool.map(self._by_itself, sorted(left_out, key=int)))

    def _by_itself(self, issue_id: str) -> Answer[IssuePage] | None:
        asked = self._client.clock.reading()
        fields, expand = _WHOLE
        try:
            page = issue_alone(self._client, issue_id, fields, [expand])
        except Unauthorised:
            raise
        except JiraError as error:
            self._note_unreadable(issue_id, error)
            return None
        if not page.value.issues:
            self.absent[issue_id] = self._client.clock.at(asked)
            return None
        self.alone.append(issue_id)
        return page


def _nothing_stored(_issue_ids: Collection[str]) -> Mapping[str, Collection[str]]:
    return {}


def fetch_month(
    client: JiraClient,
    month: str,
    projects: Sequence[str] = (),
    source: Source = Source.BACKFILL,
    progress: Progress | None = None,
    guard: AccessGuard | None = None,
    slas: SlaSource = NO_SLAS,
    stored: StoredFields = _nothing_stored,
) -> MonthFetch:
    """The fetch of the issues created in ``month`` (``YYYY-MM``, UTC) in those of these projects that can be
    seen, or in all visible.

    ``progress`` is given a short line now and then. A run of several months shares one ``guard`` and so looks
    at its access once before, and once after each month. Nothing is sent before the result is iterated over.
    """
    guard = guard or AccessGuard(client, projects)
    return MonthFetch(client, month, source, progress or _silent, guard, slas, stored)


def fetch_issues(
    client: JiraClient,
    month: str,
    issue_ids: Sequence[str],
    source: Source,
    progress: Progress | None = None,
    slas: SlaSource = NO_SLAS,
    stored: StoredFields = _nothing_stored,
) -> IssuesFetch:
    """The fetch of the issues with these ids, all created in ``month``. Reads Jira's state, not its index."""
    return IssuesFetch(client, month, issue_ids, source, progress or _silent, slas, stored)


def _tolerated(counted: int) -> int:
    """How many issues may come or go while they are listed, or not be counted yet."""
    return max(10, counted // 50)


def _silent(line: str) -> None:
    del line
