import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jira_assets.warehouse import connection as connection_module
from jira_assets.warehouse.connection import WarehouseBusy, connect, transaction
from jira_assets.warehouse.purge import compact, purge
from jira_assets_tests.warehouse.holder import held

SECRET = "what nobody may read any more"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A table with rows, most of them deleted."""
    path = tmp_path / "warehouse.duckdb"
    with transaction(path) as connection:
        connection.execute("CREATE SCHEMA jira; CREATE TABLE jira.texts (number BIGINT, body VARCHAR)")
        connection.execute(f"INSERT INTO jira.texts SELECT i, '{SECRET} ' || i FROM range(5000) t(i)")
    with connect(path) as connection:
        connection.execute("CHECKPOINT")
    with transaction(path) as connection:
        connection.execute("UPDATE jira.texts SET body = 'gone' WHERE number > 0")
    return path


def contains(folder: Path, text: str) -> bool:
    return any(text.encode() in path.read_bytes() for path in folder.iterdir() if path.is_file())


def test_what_was_deleted_is_gone_from_the_file_and_the_rest_is_there(database: Path) -> None:
    assert contains(database.parent, SECRET)
    with transaction(database) as connection:
        connection.execute("DELETE FROM jira.texts WHERE number = 0")
    purge(database)
    assert not contains(database.parent, SECRET)
    assert [path.name for path in database.parent.iterdir()] == [database.name]
    with connect(database) as connection:
        assert connection.execute("SELECT count(*), any_value(body) FROM jira.texts").fetchall() == [
            (4999, "gone")
        ]


def test_changes_go_on_afterwards(database: Path) -> None:
    purge(database)
    with transaction(database) as connection:
        connection.execute("DELETE FROM jira.texts")
    with connect(database, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM jira.texts").fetchall() == [(0,)]


def test_nothing_is_lost_of_what_is_written_meanwhile(database: Path) -> None:
    written = threading.Semaphore(0)

    def write() -> None:
        for number in range(20):
            with transaction(database) as connection:
                connection.execute("INSERT INTO jira.texts VALUES (?, 'new')", [-number])
            written.release()

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(5):  # each after a write: who purges without a break keeps others from writing
        assert written.acquire(timeout=60)
        purge(database)
    writer.join()
    with connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM jira.texts WHERE body = 'new'").fetchall() == [(20,)]


class Purged:
    """A DuckDB; before or after it first opens a file, another process puts a purged one in its place."""

    def __init__(self, engine: Any, purge_file: Callable[[], object], when: str) -> None:
        self._engine, self._purge_file, self._when = engine, purge_file, when

    def cursor(self) -> Any:
        self._connection = self._engine.cursor()
        return self

    def execute(self, query: str, *parameters: Any) -> Any:
        when, self._when = (self._when, "never") if query.startswith("ATTACH") else ("never", self._when)
        if when == "before":
            self._purge_file()
        result = self._connection.execute(query, *parameters)
        if when == "after":
            self._purge_file()
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_file_that_is_replaced_while_it_is_opened_is_not_written_any_more(
    database: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    with connect(database) as connection:
        connection.execute("CHECKPOINT")
    purged = database.with_name("purged.duckdb")
    shutil.copyfile(database, purged)
    purge(purged)
    replacing = Purged(connection_module._engine, lambda: purged.replace(database), when)
    with monkeypatch.context() as patched:
        patched.setattr(connection_module, "_engine", replacing)
        with transaction(database) as connection:
            connection.execute("INSERT INTO jira.texts VALUES (-1, 'new')")
    assert not purged.exists()
    with connect(database) as connection:
        assert connection.execute("SELECT body FROM jira.texts WHERE number = -1").fetchall() == [("new",)]


def test_a_file_that_somebody_else_holds_stays_as_it_is(database: Path) -> None:
    before = database.read_bytes()
    with held(database), pytest.raises(WarehouseBusy):
        purge(database, patience_s=0.1)
    assert database.read_bytes() == before


def test_without_a_file_there_is_nothing_to_do(tmp_path: Path) -> None:
    purge(tmp_path / "warehouse.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_purged_once_it_is_mostly_free(database: Path) -> None:
    with connect(database) as connection:
        connection.execute("CREATE TABLE jira.large AS SELECT md5(i::VARCHAR) FROM range(200_000) t(i)")
        connection.execute("CREATE TABLE jira.last AS SELECT 'x' AS body FROM range(9_000); CHECKPOINT")
    assert not compact(database)
    with connect(database) as connection:
        connection.execute("DROP TABLE jira.large; CREATE TABLE jira.new AS SELECT 1 AS one; CHECKPOINT")
    before = database.stat().st_size
    assert compact(database)
    assert database.stat().st_size < before / 2
    assert not compact(database)
    with connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM jira.last").fetchall() == [(9_000,)]
