"""Files that are not what they should be."""

import io
import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from jira_assets.raw.errors import RawLogError, UnreadableSegment
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part
from jira_assets.raw.seal import sealed
from jira_assets_tests.raw.records import MONTH, only, record, state

# Payloads that don't compress stand in the file as they are, so that a test can find and damage them.
_PAYLOADS = {issue_id: random.Random(issue_id).randbytes(2000) for issue_id in ("1", "2", "3")}


@pytest.fixture
def segment(log: RawLog) -> Path:
    appended = log.append(
        MONTH, [record(issue_id, payload=payload) for issue_id, payload in _PAYLOADS.items()]
    )
    assert appended is not None
    log.append("2024-02", [record("8")])
    return Path(str(appended.path))


Damage = Callable[[Path], None]


def _flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def _damage_payload(segment: Path, issue_id: str) -> None:
    """As a writer would that compresses wrongly: the file itself is what was written."""
    content = segment.read_bytes()
    footer_at = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    unsealed = bytearray(content[: footer_at - 8] + content[footer_at:])
    unsealed[unsealed.index(_PAYLOADS[issue_id][500:600])] ^= 1
    segment.write_bytes(sealed(bytes(unsealed)))


def _write(path: Path, frame: pl.DataFrame) -> None:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    path.write_bytes(sealed(buffer.getvalue()))


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _zero_footer(path: Path) -> None:
    content = path.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    path.write_bytes(content[: -8 - length] + bytes(length) + content[-8:])


def _lengthen_footer(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-8] + (2**31 - 1).to_bytes(4, "little") + content[-4:])


def _shift_pages(path: Path) -> None:
    """The footer is whole, and nothing is where it says."""
    content = path.read_bytes()
    path.write_bytes(content[:4] + content[500:])


def _write_text(path: Path) -> None:
    path.write_text('{"issue_id": "1"}')


def _write_other_columns(path: Path) -> None:
    _write(path, pl.DataFrame({"issue_id": ["1"], "key": ["SUP-1"]}))


def _write_other_types(path: Path) -> None:
    _write(path, pl.read_parquet(path).with_columns(pl.col("issue_id").cast(pl.Int64)))


@pytest.mark.parametrize(
    "damage",
    [
        _truncate,
        _empty,
        _zero_footer,
        _lengthen_footer,
        _shift_pages,
        _write_text,
        _write_other_columns,
        _write_other_types,
    ],
)
class TestKnownDefect9:
    def test_an_unreadable_segment_is_an_error_that_names_it(
        self, log: RawLog, segment: Path, damage: Damage
    ) -> None:
        damage(segment)
        with pytest.raises(UnreadableSegment) as caught:
            list(log.latest(MONTH))
        assert caught.value.path == str(segment)
        assert str(segment) in str(caught.value)

    def test_what_is_new_in_it_is_an_error_too(self, log: RawLog, segment: Path, damage: Damage) -> None:
        damage(segment)
        with pytest.raises(UnreadableSegment, match=segment.name):
            log.changes(MONTH, since=0)

    def test_known_defect_29_other_months_are_not_affected(
        self, log: RawLog, segment: Path, damage: Damage
    ) -> None:
        damage(segment)
        assert only(log, "2024-02").issue_id == "8"
        assert log.append("2024-02", [record("9")]) is not None
        assert log.months() == [MONTH, "2024-02"]


def test_any_flipped_bit_is_noticed(log: RawLog, segment: Path) -> None:
    content = segment.read_bytes()
    for at in random.Random(1).sample(range(len(content)), 200):
        _flip(segment, at)
        with pytest.raises(UnreadableSegment, match=segment.name):
            list(log.latest(MONTH))
        segment.write_bytes(content)


def test_a_payload_that_cannot_be_unpacked_is_an_error_that_names_file_issue_and_part(
    log: RawLog, segment: Path
) -> None:
    _damage_payload(segment, "2")
    with pytest.raises(UnreadableSegment, match="issue of issue 2") as caught:
        list(log.latest(MONTH))
    assert caught.value.path == str(segment)


def test_reading_one_issue_does_not_decode_the_others(log: RawLog, segment: Path) -> None:
    _damage_payload(segment, "2")
    assert [issue.payloads[Part.ISSUE] for issue in log.latest(MONTH, ["1", "3"])] == [
        _PAYLOADS["1"],
        _PAYLOADS["3"],
    ]


def test_a_damaged_payload_that_is_superseded_is_never_looked_at(log: RawLog, segment: Path) -> None:
    _damage_payload(segment, "2")
    log.append(MONTH, [record("2", updated=1, payload=b"new")])
    assert {issue.payloads[Part.ISSUE] for issue in log.latest(MONTH)} >= {b"new"}


def test_the_month_can_be_read_again_once_the_damaged_segment_is_restored(log: RawLog, segment: Path) -> None:
    before = state(log)
    content = segment.read_bytes()
    _truncate(segment)
    segment.write_bytes(content)
    assert state(log) == before


def test_files_of_others_in_a_month_are_left_alone(log: RawLog, segment: Path) -> None:
    before = state(log)
    for name in (".DS_Store", "000009.parquet.bak", "notes.parquet", ".0a1b.tmp"):
        (segment.parent / name).write_text("not ours")
    (segment.parent.parent / "lost+found").mkdir()
    assert state(log) == before
    assert log.months() == [MONTH, "2024-02"]


def test_a_segment_that_vanishes_while_the_month_is_listed_does_not_empty_the_month(
    log: RawLog, segment: Path
) -> None:
    """A name whose file is gone when it is looked at, as compaction can leave it, here for good."""
    (segment.parent / "000009.parquet").symlink_to(segment.parent / "gone")
    try:
        found = state(log)
    except RawLogError:
        return
    assert found.keys() == _PAYLOADS.keys()
