"""What the sensor and the runs do, without Dagster, in a process that may be killed at any moment."""

import logging
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import current_thread, main_thread

import duckdb
from default_tables import TABLES, site_of

from jira_assets.http.throttle import Patience, Throttle
from jira_assets.inbox.archive import Archive
from jira_assets.inbox.drain import Drain
from jira_assets.inbox.queue import Queue
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.download import Download
from jira_assets.sync.requeue import requeue_outdated
from jira_assets.warehouse.connection import WarehouseError, connect
from jira_assets.warehouse.known import Known
from jira_assets.warehouse.publish import publish_months, publish_views
from jira_assets.warehouse.refresh import Refresh
from jira_assets.warehouse.store import WatermarkMoved
from webhook_soak.unfinished import Unfinished

DRAINING, FETCHING, APPENDING, WRITING, PUBLISHING = STAGES = (
    "draining",
    "fetching",
    "appending",
    "writing tables",
    "publishing",
)
RECEIVING = "receiving"
"""What is killed elsewhere: the receiver is no worker."""
STARTING = "starting"
RESTING = "resting"

# What a full disk, a busy database file and a failing Jira make of a run; anything else is a defect.
_EXPECTED = (JiraError, RawLogError, WarehouseError, WatermarkMoved, OSError, duckdb.Error)
_PATIENCE = Patience(tries=3, base_seconds=0.1, ceiling_seconds=0.5, total_seconds=5)
_DRAIN_SECONDS = 5.0
_REST_SECONDS = 0.1
_FILE_EVENTS = frozenset({"open", "os.link", "os.mkdir", "os.remove", "os.rename"})
_STEPS = 4
_WAITS_SECONDS = 1.0

Tell = Callable[[tuple[str, str]], None]
"""Given ("stage", which one) and ("failed", why)."""


def work(settings: Settings, unfinished: Unfinished, seed: str, aim: str, tell: Tell) -> None:
    """Empties the inbox and the queue, and does again what was not finished, until it is killed.

    ``aim`` is the stage in which it is to be.
    """
    rng = random.Random(seed)
    steps = _Steps(settings, aim, rng.randint(1, _STEPS), tell)
    sys.addaudithook(steps.hear)
    tell = steps.tell
    queue = Queue(settings.queue_dir, settings.keyring)
    while True:
        tell(("stage", DRAINING))
        with _reported(tell):
            Drain.from_settings(settings).run(_DRAIN_SECONDS)
            Archive(settings.events_dir, settings.keyring).tidy(
                datetime.now(UTC), settings.event_retention_days
            )
        waiting = sorted({*queue.newest(), *unfinished.abandoned()})
        rng.shuffle(waiting)
        for month in waiting:
            with _reported(tell), unfinished.run(month):
                run(settings, month, tell)
        if not waiting:
            tell(("stage", RESTING))
            time.sleep(_REST_SECONDS)


def run(settings: Settings, month: str, tell: Tell) -> None:
    """What a run for the queued issues of a month does."""
    tell(("stage", FETCHING))
    with JiraClient.from_settings(settings, Throttle(patience=_PATIENCE)) as client:
        download = Download(settings, client, _silent())
        download.run([month], queued_only=True)
    if download.failed:
        raise download.failed[month]
    tell(("stage", WRITING))
    refresh(settings, [month])
    requeue_outdated(Known(settings.warehouse_path), Queue(settings.queue_dir, settings.keyring))
    tell(("stage", PUBLISHING))
    published = settings.published_dir
    with connect(settings.warehouse_path, read_only=True) as connection:
        publish_months(connection, TABLES, [month], published)
    publish_views(published, TABLES, site_of(settings.raw_dir))


def refresh(settings: Settings, months: Sequence[str]) -> None:
    """Brings months of the tables up to date with the raw log."""
    site = site_of(settings.raw_dir)
    refreshed = Refresh(
        RawLog(settings.raw_dir, settings.keyring), settings.warehouse_path, TABLES, site
    ).run(months)
    for reason in refreshed.failed.values():
        raise RawLogError(reason)


class _Steps:
    """What is done to files, one by one. At one of them, in the stage aimed at, it waits to be killed:
    stages take milliseconds, and whoever kills is slow on a busy machine.

    Appending is within fetching, from the creation of a staged segment to its removal.
    """

    def __init__(self, settings: Settings, aim: str, number: int, tell: Tell) -> None:
        self._folder = str(settings.local_dir)
        self._segments = str(settings.raw_dir / "issues")
        self._aim = aim
        self._left = number
        self._tell = tell
        self._stage = STARTING

    def tell(self, told: tuple[str, str]) -> None:
        if told[0] == "stage":
            self._stage = told[1]
        self._tell(told)

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        """A hook for what Python reports of itself."""
        if event not in _FILE_EVENTS or current_thread() is not main_thread():
            return
        path = str(arguments[0])
        if not path.startswith(self._folder):
            return
        is_segment = path.startswith(self._segments)
        if is_segment and event == "open" and "x" in str(arguments[1]):
            self.tell(("stage", APPENDING))
        if self._stage == self._aim:
            self._left -= 1
            if self._left == 0:
                time.sleep(_WAITS_SECONDS)
        if is_segment and event == "os.remove":
            self.tell(("stage", FETCHING))


@contextmanager
def _reported(tell: Tell) -> Iterator[None]:
    try:
        yield
    except _EXPECTED as error:
        tell(("failed", type(error).__name__))


def _silent() -> logging.Logger:
    log = logging.getLogger("soak")
    log.disabled = True
    return log
