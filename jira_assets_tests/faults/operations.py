"""What is done to a copy, step by step: how each begins, and what it does, through what runs call too."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from upath import UPath

from jira_assets.inbox.drain import tidy
from jira_assets.inbox.receiver.server import running
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record, Source
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.sync.publishing import publish_views
from jira_assets.tables.issue import Site as TablesSite
from jira_assets.upkeep.forget.erasure import Erasure
from jira_assets.upkeep.rotate.rotate import Rotation
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.publish import publish_months
from jira_assets.warehouse.purge import purge
from jira_assets.warehouse.refresh import Refresh
from jira_assets_tests.default_tables import TABLES
from jira_assets_tests.events.bodies import change
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.inbox.receiver.sending import SECRET, deliver
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.pipeline import Pipeline, pipeline
from jira_assets_tests.privacy.keys import key

CHANGED = "10001"
OTHER_MONTH = "2024-02"
PERSON = {"accountId": "5b10a2844c20165700ede21g", "displayName": "Maria Sommer"}
_SEGMENTS = 16  # as many as are joined


class NotDone(Exception):
    """The operation says that it did not do what it was to."""


@dataclass(frozen=True)
class Place:
    """A site of two months, and a folder for a copy of it; what finds them is in the environment."""

    folder: Path
    pipe: Pipeline

    @cached_property
    def body(self) -> bytes:
        """An event about an issue that has changed."""
        return change(self.pipe.sandbox.site, CHANGED)

    def copy(self, keys: str = "") -> Copy:
        return Copy(self.pipe.sandbox, self.folder, keys=keys)

    @property
    def settings(self) -> Settings:
        return Settings.load()

    @property
    def raw(self) -> RawLog:
        return RawLog(UPath(self.folder / "raw"))


@contextmanager
def place(base: Path) -> Iterator[Place]:
    site = Site(
        [
            full_issue(1, comments=2, histories=1, remote_links=1, assignee=PERSON),
            full_issue(2),
            full_issue(3, created="2024-02-03T10:00:00.000+0000", worklogs=1),
        ]
    )
    folder = base / "copy"
    with pipeline(site, base, JIRA_DATA_DIR=str(folder), JIRA_WEBHOOK_SECRET=SECRET) as pipe:
        yield Place(folder, pipe)


@dataclass(frozen=True)
class Operation:
    """``prepare`` makes a folder in which ``run`` has something to do; that raises if it was not done.

    ``keys`` are set while it runs. ``cost`` is what one takes to do, compared with the quick ones.
    """

    name: str
    prepare: Callable[[Place], None]
    run: Callable[[Place], None]
    keys: str = ""
    cost: int = 1


def _nothing(place: Place) -> None:
    place.folder.mkdir()


def _receive(place: Place) -> None:
    with running(place.settings) as url:
        for size in (1, 200_000):  # of which the larger one is written while it arrives
            body = place.body + b" " * size
            answer = deliver(url, body, hashlib.sha256(body).hexdigest())
            if answer.status_code != 200:
                raise NotDone(answer.text)


def _delivered(place: Place) -> None:
    place.copy().deliver(place.body)


def _drain(place: Place) -> None:
    copy = place.copy()
    drained = copy.drain()
    tidy(place.settings)
    if drained.error or drained.waiting:
        raise NotDone(drained.error or "waiting")


def _drained(place: Place) -> None:
    place.copy().backfill([MONTH])
    _delivered(place)
    place.copy().drain()


def _apply(place: Place) -> None:
    applied = place.copy().apply(MONTH)
    place.raw.compact(MONTH)  # every run does
    if applied.failures or applied.skipped or applied.waiting:
        raise NotDone("waiting")


def _loaded(place: Place) -> None:
    place.copy().backfill([MONTH, OTHER_MONTH])


def _record(number: int) -> Record:
    at = datetime(2026, 1, 1, 0, number, tzinfo=UTC)
    payload = b'{"id": "10001", "key": "SUP-1", "fields": {"summary": "%d"}}' % number
    return Record(CHANGED, Part.ISSUE, at, at, Source.WEBHOOK, payload)


def _append(place: Place) -> None:
    place.raw.append(MONTH, [_record(0)])
    place.raw.compact(MONTH)  # every run does, and there is nothing to join yet


def _in_segments(place: Place) -> None:
    for number in range(_SEGMENTS):
        place.raw.append(MONTH, [_record(number)])


def _compact(place: Place) -> None:
    place.raw.compact(MONTH)


def _build(place: Place) -> None:
    refresh = Refresh(place.raw, place.copy().database, TABLES, TablesSite())
    failed = refresh.run(place.raw.months()).failed
    if failed:
        raise NotDone(str(failed))


def _behind(place: Place) -> None:
    """Both months are built, and one of them has news."""
    _loaded(place)
    _build(place)
    place.copy().applied(place.body, month=MONTH)


def _built(place: Place) -> None:
    _behind(place)
    _build(place)


def _publish(place: Place) -> None:
    settings = place.settings
    with connect(settings.warehouse_path, read_only=True) as connection:
        publish_months(connection, TABLES, place.raw.months(), settings.published_dir)
    publish_views(settings)


def _published_before(place: Place) -> None:
    """What is published is older than the tables."""
    _loaded(place)
    _build(place)
    _publish(place)
    place.copy().applied(place.body, month=MONTH)
    _build(place)


def _purge(place: Place) -> None:
    purge(place.copy().database)


def _everywhere(place: Place, keys: str = "") -> None:
    """Something in each folder that is sealed, and that somebody is named in."""
    copy = place.copy(keys)
    copy.backfill([MONTH, OTHER_MONTH])
    copy.deliver(place.body)
    copy.drain()
    copy.deliver(place.body + b" ")


def _sealed(place: Place) -> None:
    _everywhere(place, key("old"))


def _rotate(place: Place) -> None:
    rotated = Rotation(place.settings, lambda _line: None).run()
    if not rotated.is_complete:
        raise NotDone(str(rotated))


def _forget(place: Place) -> None:
    report = Erasure(place.settings, PERSON["accountId"], lambda _line: None).run()
    if report.problems:
        raise NotDone(str(report.problems))


def _run(place: Place) -> None:
    run = place.pipe.run(MONTH)
    if not run.success:
        raise NotDone(run.errors)


OPERATIONS = [
    Operation("receive", _nothing, _receive),
    Operation("drain", _delivered, _drain),
    Operation("apply", _drained, _apply),
    Operation("append", _loaded, _append),
    Operation("compact", _in_segments, _compact),
    Operation("create", _loaded, _build, cost=4),
    Operation("refresh", _behind, _build, cost=4),
    Operation("publish first", _built, _publish, cost=6),
    Operation("publish", _published_before, _publish, cost=6),
    Operation("purge", _built, _purge, cost=4),
    Operation("rotate", _sealed, _rotate, f"{key('new')},{key('old')}"),
    Operation("forget", _everywhere, _forget),
    Operation("run", _nothing, _run, cost=12),
]
