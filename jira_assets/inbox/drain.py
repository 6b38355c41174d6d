"""Empties the inbox: every event becomes items of the queue, and a line of the archive.

Each step is durable before the next begins, and doing one twice changes nothing: after a crash, or beside
another drain, the same events become the same items. So at any moment an event is in the inbox, or its work
is in the queue.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from upath import UPath

from jira_assets import clock
from jira_assets.files import make_folder, remove_leftovers
from jira_assets.http.throttle import Patience, Throttle
from jira_assets.inbox.archive import Archive, ArchivedEvent, EventOutcome
from jira_assets.inbox.due_lookups import DueLists, lists_changed_by
from jira_assets.inbox.events import Event, UnreadableEvent, parse
from jira_assets.inbox.inbox import DamagedDelivery, Delivery, Inbox
from jira_assets.inbox.queue import GIVE_UP_AFTER, Item, Queue, received_at
from jira_assets.inbox.resolve import IssueLocation, OpenClient, ResolvedIssues, resolve
from jira_assets.inbox.settle import has_waited
from jira_assets.jira.client import JiraClient
from jira_assets.privacy.errors import UnknownKey
from jira_assets.privacy.forgetting import Forgetting
from jira_assets.raw.lookups import LookupStore
from jira_assets.settings import Settings
from jira_assets.warehouse.connection import WarehouseError
from jira_assets.warehouse.known import Known

_EVENTS_AT_ONCE = 1000
_BYTES_AT_ONCE = 64 * 1024 * 1024
# Nobody waits for a Jira that is down: the events that need it are looked at again later.
_PATIENCE = Patience(tries=2, base_seconds=1, total_seconds=5)
_SHORTEST_WAIT = timedelta(seconds=1)


@dataclass(slots=True)
class Drained:
    """What became of the events: how many of each outcome, and how many stay, and why Jira was no help."""

    outcomes: Counter[EventOutcome] = field(default_factory=Counter)
    unreadable: int = 0
    waiting: int = 0
    error: str | None = None

    def add(self, other: "Drained") -> None:
        """Count what a later drain has dealt with. It need not have looked at all that waits."""
        self.outcomes.update(other.outcomes)
        self.unreadable += other.unreadable
        self.waiting = max(self.waiting, other.waiting)
        self.error = other.error or self.error

    def __str__(self) -> str:
        counts = [f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items())]
        counts += [f"{self.unreadable} unreadable"] if self.unreadable else []
        counts += [f"{self.waiting} waiting for their issue to be found"] if self.waiting else []
        told = f"events: {', '.join(counts)}" if counts else "no new events"
        return f"{told} ({self.error})" if self.error else told


@dataclass(frozen=True, slots=True)
class _Arrived:
    delivery: Delivery
    event: Event


class Drain:
    """From an inbox to a queue. ``projects`` (none means all) and ``start_month`` limit what is wanted.
    ``due`` is where it is noted that a list of the site's has changed.
    """

    def __init__(
        self,
        inbox: Inbox,
        queue: Queue,
        archive: Archive,
        unreadable: Path,
        known: Known,
        open_client: OpenClient,
        projects: Sequence[str],
        start_month: str,
        due: DueLists | None = None,
    ) -> None:
        self._inbox = inbox
        self._queue = queue
        self._archive = archive
        self._unreadable = unreadable
        self._known = known
        self._open_client = open_client
        self._projects = frozenset(projects)
        self._start_month = start_month
        self._due = due

    @classmethod
    def from_settings(cls, settings: Settings) -> "Drain":
        """The drain of the configured folders. Raises ``SettingsError``, ``UnknownKey`` and ``WrongKey``."""
        lookups = LookupStore(settings.raw_dir, settings.keyring)
        return cls(
            Inbox(settings.inbox_dir, settings.keyring),
            Queue(settings.queue_dir, settings.keyring),
            Archive(settings.events_dir, settings.keyring, Forgetting(settings.raw_dir, settings.keyring)),
            settings.unreadable_dir,
            Known(settings.warehouse_path),
            lambda: JiraClient.from_settings(settings, Throttle(patience=_PATIENCE)),
            (*settings.projects, *lookups.current_keys(settings.projects)),
            settings.start_month,
            DueLists(settings.lookups_due_dir),
        )

    def run(self, seconds: float) -> Drained:
        """Takes all that is due, oldest first; after so many seconds the rest is left for the next time."""
        drained = Drained()
        deadline = time.monotonic() + seconds
        for batch in self._batches(self._inbox.due(clock.now())):
            self._take(batch, drained)
            if time.monotonic() > deadline:
                break
        return drained

    def _batches(self, names: Sequence[str]) -> Iterator[list[str]]:
        """Some at a time: a body may have 25 MB, and all of a batch are in memory."""
        batch: list[str] = []
        size = 0
        for name in names:
            batch.append(name)
            with suppress(OSError):
                size += (self._inbox.folder / name).stat().st_size
            if len(batch) == _EVENTS_AT_ONCE or size >= _BYTES_AT_ONCE:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _take(self, names: Sequence[str], drained: Drained) -> None:
        arrived = list(filter(None, (self._read(name, drained) for name in names)))
        resolution = resolve([each.event for each in arrived], self._known, self._open_client)
        if resolution.error is not None:
            drained.error = str(resolution.error)
        queued: dict[str, list[Item]] = defaultdict(list)
        archived: list[ArchivedEvent] = []
        for each in arrived:
            places = resolution.of(each.event)
            is_unseen = places is None and resolution.is_about_unseen(each.event)
            if places is None and not is_unseen and not self._is_given_up(each, resolution):
                self._postpone(each.delivery)
                drained.waiting += 1
                continue
            wanted = [place for place in places or () if self._is_wanted(place, each.event)]
            for place in wanted:
                queued[place.month].append(_item(place, each))
            outcome = EventOutcome.INVISIBLE if is_unseen else _outcome(each.event, places, wanted)
            archived.append(_archived(each, outcome, wanted))
        self._finish(queued, archived)
        drained.outcomes.update(entry.outcome for entry in archived)

    def _finish(self, queued: Mapping[str, Sequence[Item]], archived: Sequence[ArchivedEvent]) -> None:
        self._queue.put(queued)
        if self._due is not None:
            self._due.note({name for entry in archived for name in lists_changed_by(entry.event)})
        self._archive.add(archived)
        self._inbox.remove(entry.name for entry in archived)

    def _read(self, name: str, drained: Drained) -> _Arrived | None:
        try:
            delivery = self._inbox.read(name)
            event = _with_hint(parse(delivery.body), delivery.issue_hint)
            return _Arrived(delivery, replace(event, received_at=delivery.received_at))
        except FileNotFoundError:  # another drain was quicker
            return None
        except (DamagedDelivery, UnreadableEvent):
            with suppress(FileNotFoundError):
                self._inbox.move(name, self._unreadable)
            drained.unreadable += 1
            return None
        except (OSError, UnknownKey) as error:  # of one file; it is tried again, and the others go on
            drained.waiting += 1
            drained.error = str(error)
            return None

    def _is_given_up(self, arrived: _Arrived, resolution: ResolvedIssues) -> bool:
        # An attachment's event may come before the one that tells its issue.
        at, received_at = arrived.event.at, arrived.delivery.received_at
        now = resolution.now or received_at
        return resolution.error is None and has_waited(GIVE_UP_AFTER, at, received_at, now)

    def _postpone(self, delivery: Delivery) -> None:
        """Each wait is half as long as all before: what was just missed comes soon, the rest costs little."""
        now = clock.now()
        self._inbox.postpone(delivery.name, now + max(_SHORTEST_WAIT, (now - delivery.received_at) / 2))

    def _is_wanted(self, place: IssueLocation, event: Event) -> bool:
        # Issues of months that have not begun, by our clock, are kept by the run of the last one.
        if place.month < self._start_month:
            return False
        is_ours = not self._projects or place.project in (None, *self._projects)
        # What has left our projects is stored here, and should not go on showing where it was.
        return is_ours or event.has_left(self._projects)


def _with_hint(event: Event, hint: str | None) -> Event:
    """What the address of the webhook says, for an event that says nothing: unsigned, but only a question."""
    if hint is None or event.issue_ids or event.issue_keys:
        return event
    return replace(event, issue_ids=(hint,), attachment_id=None)


def _outcome(
    event: Event, places: Sequence[IssueLocation] | None, wanted: Sequence[IssueLocation]
) -> EventOutcome:
    if wanted:
        return EventOutcome.QUEUED
    if places:
        return EventOutcome.DROPPED
    if places is None:
        return EventOutcome.UNRESOLVED
    return EventOutcome.IRRELEVANT if event.is_known else EventOutcome.UNKNOWN


def _item(place: IssueLocation, arrived: _Arrived) -> Item:
    event = arrived.event
    return Item(
        issue_id=place.issue_id,
        cause=arrived.delivery.name,
        received_at=arrived.delivery.received_at,
        at=event.at,
        expected=event.expected,
        is_deletion=event.deletes_issue,
        project=(place.project or event.project_key) if event.deletes_issue else None,
        is_secured=event.is_secured,
    )


def _archived(arrived: _Arrived, outcome: EventOutcome, places: Sequence[IssueLocation]) -> ArchivedEvent:
    delivery = arrived.delivery
    return ArchivedEvent(
        name=delivery.name,
        received_at=delivery.received_at,
        identifier=delivery.identifier,
        event=arrived.event.name,
        outcome=outcome,
        issue_ids=tuple(place.issue_id for place in places),
        body=delivery.body,
    )


_EVERY = timedelta(hours=1)
_MARK = ".tidied"


def tidy(settings: Settings) -> None:
    """Tidies the archive, and what could not be read, unless that was done of late. Raises OSError."""
    now = clock.now()
    mark = settings.events_dir / _MARK
    try:
        if abs(now.timestamp() - mark.stat().st_mtime) < _EVERY.total_seconds():
            return
    except FileNotFoundError:
        make_folder(mark.parent)
    mark.touch(0o600)
    remove_leftovers(
        UPath(settings.local_dir)
    )  # a purge that was killed leaves a copy of the warehouse there
    try:
        past = Known(settings.warehouse_path).surely_past(now)
    except WarehouseError:
        return  # it is tidied in an hour
    Archive(settings.events_dir, settings.keyring).tidy(past, settings.event_retention_days)
    unreadable = Inbox(settings.unreadable_dir)
    oldest = past - timedelta(days=settings.event_retention_days)
    unreadable.remove(name for name in unreadable.names() if received_at(name) < oldest)
