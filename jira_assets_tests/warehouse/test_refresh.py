"""Tables brought up to date with the raw log: what is written, what is left, and who may write at once."""

import errno
import os
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import msgspec
import pytest
from upath import UPath

from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record, Source
from jira_assets.tables.issue import Site
from jira_assets.warehouse import refresh as refresh_module
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.refresh import Refresh, Refreshed
from jira_assets.warehouse.store import WatermarkMoved
from jira_assets_tests.default_tables import TABLES

JANUARY, FEBRUARY = "2024-01", "2024-02"
Row = tuple[object, ...]
_START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> RawLog:
    return RawLog(UPath(tmp_path / "raw"))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def issue(number: int, summary: str = "old", *, at: int = 0, comments: int = 1) -> list[Record]:
    """The parts of an issue as fetched at minute `at`, when it had this summary and as many comments."""
    fields = {"summary": summary, "created": "2024-01-05T10:00:00.000+0000", "comment": {"total": comments}}
    payloads: dict[Part, object] = {
        Part.ISSUE: {"id": str(number), "key": f"SUP-{number}", "fields": fields},
        Part.COMMENTS: [{"id": f"{number}{each}", "body": "text"} for each in range(comments)],
        Part.CHANGELOG: [],
        Part.WORKLOGS: [],
        Part.REMOTE_LINKS: [],
    }
    return [record(number, part, msgspec.json.encode(payload), at) for part, payload in payloads.items()]


def record(number: int, part: Part, payload: bytes, at: int) -> Record:
    moment = _START + timedelta(minutes=at)
    return Record(str(number), part, moment, moment, Source.BACKFILL, payload)


def refresh(log: RawLog, database: Path, *months: str, rebuild: bool = False) -> Refreshed:
    return Refresh(log, database, TABLES, Site()).run(months or (JANUARY,), rebuild=rebuild)


def summaries(database: Path) -> list[Row]:
    return query(database, "SELECT month, issue_key, summary FROM jira.issues ORDER BY ALL")


def query(database: Path, sql: str) -> list[Row]:
    with connect(database, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def contents(database: Path) -> list[list[Row]]:
    """Everything in all tables."""
    with connect(database, read_only=True) as connection:
        return [connection.execute(f"FROM jira.{t.name} ORDER BY ALL").fetchall() for t in TABLES]


def test_a_month_is_built_whole_the_first_time(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1, comments=2) + issue(2))
    done = refresh(log, database)
    assert (done.months, done.issues, done.failed) == ([JANUARY], 2, {})
    assert (done.rows["issues"], done.rows["comments"], done.rows["completeness"]) == (2, 3, 10)
    assert summaries(database) == [(JANUARY, "SUP-1", "old"), (JANUARY, "SUP-2", "old")]


def test_afterwards_only_what_newer_segments_touch_is_written(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1) + issue(2))
    refresh(log, database)
    log.append(JANUARY, issue(2, "new", at=1))
    assert refresh(log, database).issues == 1
    assert summaries(database) == [(JANUARY, "SUP-1", "old"), (JANUARY, "SUP-2", "new")]


def test_nothing_new_writes_nothing(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1))
    refresh(log, database)
    assert refresh(log, database) == Refreshed(months=[JANUARY])


def test_a_month_without_a_log_is_done_and_empty(log: RawLog, database: Path) -> None:
    assert refresh(log, database).months == [JANUARY]
    assert summaries(database) == []


def test_known_defect_19_rows_whose_last_sibling_is_gone_are_gone(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1, comments=2))
    refresh(log, database)
    log.append(JANUARY, issue(1, at=1, comments=0))
    refresh(log, database)
    assert query(database, "FROM jira.comments") == []


def test_a_deleted_issue_leaves_every_table(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1) + issue(2))
    refresh(log, database)
    log.append(JANUARY, [record(1, Part.DELETED, b"{}", at=1)])
    refresh(log, database)
    assert summaries(database) == [(JANUARY, "SUP-2", "old")]
    assert query(database, "SELECT DISTINCT issue_id FROM jira.completeness") == [("2",)]


def test_known_defect_11_a_rebuild_does_not_resurrect_deleted_issues(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1) + issue(2))
    log.append(JANUARY, [record(1, Part.DELETED, b"{}", at=1)])
    refresh(log, database, rebuild=True)
    assert summaries(database) == [(JANUARY, "SUP-2", "old")]


@pytest.mark.parametrize("months_per_transaction", [1, 2])
def test_a_rebuild_over_a_file_leaves_it_as_large_as_a_new_one(
    log: RawLog, database: Path, months_per_transaction: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = random.Random(1).randbytes(1_000_000).hex()
    for month, numbers in ((JANUARY, range(1_000)), (FEBRUARY, range(1_000, 2_000))):
        log.append(
            month, [each for number in numbers for each in issue(number, text[number * 1000 :][:4000])]
        )
    if months_per_transaction == 1:
        monkeypatch.setattr(refresh_module, "_BYTES_PER_TRANSACTION", 1)
    refresh(log, database, JANUARY, FEBRUARY)
    made_anew, before = database.stat().st_size, contents(database)
    refresh(log, database, JANUARY, FEBRUARY, rebuild=True)
    assert database.stat().st_size == made_anew
    assert contents(database) == before


def test_a_rebuild_replaces_rows_that_raw_does_not_know(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1))
    refresh(log, database)
    with connect(database) as connection:
        connection.execute("UPDATE jira.issues SET summary = 'tampered', issue_id = '99'")
    assert refresh(log, database).issues == 0
    refresh(log, database, rebuild=True)
    assert summaries(database) == [(JANUARY, "SUP-1", "old")]


def test_what_another_version_built_is_built_anew(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1) + issue(2))
    refresh(log, database)
    with connect(database) as connection:
        connection.execute("UPDATE jira_assets.watermarks SET version = 'older' WHERE table_name = 'issues'")
    assert refresh(log, database).issues == 2


def test_tables_asked_for_one_by_one_keep_watermarks_of_their_own(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1))
    refresh(log, database)
    log.append(JANUARY, issue(1, "new", at=1, comments=3))
    comments = [table for table in TABLES if table.name == "comments"]
    Refresh(log, database, comments, Site()).run([JANUARY])
    assert query(database, "SELECT count(*) FROM jira.comments") == [(3,)]
    assert summaries(database) == [(JANUARY, "SUP-1", "old")]
    refresh(log, database)
    assert summaries(database) == [(JANUARY, "SUP-1", "new")]


def test_tables_are_equal_whatever_the_order_of_appends(log: RawLog, tmp_path: Path) -> None:
    appends = [issue(1), issue(1, "new", at=2) + issue(2), [record(2, Part.DELETED, b"{}", at=3)]]
    found = []
    for number, order in enumerate(permutations(appends)):
        log, database = RawLog(UPath(tmp_path / f"raw{number}")), tmp_path / f"{number}.duckdb"
        for records in order:
            log.append(JANUARY, records)
            refresh(log, database)
        found.append(contents(database))
    assert all(each == found[0] for each in found)


def test_known_defect_29_a_damaged_segment_leaves_its_month_and_no_other(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1))
    log.append(FEBRUARY, issue(2))
    refresh(log, database, JANUARY, FEBRUARY)
    damaged = log.append(JANUARY, issue(1, "new", at=1))
    assert damaged is not None
    damaged.path.write_bytes(damaged.path.read_bytes()[:100])
    log.append(FEBRUARY, issue(2, "new", at=1))
    done = refresh(log, database, JANUARY, FEBRUARY)
    assert done.months == [FEBRUARY]
    assert "000002.parquet cannot be read" in done.failed[JANUARY]
    assert summaries(database) == [(JANUARY, "SUP-1", "old"), (FEBRUARY, "SUP-2", "new")]


def test_however_many_months_are_damaged_each_is_reported_and_the_others_are_built(
    log: RawLog, database: Path
) -> None:
    months = [f"2023-{number:02}" for number in range(1, 13)]
    for number, month in enumerate(months):
        log.append(month, [record(number, Part.ISSUE, b"[]", at=0)] if number % 4 else issue(number))
    done = refresh(log, database, *months)
    assert sorted(done.failed) == [month for number, month in enumerate(months) if number % 4]
    assert sorted(done.months) == months[::4]
    assert len(summaries(database)) == 3


def test_what_is_stored_as_an_issue_and_is_none_is_named(log: RawLog, database: Path) -> None:
    log.append(JANUARY, [*issue(1), record(7, Part.ISSUE, b"[]", at=0)])
    assert "issue 7 of 2024-01" in refresh(log, database).failed[JANUARY]


def test_a_run_that_is_overtaken_looks_again(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1))
    refresh(log, database)
    log.append(JANUARY, issue(1, "ours", at=1))

    def overtake() -> None:
        log.append(JANUARY, issue(1, "theirs", at=2))
        refresh(log, database)

    with meanwhile(log, [overtake]):
        done = refresh(log, database)
    assert done.months == [JANUARY]
    assert summaries(database) == [(JANUARY, "SUP-1", "theirs")]


def test_a_run_that_is_always_overtaken_gives_up_and_says_so(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1))
    refresh(log, database)
    log.append(JANUARY, issue(1, "ours", at=1))

    def overtake() -> None:
        refresh(log, database)
        log.append(JANUARY, issue(1, "theirs", at=2))

    with meanwhile(log, [overtake] * 30), pytest.raises(WatermarkMoved, match=JANUARY):
        refresh(log, database)
    refresh(log, database)
    assert summaries(database) == [(JANUARY, "SUP-1", "theirs")]


@contextmanager
def meanwhile(log: RawLog, events: Sequence[Callable[[], object]]) -> Iterator[None]:
    """Something happens each time that a run has read which issues changed, before it reads those."""
    remaining = list(events)
    changes = log.changes

    def interrupted(month: str, since: int) -> object:
        found = changes(month, since)
        if remaining and threading.current_thread() is threading.main_thread():
            event = remaining.pop()
            left, remaining[:] = remaining[:], []
            event()
            remaining[:] = left
        return found

    log.changes = interrupted  # type: ignore[method-assign, assignment]
    yield
    del log.changes


def test_writers_that_know_nothing_of_each_other_lose_nothing(log: RawLog, database: Path) -> None:
    def append_and_refresh(writer: int) -> None:
        for each in range(6):
            log.append(
                JANUARY, issue(100 * writer + each) + issue(7, f"{writer}-{each}", at=10 * each + writer)
            )
            refresh(log, database)

    threads = [threading.Thread(target=append_and_refresh, args=(writer,)) for writer in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    grown = contents(database)
    assert len(grown[0]) == 19
    assert query(database, "SELECT summary FROM jira.issues WHERE issue_id = '7'") == [("3-5",)]
    refresh(log, database, rebuild=True)
    assert contents(database) == grown


def mostly_free(database: Path) -> int:
    """Makes most of the file free, but for its end; returns its size."""
    with connect(database) as connection:
        connection.execute("CREATE TABLE large AS SELECT md5(i::VARCHAR) FROM range(200_000) t(i)")
        connection.execute("CREATE TABLE last AS SELECT 1 AS one FROM range(9_000); CHECKPOINT")
        connection.execute("DROP TABLE large; CHECKPOINT")
    return database.stat().st_size


def test_a_file_that_is_mostly_free_is_made_small_by_the_next_change(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1))
    refresh(log, database)
    before = mostly_free(database)
    log.append(JANUARY, issue(1, "new", at=1))
    refresh(log, database)
    assert database.stat().st_size < before / 2
    assert summaries(database) == [(JANUARY, "SUP-1", "new")]


def test_a_change_stays_when_the_file_cannot_be_made_small(
    log: RawLog, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(JANUARY, issue(1))
    refresh(log, database)
    before = mostly_free(database)
    log.append(JANUARY, issue(1, "new", at=1))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full_disk)
        refresh(log, database)
    assert database.stat().st_size > before / 2
    assert summaries(database) == [(JANUARY, "SUP-1", "new")]


def full_disk(*_: object) -> Path:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_values_that_cannot_be_read_are_told(log: RawLog, database: Path) -> None:
    odd = issue(1)
    fields = {"created": "2024-01-05T10:00:00.000+0000", "duedate": "soon"}
    payload = msgspec.json.encode({"id": "1", "key": "SUP-1", "fields": fields})
    log.append(JANUARY, [record(1, Part.ISSUE, payload, 0), *odd[1:]])
    (problem,) = refresh(log, database).problems
    assert (problem.issue_key, problem.field) == ("SUP-1", "due_date")
