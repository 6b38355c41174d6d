"""With a history in SQLite files, as Dagster keeps it unless told otherwise."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from dagster import DagsterInstance

from jira_assets.defs.instance.deletion import compact, delete_leftovers, delete_run, delete_tick_logs
from jira_assets.defs.instance.storage import compute_logs, databases, shards
from jira_assets.sandbox.site import Site
from jira_assets_tests.defs.instance.seen import EVENTS, ISSUES, Seen
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.pipeline import pipeline

DAY_S = 86_400


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    (tmp_path / "dagster").mkdir()
    with DagsterInstance.local_temp(str(tmp_path / "dagster")) as found:
        yield found


def files_of(instance: DagsterInstance, run_id: str) -> list[Path]:
    roots = {path.parent for path in databases(instance)} | {Path(instance.storage_directory())}
    return [path for root in roots for path in root.rglob("*") if run_id in str(path)]


def aged(path: Path, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    for each in (path, path.parent):
        os.utime(each, (time.time() - days * DAY_S,) * 2)
    return path


def age_all_runs(instance: DagsterInstance, days: int) -> None:
    with closing(sqlite3.connect(databases(instance)[0])) as connection:
        connection.execute("UPDATE runs SET end_time = end_time - ?", [days * DAY_S])
        connection.execute(
            "UPDATE runs SET update_timestamp = datetime(update_timestamp, ?)", [f"-{days} days"]
        )
        connection.commit()


def test_old_runs_go_and_what_the_ui_says_stays(instance: DagsterInstance, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pipeline(Site([full_issue(1), full_issue(2)]), tmp_path / "data") as served:
        served = replace(served, instance=instance)
        seen, events = Seen(instance), served.run_job(EVENTS, month=MONTH).result.run_id
        gone, last = seen.run(), seen.run()
        seen.checked(gone, passed=False)
        seen.checked(last, passed=True)
        shown = served.shown_checks()
        assert "issues.primary_key" in shown
        age_all_runs(instance, days=31)

        done = served.run_job("retain_history")
        assert done.success, done.errors
        assert [instance.has_run(run_id) for run_id in (events, gone, last)] == [True, False, True]
        assert files_of(instance, gone) == []
        assert files_of(instance, events) != []
        assert served.shown_checks() == shown
        assert instance.get_materialized_partitions(ISSUES) == {MONTH}
        with closing(sqlite3.connect(databases(instance)[1])) as connection:
            for table in ("event_logs", "asset_check_executions"):
                query = f"SELECT count(*) FROM {table} WHERE run_id = ?"
                assert connection.execute(query, [gone]).fetchone() == (0,)


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_deletion_that_was_interrupted_is_finished(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = Seen(instance).run()
    Seen(instance).materialized(run_id)
    for place, broken in ((instance.event_log_storage, "index_connection"), (Path, "unlink")):
        with monkeypatch.context() as patch:
            patch.setattr(place, broken, interrupt)
            with pytest.raises(KeyboardInterrupt):
                delete_run(instance, run_id)
        assert instance.has_run(run_id)
    delete_run(instance, run_id)
    delete_run(instance, run_id)
    assert not instance.has_run(run_id)
    assert files_of(instance, run_id) == []


def test_what_runs_left_that_are_gone_is_deleted_once_it_is_old(instance: DagsterInstance) -> None:
    folder, logs = shards(instance), compute_logs(instance)
    assert folder
    assert logs
    there = Seen(instance).run()
    young = aged(folder / f"{uuid4()}.db", days=0.5)
    kept = [aged(logs / there / "compute_logs" / "a.out", days=9), young, *databases(instance)]
    aged(logs / there, days=9)
    for each in (folder / f"{uuid4()}.db", logs / str(uuid4()) / "compute_logs"):
        aged(each, days=2)
    assert delete_leftovers(instance) == 2
    assert delete_leftovers(instance) == 0
    assert all(path.exists() for path in kept)


def test_what_sensors_logged_goes_with_the_runs(instance: DagsterInstance) -> None:
    logs = compute_logs(instance)
    assert logs
    old, young, foreign = (
        aged(logs / "__repository__" / "webhook_sensor" / name, days)
        for name, days in (("1.err", 31), ("2.err", 29), ("not a log", 31))
    )
    assert delete_tick_logs(instance, days=30) == 1
    assert [path.exists() for path in (old, young, foreign)] == [False, True, True]


def test_a_file_that_is_mostly_free_shrinks_while_others_read_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("PRAGMA journal_mode = WAL")
        reader.execute("CREATE TABLE rows (text VARCHAR)")
        reader.executemany("INSERT INTO rows VALUES (?)", [["x" * 1000] for _ in range(1000)])
        reader.execute("DELETE FROM rows WHERE rowid > 600")
        reader.commit()
        reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = path.stat().st_size
        assert compact(path)
        assert path.stat().st_size == before  # what is free is used again

        reader.execute("DELETE FROM rows WHERE rowid > 100")
        reader.commit()
        reader.execute("BEGIN IMMEDIATE")
        assert not compact(path, patience_s=0)  # somebody writes
        reader.rollback()
        assert compact(path)
        assert path.stat().st_size < before / 2
        assert reader.execute("SELECT count(*) FROM rows").fetchone() == (100,)
        assert not path.with_name("a.db-wal").stat().st_size
