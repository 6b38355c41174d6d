"""A state that Jira went back to wins over newer ones, and what is fetched after it wins over that."""

from dataclasses import replace
from pathlib import Path

import pytest
from upath import UPath

from jira_assets.raw.log import NewestState, RawLog
from jira_assets.raw.record import Part
from jira_assets_tests.privacy.keys import plain_and_sealed
from jira_assets_tests.raw.older import store_as_older_versions_did
from jira_assets_tests.raw.records import MONTH, milliseconds, only, record, slas, tombstone


@plain_and_sealed
def test_a_greater_generation_wins_over_a_newer_state(log: RawLog) -> None:
    log.append(MONTH, [record(payload=b"undone", updated=9, fetched=9)])
    log.append(MONTH, [replace(record(payload=b"restored", updated=1, fetched=10), generation=1)])
    assert only(log).payloads == {Part.ISSUE: b"restored"}


@plain_and_sealed
def test_what_is_fetched_after_a_restored_state_is_of_its_generation(log: RawLog) -> None:
    log.append(MONTH, [replace(record(payload=b"restored", updated=1, fetched=1), generation=2)])
    log.append(MONTH, [record(payload=b"edited", updated=3, fetched=3), record("2", payload=b"other")])
    issue, other = log.latest(MONTH)
    assert (issue.payloads[Part.ISSUE], other.payloads[Part.ISSUE]) == (b"edited", b"other")
    assert log.newest(MONTH, ["1", "2", "3"]) == {
        "1": NewestState(2, milliseconds(3)),
        "2": NewestState(0, milliseconds(0)),
    }


@plain_and_sealed
def test_the_newest_state_is_that_of_an_issue_and_of_none_of_its_parts(log: RawLog) -> None:
    log.append(MONTH, [record(updated=1), record(part=Part.COMMENTS, updated=5), tombstone(updated=7)])
    assert log.newest(MONTH, ["1"]) == {"1": NewestState(0, milliseconds(1))}
    assert log.newest(MONTH, []) == {}


def test_the_slas_of_a_restored_state_come_after_those_of_the_undone_one(tmp_path: Path) -> None:
    log = RawLog(UPath(tmp_path))
    log.append(MONTH, [slas(updated=9, fetched=1, first=1)])
    log.append(MONTH, [replace(slas(updated=1, fetched=2, first=2, second=2), generation=1)])
    assert [payload for _, payload in only(log).slas][-1] == b'{"first": 2, "second": 2}'


@pytest.mark.parametrize("then", ["read", "compact", "rewrite"])
def test_segments_from_before_there_were_generations_stay_readable(tmp_path: Path, then: str) -> None:
    log = RawLog(UPath(tmp_path))
    for number in range(16):
        log.append(MONTH, [record(payload=b"%d" % number, updated=number)])
    store_as_older_versions_did(tmp_path, without=["generation"])
    log.append(MONTH, [replace(record(payload=b"restored"), generation=1)])
    if then == "compact":
        assert log.compact(MONTH)
    elif then == "rewrite":
        assert log.rewrite(MONTH, lambda payload: payload + b"!").changed == 17
    assert only(log).payloads[Part.ISSUE] == (b"restored!" if then == "rewrite" else b"restored")
