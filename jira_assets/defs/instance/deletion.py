"""Deleting runs with all that they have left: events, verdicts, what they printed, their files.

The run itself goes last. So one whose deletion was interrupted is found again, and nothing is left behind.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from dagster import DagsterInstance

from jira_assets import clock
from jira_assets.defs.instance.storage import compute_logs, event_log, shards
from jira_assets.defs.upstream import AssetCheckExecutionsTable

_RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LOGS = {".out", ".err", ".complete"}
_DAY_S = 86_400
_PARTS = (".db", ".db-wal", ".db-shm")  # of an SQLite file


def delete_run(instance: DagsterInstance, run_id: str) -> None:
    """Delete a run and what it has left. Doing it again changes nothing."""
    _delete_traces(instance, run_id)
    instance.run_storage.delete_run(run_id)


def delete_leftovers(instance: DagsterInstance) -> int:
    """Delete what runs have left that are gone; returns how many these are."""
    # Files of the last day may be of a run that is only about to be noted.
    before = clock.seconds() - _DAY_S
    found = {path.stem for path in _made_by_runs(instance) if path.stat().st_mtime < before}
    gone = [run_id for run_id in found if not instance.run_storage.has_run(run_id)]
    for run_id in gone:
        _delete_traces(instance, run_id)
    return len(gone)


def delete_tick_logs(instance: DagsterInstance, days: int) -> int:
    """Delete what sensors and schedules logged before so many days, which Dagster itself never does."""
    before, deleted = clock.seconds() - days * _DAY_S, 0
    for top in _folders(compute_logs(instance)):
        if not _RUN_ID.fullmatch(top.name):
            for path in top.rglob("*"):
                if path.suffix in _LOGS and path.stat().st_mtime < before:
                    path.unlink()
                    deleted += 1
    return deleted


def _delete_traces(instance: DagsterInstance, run_id: str) -> None:
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    shutil.rmtree(Path(instance.storage_directory()) / run_id, ignore_errors=True)
    log, checks = event_log(instance), AssetCheckExecutionsTable
    with log.index_connection() as connection:
        log.delete_events_for_run(connection, run_id)
        connection.execute(checks.delete().where(checks.c.run_id == run_id))
    if folder := shards(instance):
        for part in _PARTS:
            (folder / f"{run_id}{part}").unlink(missing_ok=True)


def _made_by_runs(instance: DagsterInstance) -> Iterator[Path]:
    """Files and folders that have the name of a run."""
    for folder in (compute_logs(instance), Path(instance.storage_directory())):
        yield from (top for top in _folders(folder) if _RUN_ID.fullmatch(top.name))
    files = shards(instance)
    if files:
        yield from (path for path in files.glob("*.db") if _RUN_ID.fullmatch(path.stem))


def _folders(folder: Path | None) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder and folder.is_dir() else []


_PATIENCE_S = 5.0


def compact(path: Path, *, patience_s: float = _PATIENCE_S) -> bool:
    """Rewrite an SQLite file of which more than half is free; returns whether all is well.

    So it is never more than twice as large as what it holds, and seldom rewritten, for what is free is used
    again. Others may have it open, as Dagster's processes do: readers go on, and writers wait for half a
    second when 100 MB are left of 500, with a patience of five and more. Where somebody writes all the time
    it stays as it is. Raises sqlite3.Error, for example when the disk is full; nothing is lost then.
    """
    with closing(sqlite3.connect(path, timeout=patience_s, isolation_level=None)) as connection:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        [free] = connection.execute("PRAGMA freelist_count").fetchone()
        if free * 2 <= pages:
            return True
        try:
            connection.execute("VACUUM")
            # Until this is in the file, the log beside it is as large as the file is to become.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True
