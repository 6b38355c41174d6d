"""From pages of issues to records for the raw log: what Jira cuts short is fetched where it is whole."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain
from time import monotonic

from msgspec import Raw

from jira_assets.jira import parts
from jira_assets.jira.arriving import (
    Batch,
    FetchedPart,
    IssueOnItsWay,
    MovedIssue,
    PartFailure,
    changelogs_of,
    completed_issue,
    done,
    held_back,
    prefetch_one,
    sla_answers,
    slas_of,
)
from jira_assets.jira.bulk import Changelogs
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BrokenPaging, JiraError, Unauthorised
from jira_assets.jira.histories import EmbeddedHistory, own_history, whole_history
from jira_assets.jira.host import Answer
from jira_assets.jira.issue_json import CutIssue, EmbeddedList, SkippedIssue, cut, updated_of
from jira_assets.jira.jql import month_bounds
from jira_assets.jira.left_out import Completed, complete
from jira_assets.jira.paging import IssuePage
from jira_assets.jira.part_access import PartAccess
from jira_assets.jira.parts import PartList
from jira_assets.jira.slas import SlaSource
from jira_assets.jira.states import state_of
from jira_assets.raw.record import Part, Record, Source, is_failure
from jira_assets.timestamps import not_after

Progress = Callable[[str], None]
StoredFields = Callable[[Collection[str]], Mapping[str, Collection[str]]]
"""From ids of issues to the ids of the fields that are stored of each, and are not null."""

# Two batches are in memory at most: one that grows, and one whose last parts are on their way.
_BATCHES_IN_FLIGHT = 2
_BYTES_OF_AN_ELEMENT = 1024  # a guess for comments, worklogs and changes that are still to come
_SECONDS_BETWEEN_PROGRESS = 10.0

_PART_READERS: dict[Part, Callable[[JiraClient, str, Sequence[Raw]], PartList]] = {
    Part.COMMENTS: parts.comments,
    Part.WORKLOGS: parts.worklogs,
    Part.REMOTE_LINKS: parts.remote_links,
}


class Assembly:
    """Makes records of the issues on some pages, and of the parts that those don't show whole.

    The records come in lists, one for each part of each issue (with a payload or with an error; of SLAs there
    may be some of either), at most 1,000 issues or about 32 MB at a time, each issue whole in one list.
    ``issues``, ``failures``, ``skipped`` and ``moved`` grow meanwhile. Fields that are ``stored``, and that
    Jira leaves out, are asked for once more.
    """

    def __init__(
        self,
        client: JiraClient,
        month: str,
        source: Source,
        progress: Progress,
        slas: SlaSource,
        stored: StoredFields,
    ) -> None:
        self.issues = 0
        self.failures: list[PartFailure] = []
        self.skipped: list[SkippedIssue] = []
        self.moved: list[MovedIssue] = []
        self._client = client
        self._month = month
        self._first, self._after = month_bounds(month)
        self._source = source
        self._progress = progress
        self._slas = slas
        self._stored = stored
        self._access = client.kept(PartAccess)
        self._unreadable: deque[tuple[str, JiraError]] = deque()
        self._started = self._reported = monotonic()
        self._requests_before = client.statistics.requests

    def _records_of(self, pages: Iterator[Answer[IssuePage]]) -> Iterator[list[Record]]:
        """The records of the issues on these pages. Raises what reading a page raises, and Unauthorised."""
        pool = ThreadPoolExecutor(self._client.concurrency, thread_name_prefix=f"jira {self._month}")
        batches = self._batches(pool, pages)
        try:
            yield from map(partial(self._records, pool), held_back(batches, _BATCHES_IN_FLIGHT))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _report(self) -> None:
        self._reported = monotonic()
        seconds = self._reported - self._started
        requests = self._client.statistics.requests - self._requests_before
        self._progress(f"{self._month}: {self.issues:,} issues, {requests:,} requests, {seconds:.0f} s")

    def _batches(self, pool: ThreadPoolExecutor, pages: Iterator[Answer[IssuePage]]) -> Iterator[Batch]:
        """Starts the requests for each issue as soon as its page is here, while the next page is fetched."""
        batch = Batch()
        contradiction: BrokenPaging | None = None
        try:
            for page in prefetch_one(pool, pages):
                for raw in page.value.issues:
                    issue = self._placed(cut(raw, self._slas.fields), page.sent_at)
                    if issue is None:
                        continue
                    self._add(pool, batch, issue, page)
                    if batch.is_full:
                        yield self._sealed(pool, batch)
                        batch = Batch()
                if monotonic() - self._reported >= _SECONDS_BETWEEN_PROGRESS:
                    self._report()
        except BrokenPaging as error:
            contradiction = error  # what came before it is kept
        while self._unreadable:
            self._add_unreadable(pool, batch, *self._unreadable.popleft())
        if batch.issues:
            yield self._sealed(pool, batch)
        if contradiction is not None:
            raise contradiction

    def _note_unreadable(self, issue_id: str, error: JiraError) -> None:
        """Keeps an issue that no endpoint would show, until the others are read."""
        self._unreadable.append((issue_id, error))

    def _placed(self, issue: CutIssue | SkippedIssue, sent_at: datetime) -> CutIssue | None:
        if isinstance(issue, SkippedIssue):
            self.skipped.append(issue)
            return None
        if not self._first <= issue.created < self._after:
            self.moved.append(MovedIssue(issue.issue_id, issue.key, issue.created, sent_at))
            return None
        self.issues += 1
        return issue

    def _add(self, pool: ThreadPoolExecutor, batch: Batch, issue: CutIssue, page: Answer[IssuePage]) -> None:
        sent_at = page.sent_at
        history = EmbeddedHistory(issue.changelog_total, issue.changelog)
        batch.weight += len(issue.payload) + history.weight + (history.total or 0) * _BYTES_OF_AN_ELEMENT
        on_its_way = {Part.ISSUE: done(FetchedPart(issue.payload, sent_at))}
        for part, embedded in ((Part.COMMENTS, issue.comments), (Part.WORKLOGS, issue.worklogs)):
            if embedded.is_complete:
                payload = parts.array_of(embedded.elements or [])
                batch.weight += len(payload)
                on_its_way[part] = done(FetchedPart(payload, sent_at))
            else:
                # Short, or not sent at all: then only the part's own address tells what there is.
                batch.weight += (embedded.total or 0) * _BYTES_OF_AN_ELEMENT
                on_its_way[part] = self._asked_for(pool, part, issue.issue_id, issue.key, embedded)
        on_its_way[Part.REMOTE_LINKS] = self._asked_for(pool, Part.REMOTE_LINKS, issue.issue_id, issue.key)
        slas = [] if self._slas.client else sla_answers(issue.slas, sent_at)
        updated = not_after(issue.updated, page.answered_at)
        on_way = IssueOnItsWay(
            issue.issue_id, issue.key, updated, on_its_way, history, slas, page.answered_at
        )
        batch.issues.append(on_way)

    def _add_unreadable(
        self, pool: ThreadPoolExecutor, batch: Batch, issue_id: str, error: JiraError
    ) -> None:
        """What there is of an issue that cannot be read itself: the parts that have their own addresses.

        They are ordered by its ``updated``, so there are none if not even that can be had.
        """
        now = self._client.now
        on_its_way = {Part.ISSUE: done(FetchedPart(None, now, error.without_reason))}
        try:
            state = state_of(self._client, issue_id)
        except Unauthorised:
            raise
        except JiraError:
            state = None
        if state is None or state.updated is None or state.month != self._month:
            batch.issues.append(IssueOnItsWay(issue_id, issue_id, now, on_its_way, None, []))
            return
        key = state.key or issue_id
        for part in _PART_READERS:
            on_its_way[part] = self._asked_for(pool, part, issue_id, key)
        updated = not_after(state.updated, self._client.now)
        on_way = IssueOnItsWay(issue_id, key, updated, on_its_way, EmbeddedHistory(), [])
        batch.issues.append(on_way)

    def _asked_for(
        self,
        pool: ThreadPoolExecutor,
        part: Part,
        issue_id: str,
        key: str,
        embedded: EmbeddedList | None = None,
    ) -> Future[FetchedPart]:
        elements = embedded.elements if embedded else None
        shown = [element.copy() for element in elements or ()]  # what was decoded holds on to its page
        read = partial(_PART_READERS[part], self._client, issue_id, shown)
        return pool.submit(self._fetched, part, key, read)

    def _fetched(self, part: Part, key: str, read: Callable[[], PartList]) -> FetchedPart:
        """A part, or the error in its place. A refused credential is no such error: it ends everything."""
        asked_at = self._client.now
        reason = self._access.withheld(part, key)
        if reason is not None:
            return FetchedPart(None, asked_at, reason)
        try:
            whole = read()
        except Unauthorised:
            raise
        except JiraError as error:
            self._access.refused(part, key, error)
            return FetchedPart(None, asked_at, self._access.withheld(part, key) or error.without_reason)
        self._access.succeeded(part)
        return FetchedPart(whole.payload, whole.sent_at)

    def _sealed(self, pool: ThreadPoolExecutor, batch: Batch) -> Batch:
        expected = [issue.issue_id for issue in batch.issues if issue.changelog is not None]
        batch.changelogs = pool.submit(changelogs_of, self._client, expected)
        batch.completed = pool.submit(self._completed, batch)
        if self._slas.client and self._slas.fields:
            batch.slas = pool.submit(slas_of, self._slas.client, expected, self._slas.fields)
        return batch

    def _completed(self, batch: Batch) -> dict[str, Completed]:
        issues = {issue.issue_id: issue.parts[Part.ISSUE].result().payload for issue in batch.issues}
        read = {issue_id: payload for issue_id, payload in issues.items() if payload is not None}
        return complete(self._client, read, self._stored(read))

    def _records(self, pool: ThreadPoolExecutor, batch: Batch) -> list[Record]:
        """Waits for the parts of a batch that are still on their way."""
        self._add_histories(pool, batch)
        completed = batch.completed.result() if batch.completed else {}
        slas = batch.slas.result() if batch.slas else {}
        records: list[Record] = []
        for issue in batch.issues:
            arrived = {part: self._result(issue, part) for part in issue.parts}
            if issue.issue_id in completed:
                arrived[Part.ISSUE] = completed_issue(arrived, completed[issue.issue_id])
                # `updated` may be among what was left out.
                shown = updated_of(arrived[Part.ISSUE].payload or b"") or issue.updated
                issue = replace(issue, updated=not_after(shown, issue.answered_at))
            told = ((Part.SLA, fetched) for fetched in slas.get(issue.issue_id, issue.slas))
            for part, fetched in chain(arrived.items(), told):
                records.append(self._record(issue, part, fetched))
                if fetched.error is not None and is_failure(fetched.error):
                    self.failures.append(PartFailure(issue.issue_id, issue.key, part, fetched.error))
                elif fetched.without:
                    error = f"Jira could not load {', '.join(fetched.without)}"
                    self.failures.append(PartFailure(issue.issue_id, issue.key, part, error))
        return records

    def _result(self, issue: IssueOnItsWay, part: Part) -> FetchedPart:
        """What became of a part. What was refused may turn out to be withheld from all issues."""
        fetched = issue.parts[part].result()
        if fetched.error is not None and part in _PART_READERS:
            return replace(fetched, error=self._access.withheld(part, issue.key) or fetched.error)
        return fetched

    def _add_histories(self, pool: ThreadPoolExecutor, batch: Batch) -> None:
        """The history of each issue, from its own address where the bulk read does not show it whole."""
        bulk = batch.changelogs.result() if batch.changelogs else Changelogs({}, None)
        for issue in batch.issues:
            if issue.changelog is None:
                continue
            if isinstance(bulk, FetchedPart):
                issue.parts[Part.CHANGELOG] = done(bulk)
                continue
            sent = bulk.histories.get(issue.issue_id)
            known = whole_history(sent, issue.changelog)
            if known is not None:
                asked_at = bulk.sent_at or issue.parts[Part.ISSUE].result().fetched_at
                issue.parts[Part.CHANGELOG] = done(FetchedPart(parts.array_of(known), asked_at))
            else:
                read = partial(own_history, self._client, issue.issue_id, sent, issue.changelog)
                issue.parts[Part.CHANGELOG] = pool.submit(self._fetched, Part.CHANGELOG, issue.key, read)

    def _record(self, issue: IssueOnItsWay, part: Part, fetched: FetchedPart) -> Record:
        return Record(
            issue_id=issue.issue_id,
            part=part,
            issue_updated=issue.updated,
            fetched_at=fetched.fetched_at,
            source=self._source,
            payload=fetched.payload,
            error=fetched.error,
            fields=fetched.fields,
            without=fetched.without,
        )
