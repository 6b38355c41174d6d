"""Everything Jira holds about the issues created in one month, or about some of them, for the raw log."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from jira_assets.jira.access import AccessGuard
from jira_assets.jira.assemble import Assembly, Progress, StoredFields
from jira_assets.jira.bulk import SEARCH, approximate_count, bulk_issues
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    BadQuery,
    BrokenPaging,
    Forbidden,
    Gone,
    MissingOrForbidden,
    Unavailable,
)
from jira_assets.jira.host import Answer
from jira_assets.jira.jql import created_between, created_in_month, created_on_days_of, month_bounds
from jira_assets.jira.listing import every_issue, unlisted_issues
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
        projects: Sequence[str],
        source: Source,
        progress: Progress,
        guard: AccessGuard,
        slas: SlaSource,
        stored: StoredFields,
    ) -> None:
        super().__init__(client, month, source, progress, slas, stored)
        self._projects = projects
        self._guard = guard

    def __iter__(self) -> Iterator[list[Record]]:
        if not self._guard.has_begun:
            self._guard.begin()
        yield from self._records_of(self._pages())
        self._guard.confirm()
        self._report()

    def _pages(self) -> Iterator[Answer[IssuePage]]:
        """All that search lists, and what it should have listed by Jira's count."""
        query = created_in_month(self._month, self._projects)
        listed: set[str] = set()
        yield from every_issue(self._client, query, *_WHOLE, self._note_unreadable, listed)
        counted = self._counted()
        if counted is not None and counted <= len(listed):
            return
        yield from unlisted_issues(self._client, [query], listed, *_WHOLE, self._note_unreadable)
        if counted is None or counted - len(listed) <= _tolerated(counted):
            return
        # If search comes to its end too early, it does so less with less to list.
        before = len(listed)
        days = created_on_days_of(self._month, self._projects)
        yield from unlisted_issues(self._client, days, listed, *_WHOLE, self._note_unreadable)
        if len(listed) == before:
            told = f"Jira estimates {counted:,} issues, and lists {before:,} however it is asked"
            self._progress(f"{self._month}: {told}")
        elif counted - len(listed) > _tolerated(counted):
            reason = f"Jira counts {counted:,} issues of {self._month} and lists only {len(listed):,}."
            raise BrokenPaging("POST", SEARCH, 200, reason)

    def _counted(self) -> int | None:
        """How many issues Jira counts; None if it doesn't tell."""
        try:
            condition = created_between(*month_bounds(self._month), self._projects)
            return approximate_count(self._client, condition)
        except (BadQuery, Forbidden, Gone, MissingOrForbidden, Unavailable):
            return None


class IssuesFetch(Assembly):
    """The fetch of some issues by id: iterate over it once, then read what it came to.

    ``absent`` are the ids that Jira left out without a word, which may mean deleted, or out of sight, or not
    visible yet: who wants to know asks further. Raises ``JiraError`` when the issues cannot be read at all.
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
        self.absent = set(issue_ids)

    def __iter__(self) -> Iterator[list[Record]]:
        for records in self._records_of(self._pages()):
            self.absent.difference_update(record.issue_id for record in records)
            yield records
        self.absent.difference_update(issue.issue_id for issue in self.skipped if issue.issue_id)
        self.absent.difference_update(issue.issue_id for issue in self.moved)

    def _pages(self) -> Iterator[Answer[IssuePage]]:
        fields, expand = _WHOLE
        ids = sorted(self.absent, key=int)
        return bulk_issues(self._client, ids, fields, [expand], self._note_unreadable)


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
    """The fetch of the issues created in ``month`` (``YYYY-MM``, UTC) in these projects, or in all visible.

    ``progress`` is given a short line now and then. A run of several months shares one ``guard`` and so looks
    at its access once before, and once after each month. Nothing is sent before the result is iterated over.
    """
    guard = guard or AccessGuard(client, projects)
    return MonthFetch(client, month, projects, source, progress or _silent, guard, slas, stored)


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
