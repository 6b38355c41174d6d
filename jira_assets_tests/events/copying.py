"""A copy of a sandbox's site that events keep up to date, without Dagster and without waiting."""

import logging
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
from upath import UPath

from jira_assets.inbox.archive import Archive
from jira_assets.inbox.drain import Drain, Drained
from jira_assets.inbox.due_lookups import DueLists
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.inbox.queue import Queue
from jira_assets.jira.client import JiraClient
from jira_assets.jira.fields import fetch_fields
from jira_assets.jira.slas import SlaSource
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.sandbox.sent_events import SentEvent
from jira_assets.sandbox.server import RunningSandbox
from jira_assets.settings import Settings
from jira_assets.sync.attachments.download import AttachmentDownload
from jira_assets.sync.download import Download
from jira_assets.sync.lookups.refresh import Lookups, RefreshedLists
from jira_assets.sync.queued_issues import Applied, QueuedIssues
from jira_assets.sync.reconcile.census import Census, take_census
from jira_assets.sync.reconcile.children import take_comment_census, take_worklog_census
from jira_assets.sync.reconcile.cursors import Cursors
from jira_assets.sync.reconcile.scope import DeletionLimit, Scope
from jira_assets.sync.reconcile.sweep import Swept, sweep
from jira_assets.sync.requeue import requeue_outdated
from jira_assets.sync.slas.poll import SlaPoll
from jira_assets.tables.deleted_issues import DELETED_ISSUES
from jira_assets.tables.issue import Site
from jira_assets.warehouse.known import Known
from jira_assets.warehouse.refresh import Refresh
from jira_assets_tests.default_tables import BY_NAME, TABLES
from jira_assets_tests.jira.connection import connect

# When and why something was asked for is told, and differs between equal copies.
_CIRCUMSTANCES = {"_synced_at", "_source", "fetched_at", "observed_at"}
# A copy that was never told of an issue cannot tell that it was deleted.
_COMPARED = [table for table in TABLES if table is not DELETED_ISSUES]
_ROUNDS = 12
_LOG = logging.getLogger(__name__)

Rows = dict[str, list[tuple[Any, ...]]]


class Copy:
    """The folders of a copy, and every step that a receiver, a sensor and runs would do for it."""

    def __init__(
        self, sandbox: RunningSandbox, folder: Path, projects: Sequence[str] = (), keys: str = ""
    ) -> None:
        self.sandbox = sandbox
        self.variables = {
            "JIRA_BASE_URL": sandbox.url,
            "JIRA_EMAIL": sandbox.account.email,
            "JIRA_API_TOKEN": sandbox.account.token,
            "JIRA_DATA_DIR": str(folder),
            "JIRA_PROJECTS": ",".join(projects),
            "JIRA_ENCRYPTION_KEYS": keys,
        }
        self._settings = Settings(self.variables)
        keyring = self._settings.keyring
        self.raw = RawLog(UPath(folder / "raw"), keyring)
        self.database = folder / "warehouse.duckdb"
        self.inbox = Inbox(folder / "inbox", keyring)
        self.queue = Queue(folder / "queue", keyring)
        self.archive = Archive(folder / "events", keyring)
        self.known = Known(self.database)
        self.unreadable = folder / "unreadable"
        self.lookups = Lookups(self.raw.lookups, self.client, projects)
        self.due = DueLists(folder / "lookups_due")
        self._drain = Drain(
            self.inbox,
            self.queue,
            self.archive,
            self.unreadable,
            self.known,
            self.client,
            projects,
            "2000-01",
            self.due,
        )

    def client(self) -> JiraClient:
        """A client that is in no hurry to give up and never waits for long."""
        return connect(self.sandbox.url)

    def deliver(
        self, *bodies: bytes | SentEvent, ago: timedelta = timedelta(0), hint: str | None = None
    ) -> None:
        """Put events into the inbox, as if they had come in so long ago."""
        for body in bodies:
            content, identifier = (
                (body.body, body.identifier)
                if isinstance(body, SentEvent)
                else (body, sha256(body).hexdigest())
            )
            self.inbox.add([Delivery.arrived(identifier, datetime.now(UTC) - ago, hint, content)])

    def drain(self, seconds: float = 60) -> Drained:
        return self._drain.run(seconds)

    def apply(self, month: str) -> Applied:
        """Fetch what of a month is in the queue."""
        with self.client() as client:
            slas = SlaSource(lambda: fetch_fields(client).slas)
            files = AttachmentDownload(self._settings, client, self.raw, month, lambda _line: None)
            queued = QueuedIssues(client, self.raw, self.queue, self.known, month, slas, files)
            return queued.apply(lambda _line: None)

    def applied(self, *bodies: bytes, month: str, ago: timedelta = timedelta(0)) -> str:
        """What a drain and a run of the month make of these events."""
        self.deliver(*bodies, ago=ago)
        self.drain()
        done = self.apply(month)
        counts = f"{done.settled} settled, {done.waiting} waiting, {done.given_up} given up"
        return f"{counts}, {done.deleted} deleted"

    def queued(self) -> list[str]:
        """The issues of all items in the queue, month by month, oldest first."""
        return [item.issue_id for month in self.queue.months() for item in self.queue.items(month)]

    def backfill(self, months: Iterable[str]) -> None:
        """Fetch whole months; `build` makes tables of them."""
        with self.client() as client:
            download = Download(self._settings, client, _LOG)
            download.run(list(months), queued_only=False)
        # That nothing is found where something was is refused, and may be due to the lag of search.
        failed = [error for error in download.failed.values() if not isinstance(error, RawLogError)]
        assert not failed, "; ".join(map(str, failed))

    def build(self) -> None:
        cursors = Cursors(self._settings.reconcile_dir)
        refresh = Refresh(self.raw, self.database, TABLES, Site(), log_differs=lambda _month: cursors.reset())
        refresh.run(self.raw.months())
        requeue_outdated(self.known, self.queue)

    def catch_up(self, rounds: int = _ROUNDS) -> None:
        """What happens when no more events come: all that is in the inbox is applied, without waits, and the
        names of what issues refer to are read.
        """
        self.refresh_lookups()
        for _ in range(rounds):
            self.hurry()
            self.drain()
            months = self.queue.months()
            for month in months:
                self.apply(month)
            self.build()
            if not months:
                return

    @contextmanager
    def scope(self) -> Iterator[Scope]:
        """What reconciliation compares."""
        with self.client() as client:
            yield Scope.from_settings(self._settings, client)

    def poll(self) -> None:
        """Look at the SLAs of all open issues, and queue what has changed."""
        with self.client() as client:
            SlaPoll(self._settings, client, client, _LOG).run()

    def refresh_lookups(self) -> RefreshedLists:
        """What is read every day: all that issues refer to."""
        return self.lookups.refresh()

    def refresh_due_lookups(self) -> RefreshedLists:
        """What is read after events."""
        with self.due.taken() as names:
            return self.lookups.refresh(names)

    def sweep(self) -> Swept:
        with self.scope() as scope:
            return sweep(scope, self._settings.reconcile_dir)

    def take_census(self, max_deleted_percent: float = 5, max_deleted_issues: int = 20) -> Census:
        limit = DeletionLimit(max_deleted_percent, max_deleted_issues)
        with self.scope() as scope:
            census = take_census(scope, limit)
            take_comment_census(scope, limit)
            take_worklog_census(scope, limit)
            return census

    def hurry(self) -> None:
        """Let the events that are to be looked at again later be due now."""
        for name in self.inbox.names():
            self.inbox.postpone(name, datetime.now(UTC))

    def tables(self) -> Rows:
        """All rows of all tables, without the circumstances of the copying."""
        return {table.name: self.rows_of(table.name) for table in _COMPARED}

    def rows_of(self, name: str) -> list[tuple[Any, ...]]:
        """The rows of one table, without those either."""
        columns = ", ".join(f'"{c.name}"' for c in BY_NAME[name].columns if c.name not in _CIRCUMSTANCES)
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(f"SELECT {columns} FROM jira.{name} ORDER BY ALL").fetchall()


def months_of(sandbox: RunningSandbox) -> list[str]:
    """The months that issues of the site were created in."""
    created = {issue.created for issue in sandbox.site}
    return sorted({f"{datetime.fromtimestamp(moment / 1000, UTC):%Y-%m}" for moment in created})


def assert_equals_a_backfill(copy: Copy, folder: Path) -> None:
    """The tables are what a copy made from nothing, now, would be."""
    fresh = Copy(copy.sandbox, folder)
    fresh.backfill(months_of(copy.sandbox))
    fresh.refresh_lookups()
    fresh.build()
    expected, found = fresh.tables(), copy.tables()
    for name, rows in expected.items():
        surplus = [row for row in found[name] if row not in rows]
        missing = [row for row in rows if row not in found[name]]
        assert (name, surplus, missing) == (name, [], [])
        assert found[name] == rows


def shuffled(events: Sequence[SentEvent], rng: random.Random, repeated: float = 0.3) -> list[SentEvent]:
    """The events in any order, some of them twice."""
    several = [event for event in events for _ in range(2 if rng.random() < repeated else 1)]
    rng.shuffle(several)
    return several
