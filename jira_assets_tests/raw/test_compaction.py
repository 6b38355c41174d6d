import itertools
import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from upath import UPath

from jira_assets.raw import compaction, segments
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part
from jira_assets_tests.privacy.keys import plain_and_sealed
from jira_assets_tests.raw.records import MONTH, failure, only, record, state, tombstone

pytestmark = plain_and_sealed


@pytest.fixture
def many_segments(log: RawLog) -> RawLog:
    """Twenty segments about five issues, of which one is deleted and one could not be read."""
    for number in range(18):
        log.append(MONTH, [record(str(number % 5), updated=number, payload=b"%d" % number)])
    log.append(MONTH, [tombstone("3", fetched=1)])
    log.append(MONTH, [failure("4", Part.COMMENTS, fetched=1)])
    return log


def _segments(root: Path) -> list[Path]:
    return sorted(root.rglob("*.parquet"))


def _payload_bytes(root: Path) -> int:
    return sum(int(pl.read_parquet(path)["payload_bytes"].sum()) for path in _segments(root))


def test_compaction_joins_segments_and_changes_nothing_that_can_be_read(
    many_segments: RawLog, tmp_path: Path
) -> None:
    before = state(many_segments)
    newest = many_segments.extent(MONTH).newest
    many_segments.compact(MONTH)
    assert state(many_segments) == before
    assert len(_segments(tmp_path)) == 1
    assert many_segments.extent(MONTH).newest > newest


def test_compaction_drops_what_is_superseded(many_segments: RawLog) -> None:
    superseded = many_segments.extent(MONTH).size
    many_segments.compact(MONTH)
    assert many_segments.extent(MONTH).size < superseded / 2


def test_a_large_segment_stays_until_the_others_are_half_as_large(log: RawLog, tmp_path: Path) -> None:
    log.append(MONTH, [record(str(number), payload=os.urandom(1000)) for number in range(150)])
    [large] = _segments(tmp_path)
    for round_ in range(2):
        for number in range(15):
            log.append(MONTH, [record(str(number), updated=round_, payload=b"%d" % number)])
        before = state(log)
        log.compact(MONTH)
        assert state(log) == before
    assert large in _segments(tmp_path)
    assert len(_segments(tmp_path)) < 16
    for number in range(15):
        log.append(MONTH, [record(str(number), updated=3, payload=os.urandom(4000))])
    log.compact(MONTH)
    assert large not in _segments(tmp_path)


def test_a_month_that_is_too_large_for_memory_is_joined_in_pieces(
    many_segments: RawLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(many_segments)
    monkeypatch.setattr(compaction, "_BYTES_JOINED_AT_ONCE", _payload_bytes(tmp_path) // 2)
    many_segments.compact(MONTH)
    assert state(many_segments) == before
    assert len(_segments(tmp_path)) == 3


def test_pieces_are_withdrawn_if_somebody_else_was_quicker(
    many_segments: RawLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(many_segments)
    first = _segments(tmp_path)[0]
    read, reads = segments.read, itertools.count(1)

    def slow(segment: segments.Segment, *columns: Any, **within: Any) -> pl.DataFrame:
        if next(reads) == 45:  # after the ids, and the first of the pieces
            RawLog(UPath(tmp_path)).compact(MONTH)
        return read(segment, *columns, **within)

    monkeypatch.setattr(compaction, "_BYTES_JOINED_AT_ONCE", _payload_bytes(tmp_path) // 2)
    monkeypatch.setattr(segments, "read", slow)
    assert many_segments.compact(MONTH) is None
    assert state(many_segments) == before
    assert not first.exists()


def test_a_few_segments_stay_as_they_are(log: RawLog, tmp_path: Path) -> None:
    log.append(MONTH, [record()])
    log.append(MONTH, [record()])
    assert log.compact(MONTH) is None
    assert len(_segments(tmp_path)) == 2


def test_compaction_is_no_change_to_whoever_has_read_everything(many_segments: RawLog) -> None:
    watermark = many_segments.changes(MONTH, since=0).watermark
    many_segments.compact(MONTH)
    assert many_segments.changes(MONTH, since=watermark).issue_ids == ()


def test_a_reader_that_is_behind_learns_of_its_changes_after_compaction(many_segments: RawLog) -> None:
    before = many_segments.changes(MONTH, since=16)
    many_segments.compact(MONTH)
    assert many_segments.changes(MONTH, since=16).issue_ids == before.issue_ids == ("1", "2", "3", "4")


def test_numbers_go_on_after_compaction(many_segments: RawLog) -> None:
    compacted = many_segments.compact(MONTH)
    appended = many_segments.append(MONTH, [record("9")])
    assert compacted is not None
    assert appended is not None
    assert appended.number > compacted.number
    assert many_segments.changes(MONTH, since=compacted.number).issue_ids == ("9",)


def test_a_compaction_that_died_before_removing_anything_does_no_harm(
    many_segments: RawLog, tmp_path: Path
) -> None:
    before = state(many_segments)
    saved = tmp_path.parent / f"{tmp_path.name}-before"
    shutil.copytree(tmp_path, saved)
    many_segments.compact(MONTH)
    shutil.copytree(saved, tmp_path, dirs_exist_ok=True)
    assert state(many_segments) == before
    many_segments.compact(MONTH)
    assert state(many_segments) == before


def test_known_defect_11_a_deletion_outlives_compaction(log: RawLog) -> None:
    log.append(MONTH, [tombstone(fetched=5)])
    for _ in range(20):
        log.append(MONTH, [record(fetched=1)])
    log.compact(MONTH)
    log.append(MONTH, [record(updated=9, fetched=4)])
    assert only(log).payloads == {}


def test_a_month_with_a_damaged_segment_is_not_compacted(many_segments: RawLog, tmp_path: Path) -> None:
    damaged = _segments(tmp_path)[4]
    damaged.write_bytes(damaged.read_bytes()[:-100])
    with pytest.raises(Exception, match=damaged.name):
        many_segments.compact(MONTH)
    assert len(_segments(tmp_path)) == 20
