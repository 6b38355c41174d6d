"""Payloads as they are stored: plain in pages that Parquet compresses, or each compressed on its own."""

import io
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from jira_assets.raw.codec import decompress, plain, revision_of
from jira_assets.raw.errors import UnreadableSegment
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part
from jira_assets.raw.seal import sealed
from jira_assets_tests.privacy.keys import keyring
from jira_assets_tests.raw.older import store_as_older_versions_did
from jira_assets_tests.raw.records import MONTH, failure, only, record, state

_LARGE = b'{"id": "' + b"x" * 25_000_000 + b'"}'


@pytest.fixture
def mixed(log: RawLog, tmp_path: Path) -> RawLog:
    """Ten older segments, and ten of today."""
    for number in range(10):
        log.append(MONTH, [record(str(number), payload=b'{"old": %d}' % number), failure("1")])
    store_as_older_versions_did(tmp_path)
    for number in range(5, 15):
        log.append(MONTH, [record(str(number), updated=1, payload=b'{"new": %d}' % number)])
    return log


def _stored(root: Path) -> list[bytes]:
    paths = sorted((root / "issues" / MONTH).glob("*.parquet"))
    return [payload for path in paths for payload in pl.read_parquet(path)["payload"].drop_nulls()]


def test_an_unsealed_segment_holds_what_jira_sent(log: RawLog, tmp_path: Path) -> None:
    log.append(MONTH, [record(payload=b'{"id": "1"}')])
    assert _stored(tmp_path) == [b'{"id": "1"}']


def test_like_payloads_are_compressed_together(log: RawLog) -> None:
    payload = bytes(range(32, 127)).replace(b'"', b"") * 2
    records = [record(str(number), payload=b'["%b"]' % payload) for number in range(400)]
    appended = log.append(MONTH, records)
    assert appended is not None
    assert appended.size < 400 * 60


def test_a_mixed_log_reads_as_if_it_were_of_one_form(mixed: RawLog) -> None:
    payloads = {issue.issue_id: issue.payloads[Part.ISSUE] for issue in mixed.latest(MONTH)}
    assert payloads["4"] == b'{"old": 4}'
    assert payloads["5"] == b'{"new": 5}'
    assert [issue.issue_id for issue in mixed.latest(MONTH, ["4"])] == ["4"]


def test_compaction_stores_older_payloads_as_todays(mixed: RawLog, tmp_path: Path) -> None:
    before = state(mixed)
    assert mixed.compact(MONTH)
    assert state(mixed) == before
    assert {payload[:1] for payload in _stored(tmp_path)} == {b"{"}


def test_a_damaged_older_payload_survives_compaction_and_is_still_told(log: RawLog, tmp_path: Path) -> None:
    for number in range(16):
        log.append(MONTH, [record(str(number))])
    store_as_older_versions_did(tmp_path)
    path = tmp_path / "issues" / MONTH / "000003.parquet"
    frame = pl.read_parquet(path)
    damaged = pl.lit(frame["payload"][0][:-1])
    buffer = io.BytesIO()
    frame.with_columns(payload=damaged).write_parquet(buffer)
    path.write_bytes(sealed(buffer.getvalue()))
    assert log.compact(MONTH)
    with pytest.raises(UnreadableSegment, match="issue of issue 2 is damaged"):
        list(log.latest(MONTH))


def test_a_mixed_log_is_sealed_and_unsealed(mixed: RawLog, tmp_path: Path) -> None:
    before = state(mixed)
    with_key = RawLog(UPath(tmp_path), keyring("a"))
    assert with_key.rewrite(MONTH).problems == []
    assert state(with_key) == before
    assert with_key.count_by_key(MONTH).keys() == {"a"}


def test_redaction_of_a_mixed_log_wins_over_what_was_there(mixed: RawLog) -> None:
    mixed.rewrite(MONTH, lambda payload: payload.replace(b"old", b"gone").replace(b"new", b"gone"))
    payloads = Counter(issue.payloads[Part.ISSUE][:6] for issue in mixed.latest(MONTH))
    assert payloads == {b'{"gone': 15}


def test_a_very_large_payload_is_stored_beside_small_ones(log: RawLog) -> None:
    log.append(MONTH, [record("1"), record("2", payload=_LARGE), record("3", payload=b"[]")])
    assert [issue.payloads[Part.ISSUE] for issue in log.latest(MONTH)] == [b"{}", _LARGE, b"[]"]


@pytest.mark.parametrize("payload", [b"", b"null", b"{}", b"[1]", b"\x28\xb5\x2f\xfd", b"\x01\xfaja"])
@pytest.mark.parametrize("revision", [0, 3])
def test_any_payload_is_read_as_it_was_stored(payload: bytes, revision: int) -> None:
    stored = plain(payload, revision)
    assert (decompress(stored), revision_of(stored)) == (payload, revision)


def test_a_segment_of_a_newer_version_says_what_to_do(log: RawLog, tmp_path: Path) -> None:
    log.append(MONTH, [record()])
    path = tmp_path / "issues" / MONTH / "000001.parquet"
    buffer = io.BytesIO()
    pl.read_parquet(path).with_columns(new=1).write_parquet(buffer)
    path.write_bytes(sealed(buffer.getvalue()))
    with pytest.raises(UnreadableSegment, match="If a newer version"):
        only(log)
