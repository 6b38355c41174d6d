"""The log with a key."""

import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from jira_assets.privacy.keyring import NO_KEYS, Keyring, is_sealed, key_id_of
from jira_assets.raw.errors import UnreadableSegment
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import NO_AGENT_LICENCE, Part
from jira_assets.raw.seal import sealed
from jira_assets_tests.privacy.keys import key, keyring
from jira_assets_tests.raw.records import MONTH, failure, log_in_memory, only, record, slas, state, tombstone

KEYS = keyring("k1")
_PAYLOADS = st.binary(max_size=300)


@pytest.fixture
def log(tmp_path: Path) -> RawLog:
    return RawLog(UPath(tmp_path), KEYS)


def segment(root: Path, month: str = MONTH) -> Path:
    (path,) = (root / "issues" / month).glob("*.parquet")
    return path


def rewritten(path: Path, rows: pl.DataFrame) -> None:
    """As somebody would who knows the format, checksum included, and has no key."""
    buffer = io.BytesIO()
    rows.write_parquet(buffer, compression="uncompressed")
    path.write_bytes(sealed(buffer.getvalue()))


def with_payload(rows: pl.DataFrame, issue_id: str, payload: bytes) -> pl.DataFrame:
    instead = pl.when(issue_id=issue_id).then(pl.lit(payload)).otherwise("payload")
    return rows.with_columns(instead.alias("payload"))


@given(st.dictionaries(st.sampled_from(["1", "2", "10"]), _PAYLOADS, min_size=1))
@settings(max_examples=25, deadline=None)
def test_any_payloads_come_back(payloads: dict[str, bytes]) -> None:
    with log_in_memory(KEYS) as log:
        log.append(MONTH, [record(issue_id, payload=payload) for issue_id, payload in payloads.items()])
        assert {issue.issue_id: issue.payloads[Part.ISSUE] for issue in log.latest(MONTH)} == payloads


def test_every_payload_and_every_reason_is_sealed(log: RawLog, tmp_path: Path) -> None:
    log.append(MONTH, [record(payload=b"[]"), slas(first=1), tombstone("2")])
    log.append("2024-02", [failure(error="SUP-1: Maria is away")])
    payloads = pl.read_parquet(segment(tmp_path))["payload"]
    assert [(is_sealed(each), key_id_of(each, "")) for each in payloads] == [(True, "k1")] * 3
    (reason,) = pl.read_parquet(segment(tmp_path, "2024-02"))["error"]
    assert "Maria" not in reason
    assert only(log, "2024-02").errors == {Part.COMMENTS: "SUP-1: Maria is away"}


@pytest.mark.parametrize("keys", [NO_KEYS, KEYS])
def test_that_an_account_has_no_licence_is_no_failure(tmp_path: Path, keys: Keyring) -> None:
    log = RawLog(UPath(tmp_path), keys)
    log.append(MONTH, [failure("1", Part.SLA, error=f"{NO_AGENT_LICENCE}: ask Maria"), failure("2")])
    assert [found.issue_id for found in log.failures()] == ["2"]
    assert next(iter(log.latest(MONTH, ["1"]))).errors == {Part.SLA: f"{NO_AGENT_LICENCE}: ask Maria"}


def test_payloads_cannot_be_exchanged_between_issues(log: RawLog, tmp_path: Path) -> None:
    log.append(MONTH, [record("1", payload=b"mine"), record("2", payload=b"yours")])
    rows = pl.read_parquet(segment(tmp_path))
    mine, yours = rows["payload"]
    rewritten(segment(tmp_path), with_payload(with_payload(rows, "1", yours), "2", mine))
    with pytest.raises(UnreadableSegment, match=r"issue of issue 1 is damaged \(it was changed or moved\)"):
        list(log.latest(MONTH))


def test_payloads_cannot_be_exchanged_between_parts_and_months(log: RawLog, tmp_path: Path) -> None:
    log.append(MONTH, [record("1", payload=b"text")])
    rows = pl.read_parquet(segment(tmp_path))
    folder = tmp_path / "issues" / "2024-02"
    folder.mkdir()
    rewritten(folder / "000001.parquet", rows)
    rewritten(segment(tmp_path), rows.with_columns(part=pl.lit("comments")))
    for month in (MONTH, "2024-02"):
        with pytest.raises(UnreadableSegment, match="of issue 1 is damaged"):
            list(log.latest(month))


def test_a_flipped_bit_of_a_payload_is_noticed_whatever_the_checksum_says(
    log: RawLog, tmp_path: Path
) -> None:
    log.append(MONTH, [record("1", payload=b"text")])
    rows = pl.read_parquet(segment(tmp_path))
    stored = rows["payload"][0]
    for bit in range(0, 8 * len(stored), 7):
        changed = bytearray(stored)
        changed[bit // 8] ^= 1 << bit % 8
        rewritten(segment(tmp_path), with_payload(rows, "1", bytes(changed)))
        with pytest.raises(UnreadableSegment, match="issue of issue 1") as caught:
            list(log.latest(MONTH))
        assert "text" not in str(caught.value)


@pytest.mark.parametrize("others", [NO_KEYS, keyring("k2")])
def test_a_missing_key_is_named_with_what_needs_it_and_nothing_is_touched(
    log: RawLog, tmp_path: Path, others: Keyring
) -> None:
    log.append(MONTH, [record("1"), tombstone("2"), failure("3")])
    content = segment(tmp_path).read_bytes()
    without = RawLog(UPath(tmp_path), others)
    with pytest.raises(
        UnreadableSegment, match=r"issue of issue 1: .* the key 'k1', which is not in"
    ) as caught:
        list(without.latest(MONTH, ["1"]))
    assert "move it away" not in str(caught.value)
    for issue_id, what in {"2": "tombstone", "3": "comments"}.items():
        with pytest.raises(UnreadableSegment, match=f"{what} of issue {issue_id}: .*'k1'"):
            list(without.latest(MONTH, [issue_id]))
    assert segment(tmp_path).read_bytes() == content
    assert without.issue_ids(MONTH) == {"1", "2", "3"}


def test_another_key_of_the_same_id_reads_nothing(log: RawLog, tmp_path: Path) -> None:
    log.append(MONTH, [record()])
    with pytest.raises(UnreadableSegment, match="issue of issue 1"):
        only(RawLog(UPath(tmp_path), Keyring.parse(key("k1", "other"))))


def test_what_was_stored_before_there_was_a_key_stays_readable(log: RawLog, tmp_path: Path) -> None:
    before = RawLog(UPath(tmp_path))
    for number in range(18):
        before.append(MONTH, [record(str(number % 3), updated=number, payload=b"%d" % number)])
    before.append(MONTH, [failure("1", error="403"), tombstone("2", fetched=1)])
    expected = state(before)
    assert state(log) == expected
    log.append(MONTH, [record("9", payload=b"new")])
    log.compact(MONTH)
    assert state(log) == expected | state(log)
    assert state(log).keys() == {*expected, "9"}


def test_compaction_moves_what_is_sealed_as_it_is_and_needs_no_key(log: RawLog, tmp_path: Path) -> None:
    for number in range(20):
        log.append(MONTH, [record(str(number)), failure(str(number), error="403")])
    before = state(log)
    stored = {each for path in tmp_path.rglob("*.parquet") for each in pl.read_parquet(path)["payload"]}
    RawLog(UPath(tmp_path)).compact(MONTH)
    assert set(pl.read_parquet(segment(tmp_path))["payload"]) == stored
    assert state(log) == before


def test_the_same_answer_sealed_twice_is_the_same_answer(log: RawLog) -> None:
    for payload in (b"one", b"two", b"one"):
        log.append(MONTH, [record(payload=payload)])
    assert only(log).payloads[Part.ISSUE] == b"two"
