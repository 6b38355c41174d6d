"""Where Dagster keeps its history, and how large it is. Of Dagster's insides this and its neighbours use the
tables of its storages, which those of PostgreSQL, MySQL and SQLite have in common.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import sqlalchemy
from dagster import DagsterInstance
from sqlalchemy.engine import Connection

from jira_assets.defs.upstream import (
    LocalComputeLogManager,
    SqlEventLogStorage,
    SqlRunStorage,
    SqlScheduleStorage,
)
from jira_assets.files import bytes_below


def event_log(instance: DagsterInstance) -> SqlEventLogStorage:
    """The storage of events. Raises TypeError for one that is no SQL database."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise TypeError(f"{type(storage).__name__} has no tables of events that could be looked at")
    return storage


def databases(instance: DagsterInstance) -> list[Path]:
    """The SQLite files of runs, events and ticks; none if Dagster's storage is something else, or in memory.

    With SQLite each run has a file of its own besides, in the folder of that of all events.
    """
    found = [_file_of(connecting) for connecting in _connections(instance)]
    return [path for path in dict.fromkeys(found) if path is not None]


def shards(instance: DagsterInstance) -> Path | None:
    """The folder with a file of events for each run; None if all are in one database."""
    storage = event_log(instance)
    path = _file_of(storage.index_connection()) if storage.is_run_sharded else None
    return path.parent if path else None


def compute_logs(instance: DagsterInstance) -> Path | None:
    """The folder with what runs and ticks have printed; None if that is elsewhere."""
    manager = instance.compute_log_manager
    if not isinstance(manager, LocalComputeLogManager):
        return None
    return Path(manager.get_captured_local_path(["any"], "out")).parent


def size(instance: DagsterInstance) -> int | None:
    """The bytes of all of it; None if it is in no files of this machine."""
    files = databases(instance)
    if not files:
        return None
    folders = {path.parent for path in files} | {Path(instance.storage_directory())}
    logs = compute_logs(instance)
    return bytes_below(*folders, *([logs] if logs else []))


def _connections(instance: DagsterInstance) -> Iterator[AbstractContextManager[Connection]]:
    runs, ticks = instance.run_storage, instance.schedule_storage
    if isinstance(runs, SqlRunStorage):
        yield runs.connect()
    yield event_log(instance).index_connection()
    if isinstance(ticks, SqlScheduleStorage):
        yield ticks.connect()


def _file_of(connecting: AbstractContextManager[Connection]) -> Path | None:
    with connecting as connection:
        if connection.dialect.name != "sqlite":
            return None
        row = connection.execute(sqlalchemy.text("PRAGMA database_list")).fetchone()
    return Path(row[2]) if row and row[2] else None
