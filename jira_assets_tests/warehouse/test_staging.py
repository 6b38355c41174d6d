"""Changes that wait to be stored are what `run` would write, whether they wait in memory or in files."""

from pathlib import Path

import pytest
from upath import UPath

from jira_assets.raw.log import RawLog
from jira_assets.tables.issue import Site
from jira_assets.warehouse import staging
from jira_assets.warehouse.refresh import Refresh
from jira_assets.warehouse.store import WatermarkMoved
from jira_assets_tests.default_tables import BY_NAME, TABLES
from jira_assets_tests.warehouse.test_refresh import FEBRUARY, JANUARY, contents, issue, refresh, summaries


@pytest.fixture
def log(tmp_path: Path) -> RawLog:
    found = RawLog(UPath(tmp_path / "raw"))
    found.append(JANUARY, [record for number in range(1, 5) for record in issue(number, comments=3)])
    found.append(FEBRUARY, issue(9))
    return found


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


@pytest.mark.parametrize("bytes_in_memory", [0, 1 << 30])
def test_what_was_staged_is_what_a_run_writes(
    log: RawLog, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bytes_in_memory: int
) -> None:
    monkeypatch.setattr(staging, "_BYTES_IN_MEMORY", bytes_in_memory)
    with Refresh(log, database, TABLES, Site()).staged([JANUARY, FEBRUARY]) as staged:
        assert sum(frame.height for frame in staged.frames(BY_NAME["comments"])) == 13
        files = [*tmp_path.glob(".*.tmp")]
        assert bool(files) == (bytes_in_memory == 0)
        assert {file.stat().st_mode & 0o077 for file in files} <= {0}
        assert not database.exists()
        staged.store()
        staged.store()
        assert (sorted(staged.months), staged.done.issues) == ([JANUARY, FEBRUARY], 5)
    assert [*tmp_path.glob(".*.tmp")] == []
    other = tmp_path / "other.duckdb"
    refresh(log, other, JANUARY, FEBRUARY)
    assert contents(database) == contents(other)


def test_whoever_was_overtaken_between_reading_and_storing_writes_nothing(
    log: RawLog, database: Path
) -> None:
    with Refresh(log, database, TABLES, Site()).staged([JANUARY]) as staged:
        log.append(JANUARY, issue(1, "new", at=5))
        refresh(log, database)
        with pytest.raises(WatermarkMoved):
            staged.store()
    assert ("2024-01", "SUP-1", "new") in summaries(database)


def test_a_month_that_cannot_be_read_is_named_and_the_others_wait_to_be_stored(
    log: RawLog, database: Path, tmp_path: Path
) -> None:
    segment = next((tmp_path / "raw" / "issues" / FEBRUARY).glob("*.parquet"))
    segment.write_bytes(b"nonsense")
    with Refresh(log, database, TABLES, Site()).staged([JANUARY, FEBRUARY]) as staged:
        assert (staged.months, [*staged.done.failed]) == ([JANUARY], [FEBRUARY])
        staged.store()
    assert len(summaries(database)) == 4
