"""Who may open the database, for how long, and what is left when it goes wrong."""

import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jira_assets.warehouse import connection as module
from jira_assets.warehouse.connection import WarehouseBusy, WarehouseError, connect, transaction
from jira_assets_tests.warehouse.holder import held


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "new" / "warehouse.duckdb"
    with transaction(path) as connection:
        connection.execute("CREATE TABLE numbers (number INTEGER); INSERT INTO numbers VALUES (1)")
    return path


def numbers(database: Path) -> list[int]:
    with connect(database, read_only=True) as connection:
        return [row[0] for row in connection.execute("FROM numbers ORDER BY ALL").fetchall()]


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.is_file()}


def test_the_file_and_its_log_are_private_from_their_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, mask = tmp_path / "warehouse.duckdb", os.umask(0o022)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)  # what has to be mended was readable for a while
    try:
        with connect(path) as connection:
            connection.execute("CREATE TABLE numbers (number INTEGER)")
            assert modes(tmp_path) == {path.name: 0o600, f"{path.name}.wal": 0o600}
            connection.execute("CHECKPOINT; INSERT INTO numbers VALUES (1)")  # which makes another log
            assert modes(tmp_path) == {path.name: 0o600, f"{path.name}.wal": 0o600}
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(mask)


def test_a_file_that_others_could_read_is_made_private(database: Path) -> None:
    database.chmod(0o644)
    with connect(database):
        assert modes(database.parent)[database.name] == 0o600


def test_what_was_committed_is_there_for_the_next_connection(database: Path) -> None:
    assert numbers(database) == [1]


def test_what_was_committed_is_there_for_other_programs(database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as other:
        assert other.execute("FROM numbers").fetchall() == [(1,)]


def test_a_transaction_that_fails_leaves_everything_as_it_was(database: Path) -> None:
    with pytest.raises(duckdb.ConversionException), transaction(database) as connection:
        connection.execute("DELETE FROM numbers; CREATE TABLE more (number INTEGER); SELECT 'x'::INTEGER")
    assert numbers(database) == [1]
    with connect(database) as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("FROM more")


def test_a_connection_that_is_left_in_the_middle_of_a_transaction_lets_go_of_the_file(database: Path) -> None:
    with connect(database) as connection:
        connection.begin()
        connection.execute("INSERT INTO numbers VALUES (2)")
    assert numbers(database) == [1]
    with held(database):
        pass


def test_times_are_in_utc_whatever_the_machine_is_set_to(database: Path) -> None:
    with connect(database) as connection:
        shown = connection.execute("SELECT TIMESTAMPTZ '2024-01-01 00:00:00+00' :: VARCHAR").fetchall()
    assert shown == [("2024-01-01 00:00:00+00",)]


def test_another_process_that_keeps_the_file_is_named(database: Path) -> None:
    with held(database) as holder:
        with pytest.raises(WarehouseBusy, match=rf"is held by process {holder} \(.*python"):
            numbers_soon(database)
        with pytest.raises(WarehouseBusy, match="read the published copy instead"):
            numbers_soon(database, read_only=True)


def test_a_file_that_is_let_go_in_time_is_waited_for(database: Path) -> None:
    with held(database, seconds=0.5):
        assert numbers(database) == [1]


def test_two_threads_of_a_process_take_turns(database: Path) -> None:
    def add() -> None:
        for _ in range(10):
            with transaction(database) as connection:
                connection.execute("INSERT INTO numbers SELECT count(*) + 1 FROM numbers")

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers(database) == list(range(1, 32))


def test_another_thread_that_keeps_the_file_is_an_error_too(database: Path) -> None:
    with connect(database), pytest.raises(WarehouseBusy, match="held by another connection"):
        numbers_soon(database)


def test_a_file_that_is_no_database_is_an_error_at_once(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    started = time.monotonic()
    with pytest.raises(WarehouseError, match=r"cannot open .*warehouse\.duckdb"), connect(path):
        pass
    assert time.monotonic() - started < 10


def test_a_missing_file_is_not_made_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with pytest.raises(WarehouseError, match=r"cannot open.*\.wal"), connect(path, read_only=True):
        pass
    assert not path.exists()


def test_a_path_with_a_quote_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "it's" / "warehouse.duckdb"
    with transaction(path) as connection:
        connection.execute("CREATE TABLE numbers (number INTEGER)")
    assert numbers(path) == []


def numbers_soon(database: Path, *, read_only: bool = False) -> None:
    with connect(database, read_only=read_only, patience_s=0.1):
        pass


class Replacing:
    """A connection whose file is replaced by a copy whenever it is attached, as a purge does once."""

    def __init__(self, real: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._real = real
        self._path = path

    def execute(self, query: str) -> object:
        done = self._real.execute(query)
        if query.startswith("ATTACH"):
            copied = self._path.with_name("copy")
            shutil.copy(self._path, copied)
            copied.replace(self._path)
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_file_that_is_replaced_time_and_again_is_given_up(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module._engine.cursor
    monkeypatch.setattr(module._engine, "cursor", lambda: Replacing(real(), database))
    with pytest.raises(WarehouseBusy, match="was replaced whenever"), connect(database, patience_s=0.01):
        pass
