"""Tables are made of the log that is there, whatever became of the one that they were made of before."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from upath import UPath

from jira_assets.raw.log import RawLog
from jira_assets.tables.issue import Site
from jira_assets.warehouse.connection import transaction
from jira_assets.warehouse.refresh import Refresh
from jira_assets_tests.default_tables import TABLES
from jira_assets_tests.warehouse.test_refresh import JANUARY, contents, issue, refresh, summaries


@pytest.fixture
def log(tmp_path: Path) -> RawLog:
    return RawLog(UPath(tmp_path / "raw"))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def segment_paths(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "raw" / "issues" / JANUARY).glob("*.parquet"))


def fresh(log: RawLog, tmp_path: Path) -> list[object]:
    """What a new copy makes of the log."""
    database = tmp_path / "fresh.duckdb"
    database.unlink(missing_ok=True)
    refresh(log, database)
    return list(contents(database))


def test_known_defect_50_a_segment_that_gets_a_number_again_is_read(
    log: RawLog, database: Path, tmp_path: Path
) -> None:
    log.append(JANUARY, issue(1))
    log.append(JANUARY, issue(2))
    refresh(log, database)
    segment_paths(tmp_path)[-1].unlink()
    log.append(JANUARY, issue(1, "new", at=1))
    told: list[str] = []
    done = Refresh(log, database, TABLES, Site(), log_differs=told.append).run([JANUARY])
    assert (done.other_logs, told) == ([JANUARY], [JANUARY])
    assert summaries(database) == [(JANUARY, "SUP-1", "new")]
    assert refresh(log, database).other_logs == []


class Fate:
    """What may become of the segments of a month."""

    def __init__(self, log: RawLog, tmp_path: Path, chosen: random.Random) -> None:
        self._log = log
        self._tmp_path = tmp_path
        self._chosen = chosen
        self._folder = tmp_path / "raw" / "issues"
        self._backup = tmp_path / "backup"
        self._aside = tmp_path / "aside"

    def appended(self, at: int) -> None:
        self._log.append(JANUARY, issue(self._chosen.randrange(6), f"at {at}", at=at))

    def compacted(self, _at: int) -> None:
        self._log.compact(JANUARY)

    def backed_up(self, _at: int) -> None:
        shutil.rmtree(self._backup, ignore_errors=True)
        shutil.copytree(self._folder, self._backup)

    def restored(self, _at: int) -> None:
        if self._backup.exists():
            shutil.rmtree(self._folder)
            shutil.copytree(self._backup, self._folder)

    def one_moved_away(self, _at: int) -> None:
        if len(paths := segment_paths(self._tmp_path)) > 1:
            self._chosen.choice([paths[-1], self._chosen.choice(paths)]).replace(self._aside)

    def put_back(self, _at: int) -> None:
        if self._aside.exists():
            number = self._chosen.randint(1, self._log.extent(JANUARY).newest + 1)
            self._aside.replace(self._folder / JANUARY / f"{number:06d}.parquet")


def test_whatever_becomes_of_a_log_its_tables_follow(log: RawLog, database: Path, tmp_path: Path) -> None:
    chosen = random.Random(4)
    fate = Fate(log, tmp_path, chosen)
    fates: list[Callable[[int], None]] = [
        fate.compacted,
        fate.backed_up,
        fate.restored,
        fate.one_moved_away,
        fate.put_back,
    ]
    fates += [fate.appended] * 4
    fate.appended(0)
    for at in range(1, 120):
        chosen.choice(fates)(at)
        if at % 3 == 0:
            refresh(log, database)
        if at % 15 == 0:
            assert list(contents(database)) == fresh(log, tmp_path), at


def test_a_log_that_is_gone_leaves_the_tables_as_they_are(
    log: RawLog, database: Path, tmp_path: Path
) -> None:
    log.append(JANUARY, issue(1))
    refresh(log, database)
    (tmp_path / "raw").rename(tmp_path / "elsewhere")
    for rebuild in (False, True):
        done = refresh(log, database, rebuild=rebuild)
        assert "its raw log is gone" in done.failed[JANUARY]
        assert summaries(database) == [(JANUARY, "SUP-1", "old")]
    (tmp_path / "elsewhere").rename(tmp_path / "raw")
    assert refresh(log, database).issues == 0


def test_a_warehouse_from_a_backup_catches_up(log: RawLog, database: Path, tmp_path: Path) -> None:
    log.append(JANUARY, issue(1))
    refresh(log, database)
    with transaction(database) as connection:
        connection.execute("CHECKPOINT")
    backup = Path(shutil.copy(database, tmp_path / "backup.duckdb"))
    for number in range(20):
        log.append(JANUARY, issue(2, str(number), at=number))
        log.compact(JANUARY)
    refresh(log, database)
    database.with_name("warehouse.duckdb.wal").unlink(missing_ok=True)
    backup.replace(database)
    done = refresh(log, database)
    assert (done.other_logs, done.issues) == ([], 1)
    assert list(contents(database)) == fresh(log, tmp_path)


def test_what_a_version_without_identities_made_is_made_anew_once(log: RawLog, database: Path) -> None:
    log.append(JANUARY, issue(1) + issue(2))
    refresh(log, database)
    with transaction(database) as connection:
        connection.execute("ALTER TABLE jira_assets.watermarks DROP COLUMN identity")
    assert [refresh(log, database).issues for _ in range(2)] == [2, 0]
    assert summaries(database) == [(JANUARY, "SUP-1", "old"), (JANUARY, "SUP-2", "old")]
