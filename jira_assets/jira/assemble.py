"""From pages of issues to records for the raw log: what Jira cuts short is fetched where it is whole."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from time import monotonic
from typing import TypeVar

from jira_assets.jira import parts
from jira_assets.jira.bulk import ISSUES_PER_CHANGELOG_CALL, IssuePage, bulk_changelogs
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError, Unauthorised
from jira_assets.jira.host import Answer
from jira_assets.jira.issue_json import CutIssue, EmbeddedList, SkippedIssue, cut
from jira_assets.jira.jql import month_bounds
from jira_assets.jira.parts import PartList
from jira_assets.jira.slas import Slas, SlaSource, read_slas
from jira_assets.raw.record import NO_AGENT_LICENCE, Part, Record, Source

T = TypeVar("T")
Progress = Callable[[str], None]

# Two batches are in memory at most: one that grows, and one whose last parts are on their way.
_BATCH_ISSUES = ISSUES_PER_CHANGELOG_CALL
_BATCH_BYTES = 32 * 1024 * 1024
_BATCHES_IN_FLIGHT = 2
_BYTES_OF_AN_ELEMENT = 1024  # a guess for comments, worklogs and changes that are still to come
_SECONDS_BETWEEN_PROGRESS = 10.0


@dataclass(frozen=True, slots=True)
class PartFailure:
    """A part that could not be fetched. What is stored of it stays."""

    issue_id: str
    key: str
    part: Part
    error: str


@dataclass(frozen=True, slots=True)
class _Fetched:
    """One part: a payload, or the error in its place."""

    payload: bytes | None
    fetched_at: datetime
    error: str | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _IssueOnItsWay:
    """What is kept of an issue while its parts arrive: nothing that holds on to the page it came with."""

    issue_id: str
    key: str
    updated: datetime
    changelog_total: int | None
    parts: dict[Part, Future[_Fetched]]
    slas: list[_Fetched]


@dataclass(slots=True)
class _Batch:
    issues: list[_IssueOnItsWay] = field(default_factory=list)
    weight: int = 0
    changelogs: Future[dict[str, _Fetched]] | None = None
    slas: Future[dict[str, list[_Fetched]]] | None = None

    @property
    def is_full(self) -> bool:
        return len(self.issues) >= _BATCH_ISSUES or self.weight >= _BATCH_BYTES


class Assembly:
    """Makes records of the issues on some pages, and of the parts that those don't show whole.

    The records come in lists, one for each part of each issue (with a payload or with an error; of SLAs there
    may be some of either), at most 1,000 issues or about 32 MB at a time, each issue whole in one list.
    ``issues``, ``failures`` and ``skipped`` grow meanwhile. What was created in another month is skipped.
    """

    def __init__(
        self, client: JiraClient, month: str, source: Source, progress: Progress, slas: SlaSource
    ) -> None:
        self.issues = 0
        self.failures: list[PartFailure] = []
        self.skipped: list[SkippedIssue] = []
        self._client = client
        self._month = month
        self._first, self._after = month_bounds(month)
        self._source = source
        self._progress = progress
        self._slas = slas
        self._started = self._reported = monotonic()
        self._requests_before = client.statistics.requests

    def _records_of(self, pages: Iterator[Answer[IssuePage]]) -> Iterator[list[Record]]:
        """The records of the issues on these pages. Raises what reading a page raises, and Unauthorised."""
        pool = ThreadPoolExecutor(self._client.concurrency, thread_name_prefix=f"jira {self._month}")
        try:
            yield from map(self._records, _held_back(self._batches(pool, pages), _BATCHES_IN_FLIGHT))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _report(self) -> None:
        self._reported = monotonic()
        seconds = self._reported - self._started
        requests = self._client.statistics.requests - self._requests_before
        self._progress(f"{self._month}: {self.issues:,} issues, {requests:,} requests, {seconds:.0f} s")

    def _batches(self, pool: ThreadPoolExecutor, pages: Iterator[Answer[IssuePage]]) -> Iterator[_Batch]:
        """Starts the requests for each issue as soon as its page is here, while the next page is fetched."""
        batch = _Batch()
        for page in _one_ahead(pool, pages):
            for raw in page.value.issues:
                issue = self._placed(cut(raw, self._slas.fields))
                if issue is None:
                    continue
                self._add(pool, batch, issue, page.sent_at)
                if batch.is_full:
                    yield self._sealed(pool, batch)
                    batch = _Batch()
            if monotonic() - self._reported >= _SECONDS_BETWEEN_PROGRESS:
                self._report()
        if batch.issues:
            yield self._sealed(pool, batch)

    def _placed(self, issue: CutIssue | SkippedIssue) -> CutIssue | None:
        if isinstance(issue, CutIssue) and not self._first <= issue.created < self._after:
            reason = f"it was created {issue.created.isoformat()}, outside {self._month}"
            issue = SkippedIssue(issue.issue_id, issue.key, reason)
        if isinstance(issue, SkippedIssue):
            self.skipped.append(issue)
            return None
        self.issues += 1
        return issue

    def _add(self, pool: ThreadPoolExecutor, batch: _Batch, issue: CutIssue, sent_at: datetime) -> None:
        batch.weight += len(issue.payload) + (issue.changelog_total or 0) * _BYTES_OF_AN_ELEMENT
        on_its_way = {Part.ISSUE: _done(_Fetched(issue.payload, sent_at))}
        lists = (
            (Part.COMMENTS, issue.comments, parts.comments),
            (Part.WORKLOGS, issue.worklogs, parts.worklogs),
            (Part.REMOTE_LINKS, EmbeddedList(), parts.remote_links),
        )
        for part, embedded, read in lists:
            if embedded.is_complete:
                payload = parts.array_of(embedded.elements or [])
                batch.weight += len(payload)
                on_its_way[part] = _done(_Fetched(payload, sent_at))
            else:
                # Short, or not sent at all: then only the part's own address tells what there is.
                batch.weight += (embedded.total or 0) * _BYTES_OF_AN_ELEMENT
                on_its_way[part] = pool.submit(_fetched, partial(read, self._client, issue.issue_id))
        slas = [] if self._slas.client else _told(issue.slas, sent_at)
        batch.issues.append(
            _IssueOnItsWay(issue.issue_id, issue.key, issue.updated, issue.changelog_total, on_its_way, slas)
        )

    def _sealed(self, pool: ThreadPoolExecutor, batch: _Batch) -> _Batch:
        expected = {issue.issue_id: issue.changelog_total for issue in batch.issues}
        batch.changelogs = pool.submit(_changelogs, self._client, expected)
        if self._slas.client and self._slas.fields:
            batch.slas = pool.submit(_slas, self._slas.client, list(expected), self._slas.fields)
        return batch

    def _records(self, batch: _Batch) -> list[Record]:
        """Waits for the parts of a batch that are still on their way."""
        changelogs = batch.changelogs.result() if batch.changelogs else {}
        slas = batch.slas.result() if batch.slas else {}
        records: list[Record] = []
        for issue in batch.issues:
            arrived = {part: future.result() for part, future in issue.parts.items()}
            arrived[Part.CHANGELOG] = changelogs[issue.issue_id]
            told = ((Part.SLA, fetched) for fetched in slas.get(issue.issue_id, issue.slas))
            for part, fetched in chain(arrived.items(), told):
                records.append(self._record(issue, part, fetched))
                if fetched.error is not None and not fetched.error.startswith(NO_AGENT_LICENCE):
                    self.failures.append(PartFailure(issue.issue_id, issue.key, part, fetched.error))
        return records

    def _record(self, issue: _IssueOnItsWay, part: Part, fetched: _Fetched) -> Record:
        return Record(
            issue_id=issue.issue_id,
            part=part,
            issue_updated=issue.updated,
            fetched_at=fetched.fetched_at,
            source=self._source,
            payload=fetched.payload,
            error=fetched.error,
            fields=fetched.fields,
        )


def _one_ahead(pool: ThreadPoolExecutor, items: Iterator[T]) -> Iterator[T]:
    """The items, the next one being made in the pool while one is worked on."""
    upcoming = pool.submit(next, items, None)
    while (item := upcoming.result()) is not None:
        # Submitted before the work that the caller adds for this item, so that it is not queued behind it.
        upcoming = pool.submit(next, items, None)
        yield item


def _held_back(items: Iterator[T], count: int) -> Iterator[T]:
    """The items, each only when ``count`` of them have been started."""
    started: deque[T] = deque()
    for item in items:
        started.append(item)
        if len(started) == count:
            yield started.popleft()
    yield from started


def _done(fetched: _Fetched) -> Future[_Fetched]:
    future: Future[_Fetched] = Future()
    future.set_result(fetched)
    return future


def _fetched(read: Callable[[], PartList]) -> _Fetched:
    """A part, or the error in its place. A refused credential is no error of a part: it ends everything."""
    asked_at = datetime.now(UTC)
    try:
        whole = read()
    except Unauthorised:
        raise
    except JiraError as error:
        return _Fetched(None, asked_at, error.without_reason)
    return _Fetched(parts.array_of(whole.elements), whole.sent_at)


def _told(slas: Slas, sent_at: datetime) -> list[_Fetched]:
    """What could be read of an issue's SLAs, and the reason why the rest could not."""
    told = [] if slas.payload is None else [_Fetched(slas.payload, sent_at, fields=slas.fields)]
    return told if slas.refusal is None else [*told, _Fetched(None, sent_at, slas.refusal)]


def _slas(
    client: JiraClient, issue_ids: Sequence[str], sla_fields: Collection[str]
) -> dict[str, list[_Fetched]]:
    """The SLAs of each issue, or the error in their place: also if it is this account that is refused."""
    asked_at = datetime.now(UTC)
    try:
        read = read_slas(client, issue_ids, sla_fields)
    except JiraError as error:
        return {issue_id: [_Fetched(None, asked_at, error.without_reason)] for issue_id in issue_ids}
    return {issue_id: _told(slas, sent_at) for issue_id, (slas, sent_at) in read.items()}


def _changelogs(client: JiraClient, expected: Mapping[str, int | None]) -> dict[str, _Fetched]:
    """The history of each issue in ``expected``, which maps ids to Jira's own counts.

    ``bulkfetch`` leaves out issues without a word. So where it sends less than Jira counts, or nothing and
    there is no count, the issue itself is asked.
    """
    asked_at = datetime.now(UTC)
    try:
        bulk = bulk_changelogs(client, list(expected))
    except Unauthorised:
        raise
    except JiraError as error:
        return dict.fromkeys(expected, _Fetched(None, asked_at, error.without_reason))
    fetched: dict[str, _Fetched] = {}
    for issue_id, total in expected.items():
        histories = bulk.histories.get(issue_id)
        sent = len(parts.distinct(histories or ()))
        if (histories is None and total is None) or sent < (total or 0):
            fetched[issue_id] = _fetched(partial(parts.histories, client, issue_id))
        else:
            fetched[issue_id] = _Fetched(parts.array_of(histories or ()), bulk.sent_at)
    return fetched
