"""A warehouse made anew: whatever became of the old one, the tables are what they were."""

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from jira_assets import cli
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets.upkeep import rebuild
from jira_assets.warehouse.database_file import log_of, set_aside
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.limits import no_file_larger_than
from jira_assets_tests.warehouse.holder import held


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copy]:
    issues = [full_issue(number, comments=2) for number in (1, 2)]
    later = full_issue(3, created="2024-02-05T10:00:00.000+0000")
    with serve(Site([*issues, later])) as sandbox:
        copy = Copy(sandbox, tmp_path)
        for name, value in copy.variables.items():
            if value:
                monkeypatch.setenv(name, value)
        copy.backfill([MONTH, "2024-02"])
        copy.build()
        yield copy


def checkpoint(database: Path) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("CHECKPOINT")


def without_headers(database: Path) -> None:
    checkpoint(database)
    database.write_bytes(bytes(12_288) + database.read_bytes()[12_288:])


def with_rubbish_in_the_log(database: Path) -> None:
    log = log_of(database).read_bytes()
    log_of(database).write_bytes(log[:200] + b"\x00\xff" * 200 + log[600:])


def without_its_file(database: Path) -> None:
    database.write_bytes(b"")


def as_it_was(_database: Path) -> None:
    pass


_DAMAGES = [with_rubbish_in_the_log, without_its_file, as_it_was]


@pytest.mark.parametrize("damage", _DAMAGES, ids=lambda damage: damage.__name__)
def test_the_tables_are_what_they_were_and_the_old_file_is_set_aside(
    copied: Copy, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = copied.tables()
    assert log_of(copied.database).exists()
    damage(copied.database)
    assert cli.main(["rebuild"]) == 0
    assert copied.tables() == before
    assert set_aside(copied.database)
    assert "3 issues of 2 months" in capsys.readouterr().out
    with duckdb.connect(str(copied.database.parent / "published" / "jira.duckdb"), read_only=True) as views:
        assert views.execute("SELECT count(*) FROM jira_comments").fetchall() == [(4,)]


def test_a_file_that_somebody_holds_stays_as_it_is(
    copied: Copy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint(copied.database)
    before = copied.database.read_bytes()
    monkeypatch.setattr(rebuild, "_PATIENCE_S", 0.1)
    with held(copied.database):
        assert cli.main(["rebuild"]) == 1
    assert "is held by process" in capsys.readouterr().err
    assert copied.database.read_bytes() == before
    assert set_aside(copied.database) == []


@pytest.mark.parametrize("is_sound", [True, False], ids=["sound", "damaged"])
def test_a_month_that_cannot_be_built_is_lost_only_where_nobody_had_it(
    copied: Copy, capsys: pytest.CaptureFixture[str], is_sound: bool
) -> None:
    before = copied.tables()["issues"]
    segment = copied.database.parent / "raw" / "issues" / MONTH / "000001.parquet"
    segment.write_bytes(segment.read_bytes()[:100])
    if not is_sound:
        without_headers(copied.database)
    assert cli.main(["rebuild"]) == 1
    told = capsys.readouterr().out
    assert f"the tables of {MONTH}: segment {segment}" in told
    assert ("Nothing was changed" in told) == is_sound
    assert len(copied.tables()["issues"]) == (len(before) if is_sound else 1)


def test_a_full_disk_leaves_everything_as_it_was(copied: Copy) -> None:
    before = copied.tables()
    with no_file_larger_than(50_000):
        assert cli.main(["rebuild"]) == 1
    assert copied.tables() == before
    assert set_aside(copied.database) == []
    assert list(copied.database.parent.glob(".*.tmp*")) == []
