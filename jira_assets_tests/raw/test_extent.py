"""A log is told from another one, however it was compacted, and whatever number is used again."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from jira_assets.raw.extent import Members, Position
from jira_assets.raw.log import RawLog
from jira_assets_tests.raw.records import MONTH, record

_MEMBERS = st.sets(st.tuples(st.integers(1, 2000), st.integers(0, 2**32 - 1)), max_size=600)


@pytest.fixture
def log(tmp_path: Path) -> RawLog:
    return RawLog(UPath(tmp_path))


def append(log: RawLog, *numbers: int) -> Position:
    for number in numbers:
        log.append(MONTH, [record(str(number % 3), fetched=number)])
    return log.extent(MONTH).position


def newest(tmp_path: Path) -> Path:
    return max((tmp_path / "issues" / MONTH).glob("*.parquet"))


def test_a_log_goes_on_through_appends_and_compactions(log: RawLog) -> None:
    positions = [log.extent(MONTH).position]
    for number in range(40):
        positions.append(append(log, number))
        log.compact(MONTH)
        assert all(map(log.extent(MONTH).continues, positions))


def test_the_number_of_a_segment_that_was_moved_away_is_not_given_again(log: RawLog, tmp_path: Path) -> None:
    position = append(log, 1, 2)
    newest(tmp_path).unlink()
    assert not log.extent(MONTH).continues(position)
    assert append(log, 3).number == position.number + 1
    assert not log.extent(MONTH).continues(position)


def test_a_number_that_is_used_again_is_told(log: RawLog, tmp_path: Path) -> None:
    position = append(log, 1, 2)
    newest(tmp_path).unlink()
    shutil.rmtree(tmp_path / "issues" / ".given")
    assert append(log, 3).number == position.number
    assert not log.extent(MONTH).continues(position)


@pytest.mark.parametrize("name", ["000001.parquet", "000002.parquet", "000003.parquet"])
def test_a_segment_that_is_moved_away_and_put_back_is_told_both_times(
    log: RawLog, tmp_path: Path, name: str
) -> None:
    append(log, 1, 2, 3)
    segment = tmp_path / "issues" / MONTH / name
    segment.rename(tmp_path / name)
    without = append(log, 4, 5)
    assert log.extent(MONTH).continues(without)
    (tmp_path / name).rename(segment)
    assert not log.extent(MONTH).continues(without)


def test_a_log_from_a_backup_is_told(log: RawLog, tmp_path: Path) -> None:
    before = append(log, 1, 2)
    shutil.copytree(tmp_path / "issues", tmp_path / "backup")
    after = append(log, *range(3, 30))
    log.compact(MONTH)
    shutil.rmtree(tmp_path / "issues")
    (tmp_path / "backup").rename(tmp_path / "issues")
    append(log, *range(30, 60))
    extent = log.extent(MONTH)
    assert extent.continues(before)
    assert not extent.continues(after)


def test_of_which_segments_a_log_consisted_is_kept_in_few_bytes(log: RawLog) -> None:
    lagging = append(log, 1)
    for number in range(280):
        position = append(log, number)
        if number % 20 == 0:
            log.compact(MONTH)
    assert log.extent(MONTH).continues(position)
    assert not log.extent(MONTH).continues(lagging)  # it cannot be told any more
    assert len(log.extent(MONTH).members.dumped()) < 5_000


@given(_MEMBERS, _MEMBERS, st.integers(0, 2000))
def test_shortening_changes_no_identity_that_can_still_be_told(
    some: set[tuple[int, int]], others: set[tuple[int, int]], number: int
) -> None:
    whole = Members(frozenset(some)) | Members(frozenset(others))
    short = Members.loaded(whole.shortened().dumped())
    assert short.identity(number) in (None, whole.identity(number))
    assert short.identity(2000) == whole.identity(2000)
    assert short.shortened() == short
