"""Fetching a whole month: what Jira lists of it, and what it does not list although it is stored."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import msgspec

from jira_assets import clock
from jira_assets.inbox.events import Expected
from jira_assets.inbox.queue import GIVE_UP_AFTER, NOTHING_EXPECTED, Item, Queue
from jira_assets.jira.access import AccessGuard
from jira_assets.jira.arriving import MovedIssue, PartFailure
from jira_assets.jira.client import JiraClient
from jira_assets.jira.fetch import MonthFetch, fetch_issues, fetch_month
from jira_assets.jira.issue_json import SkippedIssue
from jira_assets.jira.slas import SlaSource
from jira_assets.jira.states import bulk_states, confirmed_deletions
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import NewestState, RawLog
from jira_assets.raw.record import Part, Record, Source
from jira_assets.raw.standing import NOTHING
from jira_assets.sync.queued_issues import failures, standing_of, stored_fields
from jira_assets.sync.requeue import moved_record, queue_in_other_months
from jira_assets.timestamps import epoch_milliseconds, month_of


class _Project(msgspec.Struct):
    key: str | None = None


class _Fields(msgspec.Struct):
    project: _Project | None = None


class _Issue(msgspec.Struct):
    fields: _Fields


@dataclass(slots=True)
class FetchedMonth:
    """What fetching a month came to.

    ``moved`` are issues that are stored in it and are of another month now, ``out_of_range`` those among
    them whose month is before the first one that is copied; ``went_back`` are those of which Jira shows an
    older state than was stored, and which show that now (ids).
    """

    issues: int = 0
    failures: list[PartFailure] = field(default_factory=list)
    skipped: list[SkippedIssue] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    out_of_range: list[str] = field(default_factory=list)
    went_back: list[str] = field(default_factory=list)


class WholeMonth:
    """The fetch of one month into the raw log."""

    def __init__(
        self,
        client: JiraClient,
        raw: RawLog,
        queue: Queue,
        month: str,
        slas: SlaSource,
        start_month: str,
        log: logging.Logger,
    ) -> None:
        self._client = client
        self._raw = raw
        self._queue = queue
        self._month = month
        self._slas = slas
        self._start_month = start_month
        self._log = log
        self._stored = partial(stored_fields, raw, month)
        self._standing = NOTHING
        self._fetched = FetchedMonth()

    def fetch(self, projects: Sequence[str], guard: AccessGuard) -> FetchedMonth:
        """Appends what Jira has. Raises ``JiraError`` and ``RawLogError``."""
        fetch = fetch_month(
            self._client,
            self._month,
            projects,
            Source.BACKFILL,
            self._log.info,
            guard,
            self._slas,
            self._stored,
        )
        tombstoned = self._tombstoned()
        self._standing = standing_of(self._raw, self._month)
        listed: set[str] = set()
        for records in fetch:
            listed.update(record.issue_id for record in records)
            # Search lists what was deleted for a while. Asked by id, Jira tells whether it is there again.
            doubted = _projects(record for record in records if record.issue_id in tombstoned)
            gone = confirmed_deletions(self._client, doubted)
            older = self._older(records, gone)
            there = (record for record in records if record.issue_id not in gone)
            self._raw.append(self._month, self._standing.after(there))
            self._follow_back(older)
        skipped = failures(fetch.skipped, Source.BACKFILL, self._client.now)
        self._raw.append(self._month, self._standing.after(skipped))
        listed.update(issue.issue_id for issue in fetch.skipped if issue.issue_id)
        self._let_go(listed, fetch.moved)
        self._refuse_sudden_emptiness(fetch)
        self._fetched.issues = fetch.issues
        self._fetched.failures += fetch.failures
        self._fetched.skipped += fetch.skipped
        return self._fetched

    def _tombstoned(self) -> set[str]:
        try:
            return self._raw.tombstoned(self._month)
        except RawLogError:
            return set()  # a damaged file keeps nobody from appending; whoever needs it will name it

    def _older(self, records: Iterable[Record], gone: Iterable[str]) -> dict[str, NewestState]:
        """The issues of which a newer state than this one is stored, with that."""
        shown = {
            record.issue_id: epoch_milliseconds(record.issue_updated)
            for record in records
            if record.part is Part.ISSUE and record.payload is not None and "updated" not in record.without
        }
        for issue_id in gone:
            shown.pop(issue_id, None)
        try:
            stored = self._raw.newest(self._month, shown)
        except RawLogError:
            return {}
        return {
            issue_id: newest for issue_id, newest in stored.items() if shown[issue_id] < newest.issue_updated
        }

    def _follow_back(self, newest: dict[str, NewestState]) -> None:
        """Asks for issues by id that search shows in an older state than is stored. Is that how they are, as
        after a restore from a backup, it wins over what is stored.
        """
        if not newest:
            return
        fetch = fetch_issues(
            self._client,
            self._month,
            sorted(newest),
            Source.BACKFILL,
            self._log.info,
            self._slas,
            self._stored,
        )
        for records in fetch:
            older = self._older(records, ()).keys() & newest.keys()
            now = self._client.now
            asked_again = [_asked_again(issue_id, newest[issue_id], now) for issue_id in sorted(older)]
            items = {self._month: asked_again}
            # Reads by id may lag behind, too. Once in the queue before, should we not get any further, and
            # once after, should it have been asked for meanwhile.
            self._queue.put(items)
            followed = (_in_next_generation(each, newest, older) for each in records)
            self._raw.append(self._month, self._standing.after(followed))
            self._queue.put(items)
            self._fetched.went_back += sorted(older)
        if self._fetched.went_back:
            self._log.warning(
                "%s: of %d issues Jira shows older states than were stored, as after a restore from a "
                "backup: they are followed",
                self._month,
                len(self._fetched.went_back),
            )

    def _let_go(self, listed: set[str], listed_here: Iterable[MovedIssue]) -> None:
        """Looks for what is stored and was not listed, to find what is of another month now. There it is
        asked for, as is what was ``listed_here`` although it is of another month.
        """
        try:
            unlisted = self._raw.issue_ids(self._month) - listed
        except RawLogError:
            return
        asked_at = self._client.now
        states = (state for page in bulk_states(self._client, sorted(unlisted)) for state in page)
        elsewhere = {state.issue_id: state for state in states if state.month != self._month}
        moved = {issue_id: elsewhere[issue_id] for issue_id in self._raw.live(self._month, elsewhere)}
        for state in moved.values():
            told = f"{state.key} ({state.month})"
            if state.month < self._start_month:
                left = moved_record(state.issue_id, state.month, asked_at, Source.BACKFILL)
                self._raw.append(self._month, self._standing.after([left]))
                self._fetched.out_of_range.append(told)
            else:
                self._fetched.moved.append(told)
        wanted = {issue.issue_id: month_of(issue.created) for issue in listed_here}
        wanted |= {state.issue_id: state.month for state in moved.values()}
        in_range = {issue_id: month for issue_id, month in wanted.items() if month >= self._start_month}
        queue_in_other_months(self._queue, in_range, self._month, Source.BACKFILL)

    def _refuse_sudden_emptiness(self, fetch: MonthFetch) -> None:
        """Without rights Jira answers 200 with nothing: nothing where there was something is no answer."""
        if fetch.issues or fetch.skipped or fetch.failures:
            return
        known = len(self._raw.live(self._month, self._raw.issue_ids(self._month))) - len(self._fetched.moved)
        if known:
            raise RawLogError(
                f"Jira found no issues of {self._month}, but {known} are stored. Nothing was changed. Unless "
                "they were all deleted, check what the account may see: jira-assets doctor"
            )


def _asked_again(issue_id: str, newest: NewestState, now: datetime) -> Item:
    """What is stored may be right all the same, if it is so new, by Jira's clock, that reads may not show it
    yet.
    """
    updated = datetime.fromtimestamp(newest.issue_updated / 1000, UTC)
    expected = Expected(updated, None) if now - updated < GIVE_UP_AFTER else NOTHING_EXPECTED
    cause = f"went back from {updated.isoformat()}"
    return Item(issue_id, cause, clock.now(), Source.RECONCILE, expected=expected)


def _in_next_generation(record: Record, newest: dict[str, NewestState], older: Iterable[str]) -> Record:
    if record.issue_id not in older:
        return record
    return replace(record, generation=newest[record.issue_id].generation + 1)


def _projects(records: Iterable[Record]) -> dict[str, str | None]:
    """The projects of the issues among the records."""
    found: dict[str, str | None] = {}
    for record in records:
        if record.part is Part.ISSUE and record.payload is not None:
            project = msgspec.json.decode(record.payload, type=_Issue).fields.project
            found[record.issue_id] = project.key if project else None
    return found
