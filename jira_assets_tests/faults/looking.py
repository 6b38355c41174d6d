"""What is in a copy: one line for each thing that is either old or new."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from jira_assets.inbox.archive import Archive
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import Queue
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.warehouse.publish import VIEWS

State = dict[str, str]
"""What is there, each with a digest of what it holds."""

# When something was asked for differs between equal copies.
_MOMENTS = {"_synced_at", "_source", "fetched_at", "observed_at"}


def state(settings: Settings) -> State:
    """Whatever cannot be read has its error for a content."""
    return {what: digest for parts in _PARTS for what, digest in parts(settings)}


def names(folder: Path) -> set[str]:
    """The kinds of files that are there: names, with their numbers and random parts left out."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {re.sub(r"[0-9a-f]{32}|[0-9a-f]{16}|[0-9]+", "#", path) for path in paths} - _COME_AND_GO


# DuckDB's log beside a database is there, or has been taken into it.
_COME_AND_GO = {"warehouse.duckdb.wal"}


def _raw(settings: Settings) -> Iterator[tuple[str, str]]:
    raw = RawLog(settings.raw_dir, settings.keyring)
    for month in raw.months():
        try:
            found = [(issue.issue_id, sorted(issue.payloads.items())) for issue in raw.latest(month)]
        except Exception as error:  # noqa: BLE001 - it is a content like any other
            yield f"raw of {month}", repr(error)
        else:
            if found:
                yield f"raw of {month}", _digest(found)


def _waiting(settings: Settings) -> Iterator[tuple[str, str]]:
    inbox = Inbox(settings.inbox_dir, settings.keyring)
    for name in inbox.names():
        try:
            delivery = inbox.read(name)
            yield f"delivery {delivery.identifier}", _digest(delivery.body)
        except Exception as error:  # noqa: BLE001
            yield f"delivery {name}", repr(error)
    queue = Queue(settings.queue_dir, settings.keyring)
    for month in queue.months():
        for item in queue.items(month):
            yield f"item {item.name} of {month}", _digest(item)
    archive = Archive(settings.events_dir, settings.keyring)
    for day in archive.days():
        yield from _archived(archive, day)


def _archived(archive: Archive, day: str) -> Iterator[tuple[str, str]]:
    try:
        for event in archive.read(date.fromisoformat(day)):
            yield f"archived {event.name}", _digest(event.body)
    except Exception as error:  # noqa: BLE001
        yield f"archive of {day}", repr(error)


def _tables(settings: Settings) -> Iterator[tuple[str, str]]:
    database = settings.warehouse_path
    if not database.exists():
        return
    rows = defaultdict(list)
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            tables = connection.execute(
                "SELECT table_name, list(column_name) FROM duckdb_columns() "
                "WHERE schema_name = 'jira' GROUP BY ALL ORDER BY ALL"
            ).fetchall()
            for table, columns in tables:
                chosen = ", ".join(f'"{column}"' for column in columns if column not in _MOMENTS)
                query = f"SELECT month, {chosen} FROM jira.{table} ORDER BY ALL"
                for month, *row in connection.execute(query).fetchall():
                    rows[month].append((table, row))
    except duckdb.Error as error:
        yield "tables", str(error)
    for month, found in rows.items():
        yield f"tables of {month}", _digest(found)


def _published(settings: Settings) -> Iterator[tuple[str, str]]:
    folder = Path(settings.published_dir.path)
    for path in sorted(folder.glob("*/*.parquet")):
        try:
            frame = pl.read_parquet(path).drop(_MOMENTS, strict=False)
            yield f"published {path.parent.name} of {path.stem}", _digest(frame.rows())
        except Exception as error:  # noqa: BLE001
            yield f"published {path.parent.name} of {path.stem}", repr(error)
    views = folder / VIEWS
    if views.exists():
        try:
            with duckdb.connect(str(views), read_only=True) as connection:
                query = "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
                for (name,) in connection.execute(query).fetchall():
                    connection.execute(f"SELECT count(*) FROM {name}").fetchall()
                    yield f"view {name}", "works"
        except duckdb.Error as error:
            yield "views", str(error)


_PARTS = (_raw, _waiting, _tables, _published)


def _digest(content: object) -> str:
    told = re.sub(r"forgotten-[0-9a-f]{12}", "somebody", repr(content))  # each time it is another one
    return hashlib.sha256(told.encode()).hexdigest()[:16]
