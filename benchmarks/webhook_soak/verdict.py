"""What must be true when everything has been delivered and dealt with."""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from default_tables import TABLES

from jira_assets.inbox.archive import Archive, EventOutcome
from jira_assets.inbox.events import Event, parse
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import Item, Queue
from jira_assets.inbox.receiver.server import running
from jira_assets.jira.client import JiraClient
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.sync.download import Download
from jira_assets.tables.declare import Table
from jira_assets.tables.deleted_issues import DELETED_ISSUES
from webhook_soak.worker import refresh, run

# When and why something was asked for differs between equal copies.
_CIRCUMSTANCES = {"_synced_at", "_source", "fetched_at", "observed_at"}
# Only who saw a deletion knows of it.
_COMPARED = [table for table in TABLES if table is not DELETED_ISSUES]
_KEYS_SHOWN = 3
_LOOK_EVERY_SECONDS = 0.2

Rows = Mapping[str, Counter[tuple[str, ...]]]
"""How often each row (its key, and a text of all of it) is there, by month."""


def months_of(site: Site) -> list[str]:
    """The months (UTC) that the site's issues were created in, and the current one of the site."""
    created = {issue.created for issue in site} | {site.clock()}
    return sorted({f"{datetime.fromtimestamp(moment / 1000, UTC):%Y-%m}" for moment in created})


def wait_for_rest(
    settings: Settings, site: Site, unfinished: Callable[[], set[str]], seconds: float
) -> list[str]:
    """Returns when nothing is left to do, or after so many seconds what is.

    ``unfinished`` are runs that have begun and not succeeded. What waits in vain has new ones made for ever:
    only those count that began before there was nothing else to do.
    """
    deadline = time.monotonic() + seconds
    _end_postponements(Inbox(settings.inbox_dir, settings.keyring))
    began_before: set[str] | None = None
    while True:
        # In the order in which an event goes, so that it is not passed on unseen between two looks.
        left, runs = _left(settings, site), unfinished()
        if left:
            began_before = None
        else:
            began_before = runs if began_before is None else began_before & runs
            left = [f"{run} was not finished" for run in sorted(began_before)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(_LOOK_EVERY_SECONDS)


def _end_postponements(inbox: Inbox) -> None:
    """As if the times had come until which deliveries were postponed: an hour is too long to wait."""
    now = datetime.now(UTC)
    for name in inbox.names():
        inbox.postpone(name, now)


def _left(settings: Settings, site: Site) -> list[str]:
    queue, inbox = Queue(settings.queue_dir, settings.keyring), Inbox(settings.inbox_dir, settings.keyring)
    hopeful = [name for name in inbox.names() if not _is_hopeless(inbox, name, site)]
    left = [f"{len(hopeful)} events in the inbox"] if hopeful else []
    items = [item for month in queue.newest() for item in queue.items(month)]
    return left + [f"{item} in the queue" for item in items if not _is_in_vain(item, site)]


def in_vain(settings: Settings, site: Site) -> int:
    """How many items wait for what was deleted before they were told of it, which nobody can know."""
    queue = Queue(settings.queue_dir, settings.keyring)
    return sum(_is_in_vain(item, site) for month in queue.months() for item in queue.items(month))


def _is_in_vain(item: Item, site: Site) -> bool:
    child, issue = item.expected.child, site.find(item.issue_id)
    if child is None or not child.present:
        return False
    return issue is None or f'"{child.id}"'.encode() not in issue.json()


def _is_hopeless(inbox: Inbox, name: str, site: Site) -> bool:
    """An event of an attachment that no table knows, or of an issue that is gone, waits for an hour."""
    try:
        event = parse(inbox.read(name).body)
    except FileNotFoundError:
        return True
    return event.attachment_id is not None or _is_gone(event, site)


def _is_gone(event: Event, site: Site) -> bool:
    return not any(site.find(each) for each in (*event.issue_ids, *event.issue_keys))


def events_lost(settings: Settings, site: Site, identifiers: Iterable[str]) -> list[str]:
    """Every event is in the archive, or still in the inbox, once. Those of what is gone may be invisible."""
    inbox = Inbox(settings.inbox_dir, settings.keyring)
    found = Counter(inbox.read(name).identifier for name in inbox.names())
    outcomes: Counter[EventOutcome] = Counter()
    for day in _days():
        for event in Archive(settings.events_dir, settings.keyring).read(day):
            found[event.identifier] += 1
            if event.outcome is not EventOutcome.INVISIBLE or not _is_gone(parse(event.body), site):
                outcomes[event.outcome] += 1
    expected = Counter(identifiers)
    problems = _listed("events were lost", expected - found)
    problems += _listed("events were stored twice, or never sent", found - expected)
    odd = {outcome: count for outcome, count in outcomes.items() if outcome is not EventOutcome.QUEUED}
    problems += [f"{count} events were {outcome}" for outcome, count in odd.items()]
    unreadable = Inbox(settings.unreadable_dir).names()
    return problems + _listed("events could not be read", Counter(unreadable))


def _days() -> Iterable[Any]:
    today = datetime.now(UTC).date()
    return [today - timedelta(days=1), today]


def _listed(what: str, which: Counter[str]) -> list[str]:
    return [f"{which.total()} {what}: {', '.join(list(which)[:_KEYS_SHOWN])}"] if which else []


def copy_whole(settings: Settings, months: Sequence[str]) -> None:
    """What a backfill of these months makes."""
    with JiraClient.from_settings(settings) as client:
        download = Download(settings, client, logging.getLogger("soak"))
        download.run(months, queued_only=False)
    if download.failed:
        raise RuntimeError("; ".join(f"{month}: {why}" for month, why in download.failed.items()))
    refresh(settings, months)


def differences(copy: Path, fresh: Path) -> list[str]:
    """A line for each table and month that differs between two databases, with a few keys."""
    problems = []
    for table in _COMPARED:
        found, expected = _rows(copy, table), _rows(fresh, table)
        for month in sorted(found.keys() | expected.keys()):
            have, want = found.get(month, Counter()), expected.get(month, Counter())
            for what, rows in (("surplus", have - want), ("missing", want - have)):
                if rows:
                    keys = ", ".join(key for key, _ in list(rows)[:_KEYS_SHOWN])
                    problems.append(f"{table.name} of {month}: {rows.total()} rows are {what}: {keys}")
    return problems


def _rows(database: Path, table: Table) -> Rows:
    columns = ", ".join(f'"{c.name}"' for c in table.columns if c.name not in _CIRCUMSTANCES)
    key = ", ".join(f'"{name}"' for name in table.primary_key)
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(
            f"SELECT month, ({key})::VARCHAR, row({columns}) FROM jira.{table.name}"
        ).fetchall()
    by_month: dict[str, Counter[tuple[str, ...]]] = {}
    for month, key_text, row in found:
        by_month.setdefault(month, Counter())[key_text, repr(row)] += 1
    return by_month


def leftovers(folder: Path) -> list[Path]:
    """Unfinished files of those who were killed."""
    return [path for path in folder.rglob(".*") if path.suffix in {".tmp", ".body"} or ".tmp" in path.name]


def tidy(settings: Settings, months: Sequence[str]) -> None:
    """Lets everybody remove what they leave behind when they are killed, as if that had been long ago."""
    for path in leftovers(settings.local_dir):
        os.utime(path, (0, 0))
    with running(settings):
        for month in months:
            run(settings, month, lambda _told: None)
        Archive(settings.events_dir, settings.keyring).tidy(datetime.now(UTC), settings.event_retention_days)
