"""Published files of another mapping get today's columns, and can be read together all the while."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from upath import UPath

from jira_assets.tables.declare import KEY_COLUMNS, Column, Kind, Table
from jira_assets.warehouse import conform as module
from jira_assets.warehouse.conform import (
    conform,
    months_set_aside,
    set_changed_aside,
    set_damaged_aside,
)

MONTHS = ("2024-01", "2024-02", "2024-03")
THINGS = Table(
    "things",
    ".",
    (*KEY_COLUMNS, Column("severity", Kind.TEXT_LIST, "."), Column("more", Kind.NUMBER, ".")),
    ("issue_id",),
)
OLD = "'High' AS severity, 7 AS dropped"
NEW = "['Low'] AS severity, 1.5::DOUBLE AS more"


def write(folder: Path, month: str, columns: str) -> None:
    target = folder / "things" / f"{month}.parquet"
    target.parent.mkdir(exist_ok=True)
    rows = f"SELECT '{month}' AS \"month\", '1' AS issue_id, 'A-1' AS issue_key, {columns}"
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({rows}) TO '{target}'")


def read(folder: Path) -> pl.DataFrame:
    """As the README does."""
    files = f"{folder}/things/*.parquet"
    return pl.scan_parquet(files, missing_columns="insert", extra_columns="ignore").collect()


def run(folder: Path, table: Table = THINGS) -> None:
    with duckdb.connect() as connection:
        conform(connection, UPath(folder), table)


def test_all_files_have_the_declared_columns_whatever_they_had(tmp_path: Path) -> None:
    for month, columns in zip(MONTHS, (OLD, NEW, "DATE '2024-01-01' AS severity"), strict=True):
        write(tmp_path, month, columns)
    run(tmp_path)
    plain = pl.scan_parquet(f"{tmp_path}/things/*.parquet").collect()
    assert plain.schema == THINGS.schema
    assert plain.sort("month").select("severity", "more").rows() == [
        (None, None),
        (["Low"], 1.5),
        (None, None),
    ]


def test_files_that_are_as_declared_are_not_touched(tmp_path: Path) -> None:
    write(tmp_path, MONTHS[0], NEW)
    path = tmp_path / "things" / f"{MONTHS[0]}.parquet"
    before = path.stat()
    run(tmp_path)
    after = path.stat()  # not its time of access: reading changes that
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_value_that_can_be_of_the_new_type_is_kept(tmp_path: Path) -> None:
    write(tmp_path, MONTHS[0], "'2.5' AS more, ['x'] AS severity")
    run(tmp_path)
    assert read(tmp_path)["more"].to_list() == [2.5]


class Killed(Exception):
    pass


def _states(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[pl.DataFrame]:
    """What can be read after each file that is replaced, the process being killed there every time."""
    rewrite = module._rewrite
    states: list[pl.DataFrame] = []
    replaced: list[UPath] = []

    def rewrite_one(*arguments: Any) -> None:
        if replaced:
            raise Killed
        rewrite(*arguments)
        replaced.append(arguments[1])

    monkeypatch.setattr(module, "_rewrite", rewrite_one)
    while True:
        replaced.clear()
        with suppress(Killed):
            run(folder)
        if not replaced:
            return states
        states.append(read(folder))


def test_whoever_is_killed_leaves_files_that_can_be_read_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month in MONTHS:
        write(tmp_path, month, "'2.5' AS more, ['x'] AS severity")
    states = _states(tmp_path, monkeypatch)
    assert [state.height for state in states] == [len(MONTHS)] * 2 * len(MONTHS)
    assert read(tmp_path)["more"].to_list() == [2.5] * len(MONTHS)


@pytest.mark.parametrize("kept", [0, 3, 40, -30, -9], ids=lambda size: f"{size} bytes")
def test_a_file_that_cannot_be_read_costs_none_of_the_others(tmp_path: Path, kept: int) -> None:
    for month in MONTHS:
        write(tmp_path, month, OLD)
    damaged = tmp_path / "things" / f"{MONTHS[1]}.parquet"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:kept] + (b"PAR1" if kept == -9 else b""))
    set_damaged_aside(UPath(tmp_path), THINGS)
    run(tmp_path)
    assert sorted(read(tmp_path)["month"]) == [MONTHS[0], MONTHS[2]]
    assert months_set_aside(UPath(tmp_path), THINGS) == [MONTHS[1]]


def test_a_file_that_was_changed_where_it_is_is_noticed_without_a_look_into_the_others(
    tmp_path: Path,
) -> None:
    for month in MONTHS:
        write(tmp_path, month, OLD)
    old, new = (tmp_path / "things" / f"{month}.parquet" for month in MONTHS[:2])
    old.write_bytes(b"damaged")
    while new.stat().st_ctime_ns <= old.stat().st_ctime_ns:  # disks' clocks are coarse
        new.write_bytes(b"damaged")
    put_at = new.stat().st_ctime_ns  # of another file, so ``old`` was damaged before
    os.utime(old.parent, ns=(put_at, put_at))
    set_changed_aside(UPath(tmp_path), THINGS)
    assert months_set_aside(UPath(tmp_path), THINGS) == [MONTHS[1]]
    set_damaged_aside(UPath(tmp_path), THINGS)
    assert months_set_aside(UPath(tmp_path), THINGS) == [*MONTHS[:2]]


class Failing:
    """A connection to a disk that does not give one of the files."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, month: str) -> None:
        self._connection, self._month = connection, month

    def execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        if self._month in sql:
            raise duckdb.IOException("Input/output error")
        return self._connection.execute(sql)


def test_a_file_that_the_disk_does_not_give_is_not_taken_for_a_damaged_one(tmp_path: Path) -> None:
    for month in MONTHS:
        write(tmp_path, month, OLD)
    with duckdb.connect() as connection, pytest.raises(duckdb.IOException):
        conform(Failing(connection, MONTHS[1]), UPath(tmp_path), THINGS)  # type: ignore[arg-type]  # as used
    run(tmp_path)
    assert read(tmp_path).height == len(MONTHS)


class Publishing:
    """A connection that publishes a month as soon as somebody has copied what was there before."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, month: str) -> None:
        self._connection, self._folder, self._month = connection, folder, month
        self.has_published = False

    def execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        done = self._connection.execute(sql)
        if sql.startswith("COPY") and self._month in sql and not self.has_published:
            self.has_published = True
            write(self._folder, self._month, NEW)
        return done


def test_a_month_that_is_published_meanwhile_stays_as_it_was_published(tmp_path: Path) -> None:
    for month in MONTHS:
        write(tmp_path, month, OLD)
    with duckdb.connect() as connection:
        publishing = Publishing(connection, tmp_path, MONTHS[1])
        conform(publishing, UPath(tmp_path), THINGS)  # type: ignore[arg-type]  # as far as it is used
    assert publishing.has_published
    assert read(tmp_path).sort("month")["more"].to_list() == [None, 1.5, None]
