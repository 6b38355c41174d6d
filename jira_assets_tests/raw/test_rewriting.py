"""Segments sealed with another key, or changed."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.privacy.rewriting import Change, unchanged
from jira_assets.raw import segments
from jira_assets.raw.extent import Members
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import NO_AGENT_LICENCE, Part, Record, Source
from jira_assets_tests.privacy.keys import keyring
from jira_assets_tests.raw.records import (
    MONTH,
    State,
    facts,
    failure,
    log_in_memory,
    memory,
    only,
    record,
    slas,
    state,
    tombstone,
)

OLD, BOTH, NEW = keyring("old"), keyring("new", "old"), keyring("new")


class Killed(BaseException):
    """What stands in for SIGKILL: nobody handles it."""


def log_at(root: Path, keys: Keyring) -> RawLog:
    return RawLog(UPath(root), keys)


def without_maria(content: bytes) -> bytes:
    return content.replace(b"Maria", b"-")


def fill(log: RawLog) -> None:
    log.append(MONTH, [record(payload=b'"Maria"'), slas(first=1, second=None), tombstone("2")])
    log.append(MONTH, [failure("3", error="Maria is away"), failure("1", Part.SLA, error=NO_AGENT_LICENCE)])


def _die(_: object) -> None:
    raise Killed


def _killed(log: RawLog, change: Change = unchanged) -> None:
    """A rewriting that dies when it first comes to removing something, if it does."""
    with pytest.MonkeyPatch.context() as patched, contextlib.suppress(Killed):
        patched.setattr(segments, "remove", _die)
        log.rewrite(MONTH, change)


@pytest.mark.parametrize("before", [OLD, NO_KEYS], ids=["sealed", "plain"])
def test_everything_can_be_read_with_the_new_key_alone_and_nobody_takes_it_for_news(
    tmp_path: Path, before: Keyring
) -> None:
    fill(log_at(tmp_path, before))
    expected, watermark = state(log_at(tmp_path, before)), log_at(tmp_path, before).extent(MONTH).newest
    done = log_at(tmp_path, BOTH).rewrite(MONTH)
    log = log_at(tmp_path, NEW)
    assert (done.seen, done.resealed, done.changed, done.problems) == (5, 5, 0, [])
    assert state(log) == expected
    assert log.changes(MONTH, watermark).issue_ids == ()
    assert log.count_by_key(MONTH) == {"new": 5}
    assert [found.issue_id for found in log.failures()] == ["3"]


def test_what_is_right_already_is_not_touched(tmp_path: Path) -> None:
    fill(log_at(tmp_path, NEW))
    (tmp_path / "issues" / MONTH / "whole").touch()
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for change in (without_maria, None):
        log = log_at(tmp_path, BOTH)
        done = log.rewrite(MONTH) if change is None else log.rewrite("2024-02", change)
        assert (done.resealed, done.changed) == (0, 0)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


@pytest.mark.parametrize("keys", [NO_KEYS, NEW, BOTH], ids=["plain", "sealed", "rotated too"])
def test_what_is_changed_is_news_and_the_rest_is_not(tmp_path: Path, keys: Keyring) -> None:
    fill(log_at(tmp_path, OLD if keys is BOTH else keys))
    log = log_at(tmp_path, keys)
    watermark = log.extent(MONTH).newest
    done = log.rewrite(MONTH, without_maria)
    assert done.changed == 2
    assert log.changes(MONTH, watermark).issue_ids == ("1", "3")
    assert next(iter(log.latest(MONTH, ["1"]))).payloads[Part.ISSUE] == b'"-"'
    assert next(iter(log.latest(MONTH, ["3"]))).errors == {Part.COMMENTS: "- is away"}
    assert log.rewrite(MONTH, without_maria).changed == 0
    if keys is BOTH:
        assert log.count_by_key(MONTH) == {"new": 5}


@pytest.mark.parametrize("instead", [b"Aaron", b"Zoe"])
def test_the_changed_wins_over_what_a_killed_rewriting_has_left(tmp_path: Path, instead: bytes) -> None:
    log = log_at(tmp_path, NEW)
    log.append(MONTH, [record(payload=b"Maria"), failure(error="Maria")])

    def change(content: bytes) -> bytes:
        return content.replace(b"Maria", instead)

    for _ in range(2):
        _killed(log, change)
        assert (tmp_path / "issues" / MONTH / "000001.parquet").exists()
        assert only(log).payloads == {Part.ISSUE: instead}
        assert only(log).errors == {Part.COMMENTS: instead.decode()}
    assert log.rewrite(MONTH, change).changed == 2
    assert only(log).payloads == {Part.ISSUE: instead}
    assert log.rewrite(MONTH, change).changed == 0


def test_a_killed_rotation_is_finished_by_the_next(tmp_path: Path) -> None:
    fill(log_at(tmp_path, OLD))
    expected, log = state(log_at(tmp_path, OLD)), log_at(tmp_path, BOTH)
    for _ in range(3):
        _killed(log)
        assert state(log) == expected
    log.rewrite(MONTH)
    assert state(log_at(tmp_path, NEW)) == expected
    assert set(log.count_by_key(MONTH)) == {"new"}


def test_a_compaction_that_was_overtaken_brings_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        log_at(tmp_path, OLD).append(MONTH, [record(str(number % 3), fetched=number)])
    log = log_at(tmp_path, BOTH)
    append = segments.append

    def append_too_late(folder: UPath, frame: pl.DataFrame, replaces: Members) -> segments.Segment:
        monkeypatch.setattr(segments, "append", append)
        log.rewrite(MONTH)
        return append(folder, frame, replaces)

    monkeypatch.setattr(segments, "append", append_too_late)
    assert log.compact(MONTH) is None
    assert set(log.count_by_key(MONTH)) == {"new"}
    newest = log.extent(MONTH).newest
    appended = log.append(MONTH, [record("9")])
    assert appended is not None
    assert appended.number > newest


@pytest.mark.parametrize("before", [OLD, NO_KEYS], ids=["sealed", "plain"])
def test_rotations_appends_and_compactions_may_run_at_once(tmp_path: Path, before: Keyring) -> None:
    for number in range(30):
        log_at(tmp_path, before).append(MONTH, [record(str(number))])

    def rotate() -> None:
        log_at(tmp_path, BOTH).rewrite(MONTH)

    def append_and_compact() -> None:
        for number in range(30, 60):
            log_at(tmp_path, BOTH).append(MONTH, [record(str(number))])
            log_at(tmp_path, BOTH).compact(MONTH)

    with ThreadPoolExecutor() as pool:
        for running in [pool.submit(each) for each in (rotate, append_and_compact, rotate)]:
            running.result()
    log_at(tmp_path, BOTH).rewrite(MONTH)
    assert log_at(tmp_path, NEW).count_by_key(MONTH).keys() == {"new"}
    assert state(log_at(tmp_path, NEW)).keys() == {str(number) for number in range(60)}


def test_a_damaged_segment_is_named_and_stops_no_other(tmp_path: Path) -> None:
    for number in range(3):
        log_at(tmp_path, OLD).append(MONTH, [record(str(number))])
    damaged = tmp_path / "issues" / MONTH / "000002.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-50])
    content = damaged.read_bytes()
    for resealed in (2, 0):
        done = log_at(tmp_path, BOTH).rewrite(MONTH)
        assert done.resealed == resealed
        (problem,) = done.problems
        assert str(damaged) in problem
    assert damaged.read_bytes() == content


def test_a_payload_that_no_key_opens_stays_and_stops_no_other(tmp_path: Path) -> None:
    lost = log_at(tmp_path, keyring("lost"))
    lost.append(MONTH, [record("2", payload=b"kept")])
    (source,) = tmp_path.rglob("*.parquet")
    theirs = pl.read_parquet(source)
    log_at(tmp_path, OLD).append(MONTH, [record("1"), record("3")])
    folder = UPath(tmp_path / "issues" / MONTH)
    ours = pl.read_parquet(tmp_path / "issues" / MONTH / "000002.parquet")
    segments.append(folder, pl.concat([ours, theirs]))
    for path in ("000001.parquet", "000002.parquet"):
        (tmp_path / "issues" / MONTH / path).unlink()
    for resealed in (2, 0):
        done = log_at(tmp_path, BOTH).rewrite(MONTH)
        assert done.resealed == resealed
        (problem,) = done.problems
        assert "issue of issue 2" in problem
        assert "'lost'" in problem
    assert log_at(tmp_path, BOTH).count_by_key(MONTH) == {"new": 2, "lost": 1}
    assert next(iter(lost.latest(MONTH, ["2"]))).payloads == {Part.ISSUE: b"kept"}


def test_a_large_segment_is_rewritten_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [record(f"{number:05}", payload=b"%d" % number) for number in range(300)]
    log_at(tmp_path, OLD).append(MONTH, records)
    expected = state(log_at(tmp_path, OLD))
    monkeypatch.setattr(segments, "_BYTES_AT_ONCE", 1)
    assert log_at(tmp_path, BOTH).rewrite(MONTH).resealed == 300
    assert len(list(tmp_path.rglob("*.parquet"))) == 3
    assert state(log_at(tmp_path, NEW)) == expected


_ids = st.sampled_from(["1", "2", "10"])
_seconds = st.integers(0, 4)
_records = (
    st.builds(
        record,
        _ids,
        st.sampled_from([Part.ISSUE, Part.COMMENTS]),
        updated=_seconds,
        fetched=_seconds,
        source=st.sampled_from(Source),
        payload=st.sampled_from([b"a", b"b"]),
    )
    | st.builds(slas, _ids, updated=_seconds, fetched=_seconds, first=st.integers(1, 9))
    | st.builds(failure, _ids, fetched=_seconds, error=st.sampled_from(["x", "y"]))
    | st.builds(tombstone, _ids, fetched=_seconds)
)
Step = Record | Literal["compact", "rotate", "killed rotation", "consume"]
_steps = st.lists(
    _records | st.sampled_from(["compact", "rotate", "killed rotation", "consume"]), min_size=15, max_size=30
)


@given(_steps)
@settings(max_examples=15, deadline=None)
def test_rotation_at_any_moment_changes_nothing_for_any_reader(steps: list[Step]) -> None:
    consumed: State = {}
    keys = watermark = 0
    records: list[Record] = []
    with memory() as root, log_in_memory() as clean:
        log = RawLog(root)
        for step in (*steps, "consume"):
            if isinstance(step, Record):
                records.append(step)
                log.append(MONTH, [step])
            elif step == "compact":
                log.compact(MONTH)
            elif step == "consume":
                changes = log.changes(MONTH, since=watermark)
                consumed |= {issue.issue_id: facts(issue) for issue in log.latest(MONTH, changes.issue_ids)}
                watermark = changes.watermark
            else:
                keys += 1
                log = RawLog(root, keyring(*(f"k{number}" for number in range(keys, 0, -1))))
                if step == "rotate":
                    log.rewrite(MONTH)
                    assert set(log.count_by_key(MONTH)) <= {f"k{keys}"}
                else:
                    _killed(log)
        clean.append(MONTH, records)
        assert consumed == state(log) == state(clean)


def _marked(content: bytes) -> bytes:
    return content if content.startswith(b" ") else b" " + content


@given(st.lists(_records | st.sampled_from(["compact", "killed"]), min_size=3, max_size=30))
@settings(max_examples=15, deadline=None)
def test_what_is_changed_stays_changed_whatever_came_before(steps: list[Step]) -> None:
    with log_in_memory(NEW) as log, log_in_memory() as clean:
        for step in steps:
            if isinstance(step, Record):
                log.append(MONTH, [step])
                clean.append(MONTH, [step])
            elif step == "compact":
                log.compact(MONTH)
            else:
                _killed(log, _marked)
        log.rewrite(MONTH, _marked)
        clean.rewrite(MONTH, _marked)
        for issue in log.latest(MONTH):
            contents = [*issue.payloads.values(), *issue.errors.values()]
            assert all(content[:1] in (b" ", " ") for content in contents)
        assert log.rewrite(MONTH, _marked).changed == 0
