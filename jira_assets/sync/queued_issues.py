"""Does what the queue asks for: fetches a month's queued issues, and takes out what that settles."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter

from jira_assets.inbox.queue import GIVE_UP_AFTER, Item, Queue
from jira_assets.inbox.settle import FetchedIssue, has_waited, is_past_lag
from jira_assets.jira.arriving import MovedIssue, PartFailure
from jira_assets.jira.client import JiraClient
from jira_assets.jira.fetch import IssuesFetch, fetch_issues
from jira_assets.jira.issue_json import SkippedIssue
from jira_assets.jira.slas import NO_SLAS, SlaSource
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record, Source
from jira_assets.raw.standing import NOTHING, Standing
from jira_assets.sync.attachments.download import AttachmentDownload
from jira_assets.sync.child_lists import is_there
from jira_assets.sync.missing_issues import archived_ones, deleted_or_hidden
from jira_assets.sync.requeue import forward, moved_record, requeue_linked_issues
from jira_assets.timestamps import month_of
from jira_assets.warehouse.known import Known


@dataclass(slots=True)
class Applied:
    """What became of a month's items. What is ``waiting`` stays in the queue; ``given_up`` does not.

    ``moved`` are the keys of issues that are of another month now, whose queue has their items;
    ``out_of_range`` those whose month is before the first one that is copied.
    """

    issues: int = 0
    settled: int = 0
    waiting: int = 0
    given_up: int = 0
    deleted: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    out_of_range: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    failures: list[PartFailure] = field(default_factory=list)
    skipped: list[SkippedIssue] = field(default_factory=list)


class QueuedIssues:
    """The issues of one month that are in the queue, as of now."""

    def __init__(
        self,
        client: JiraClient,
        raw: RawLog,
        queue: Queue,
        known: Known,
        month: str,
        slas: SlaSource = NO_SLAS,
        files: AttachmentDownload | None = None,
        start_month: str = "",
    ) -> None:
        self._client = client
        self._raw = raw
        self._queue = queue
        self._known = known
        self._month = month
        self._slas = slas
        self._files = files
        self._start_month = start_month
        self._items: dict[str, list[Item]] = defaultdict(list)
        for item in queue.items(month):
            self._items[item.issue_id].append(item)
        self._standing = standing_of(raw, month, self._items)
        moved_from = {item.moved_from for items in self._items.values() for item in items if item.moved_from}
        self._elsewhere = {each: standing_of(raw, each, self._items) for each in moved_from}
        self._missed = {item.issue_id for items in self._items.values() for item in items if item.is_missed}
        self._applied = Applied()

    def apply(self, progress: Callable[[str], None]) -> Applied:
        """Fetches them, and takes out the items that the answers settle, each once its answer is durable and
        its files were asked for.

        Raises ``JiraError``, ``RawLogError`` and ``WarehouseBusy``; what was settled before stays so.
        """
        for source, issue_ids in _by_source(self._items).items():
            stored = partial(stored_fields, self._raw, self._month)
            fetch = fetch_issues(self._client, self._month, issue_ids, source, progress, self._slas, stored)
            for records in fetch:
                answers = {
                    issue_id: FetchedIssue(of_issue)
                    for issue_id, of_issue in groupby(records, attrgetter("issue_id"))
                }
                # Another run may have settled their items meanwhile. If we are killed once it is stored that
                # they failed, nobody else would do them again.
                self._ask_again(answers)
                self._raw.append(self._month, self._standing.after(records))
                if self._files:
                    self._files.keep({record.issue_id for record in records})
                self._ask_again(answers)
                shown = self._shown(answers)
                for issue_id, answer in answers.items():
                    self._settle(issue_id, answer, is_shown=issue_id in shown)
            self._note(fetch, source)
        return self._applied

    def _note(self, fetch: IssuesFetch, source: Source) -> None:
        skipped = failures(fetch.skipped, source, self._client.now)
        self._raw.append(self._month, self._standing.after(skipped))
        self._applied.issues += fetch.issues
        self._applied.failures += fetch.failures
        self._applied.skipped += fetch.skipped
        # Search doesn't list them, or nobody would have missed them.
        archived = self._missed.intersection(fetch.alone)
        self._raw.append(self._month, self._standing.after(archived_ones(archived, self._client.now)))
        self._applied.hidden += sorted(archived)
        self._look_into(self._without_those_stored_in_other_months(fetch.absent))
        for moved in fetch.moved:
            self._move(moved, source)
        for issue in fetch.skipped:
            self._leave(issue.issue_id or "")

    def _ask_again(self, answers: Mapping[str, FetchedIssue]) -> None:
        failed = [issue_id for issue_id, answer in answers.items() if not answer.is_whole]
        self._queue.put({self._month: [item for each in failed for item in self._items[each]]})

    def _shown(self, answers: Mapping[str, FetchedIssue]) -> Collection[str]:
        """The issues that the log shows as they were answered, or later."""
        try:
            standing = self._raw.standing(self._month, answers, self._standing)
        except RawLogError:
            return answers  # whoever reads the damaged file will name it
        return {each for each, answer in answers.items() if standing.shows(each, answer.updated)}

    def _settle(self, issue_id: str, answer: FetchedIssue, *, is_shown: bool) -> None:
        """Takes out what an answer settles, unless the log does not show that, or anything later."""
        items = self._items[issue_id]
        if answer.seen_at is not None:
            for month in {item.moved_from for item in items if item.moved_from} - {self._month}:
                left = moved_record(issue_id, self._month, answer.seen_at, items[-1].source)
                self._raw.append(month, self._elsewhere[month].after([left]))
        settled = answer.settled(items) if is_shown else []
        settled += [item for item in items if item not in settled and self._is_about_unseen(item, answer)]
        self._done(settled)
        self._items[issue_id] = [item for item in items if item not in settled]
        self._leave(issue_id, GIVE_UP_AFTER if answer.is_whole else timedelta.max)

    def _move(self, issue: MovedIssue, source: Source) -> None:
        """Hands an issue over to the month that it is of now. None before the first one is copied."""
        items, month = self._items.pop(issue.issue_id), month_of(issue.created)
        if month < self._start_month:
            left = moved_record(issue.issue_id, month, issue.seen_at, source)
            self._raw.append(self._month, self._standing.after([left]))
            self._done(items)
            self._applied.out_of_range.append(f"{issue.key} ({month})")
        else:
            forward(self._queue, items, self._month, month)
            self._applied.moved.append(f"{issue.key} ({month})")

    def _without_those_stored_in_other_months(self, absent: Mapping[str, datetime]) -> Mapping[str, datetime]:
        """An issue that was about to move here is looked for, and found to be gone, where it is stored."""
        months = self._known.months(absent)
        for issue_id, month in months.items():
            if month != self._month:
                forward(self._queue, self._items.pop(issue_id), self._month, month)
        return {each: at for each, at in absent.items() if months.get(each, self._month) == self._month}

    def _is_about_unseen(self, item: Item, answer: FetchedIssue) -> bool:
        """Whether an item waits for a child that Jira has not, or not for us: then it waits in vain."""
        child = item.expected.child
        if (
            child is None
            or not answer.lacks(item)
            or not is_past_lag(item.at, item.received_at, self._client.now)
        ):
            return False
        return not is_there(self._client, child)

    def _look_into(self, absent: Mapping[str, datetime]) -> None:
        """Takes out the items about issues that are deleted or hidden, or were never seen here; the rest may
        yet appear.
        """
        found = deleted_or_hidden(self._client, self._raw, self._month, absent, self._items)
        self._requeue_linked_issues(found.deleted)  # once they are durably deleted, nobody looks for these
        self._raw.append(self._month, self._standing.after(found.records))
        looked_for = [*found.deleted, *found.hidden]
        shown = self._raw.latest(self._month, looked_for) if looked_for else ()
        seen = {each.issue_id for each in shown if each.payloads and each.hidden_since is None}
        if self._files:
            self._files.tidy([*found.deleted, *found.done])
        for issue_id in {*found.deleted, *found.hidden, *found.done} - seen:
            self._done(self._items.pop(issue_id))
        for issue_id in absent:
            self._leave(issue_id)
        self._applied.deleted += sorted({*found.deleted} - seen)
        self._applied.hidden += sorted({*found.hidden} - seen)

    def _requeue_linked_issues(self, deleted: Iterable[str]) -> None:
        for issue_id in deleted:
            item = self._items[issue_id][-1]
            requeue_linked_issues(self._known, self._queue, issue_id, item.cause, item.received_at)

    def _leave(self, issue_id: str, longest: timedelta = GIVE_UP_AFTER) -> None:
        """Lets the items of an issue wait for the next run, unless they have waited in vain for too long."""
        items = self._items.pop(issue_id, [])
        now = self._client.now
        given_up = [item for item in items if has_waited(longest, item.at, item.received_at, now)]
        self._queue.remove(self._month, given_up)
        self._applied.given_up += len(given_up)
        self._applied.waiting += len(items) - len(given_up)

    def _done(self, items: Iterable[Item]) -> None:
        done = list(items)
        self._queue.remove(self._month, done)
        self._applied.settled += len(done)


def stored_fields(raw: RawLog, month: str, issue_ids: Collection[str]) -> Mapping[str, Collection[str]]:
    """The fields that are stored of issues and not null, for whoever fetches those anew."""
    try:
        return raw.set_fields(month, issue_ids)
    except RawLogError:
        return {}  # a damaged file keeps nobody from appending; whoever needs it will name it


def standing_of(raw: RawLog, month: str, issue_ids: Collection[str] | None = None) -> Standing:
    """What the log has of issues, or of all, for whoever is about to ask Jira about them."""
    try:
        return raw.standing(month, issue_ids)
    except RawLogError:
        return NOTHING  # a damaged file keeps nobody from appending; whoever needs it will name it


def failures(skipped: Iterable[SkippedIssue], source: Source, now: datetime) -> Iterator[Record]:
    """Issues that Jira lists and nobody could store: the checks speak of them until they can be fetched."""
    for issue in skipped:
        if issue.issue_id is not None:
            reason = f"{issue.key}: {issue.reason}"
            yield Record(issue.issue_id, Part.ISSUE, now, now, source, None, reason)


def _by_source(items: Mapping[str, list[Item]]) -> dict[Source, list[str]]:
    """The issues by what made us ask for them last, for their own sake if there is such a reason."""
    found: dict[Source, list[str]] = defaultdict(list)
    for issue_id, of_issue in items.items():
        reasons = [item.source for item in of_issue]
        own = [source for source in reasons if source is not Source.NEIGHBOUR]
        found[(own or reasons)[-1]].append(issue_id)
    return found
