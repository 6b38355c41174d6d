import os
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from jira_assets.inbox.archive import Archive, ArchivedEvent, EventOutcome
from jira_assets.inbox.archive_file import DamagedArchive
from jira_assets.inbox.inbox import digest, fingerprint

DAY = date(2026, 11, 20)
NEXT_DAY = date(2026, 11, 21)
MORNING = datetime(2026, 11, 20, 8, 30, 0, 125000, tzinfo=UTC)
BODY = b'{"webhookEvent":"jira:issue_updated","issue":{"id":"20101","key":"HELP-7"}}'
LONG = 365


def archived(number: int, at: datetime = MORNING, body: bytes = BODY) -> ArchivedEvent:
    return ArchivedEvent(
        name=f"{at.timestamp() * 1000:013.0f}-{number:032x}.event",
        received_at=at,
        identifier=f"delivery-{number}",
        event="jira:issue_updated",
        outcome=EventOutcome.QUEUED,
        issue_ids=("20101",),
        body=body,
    )


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def fingerprints(*numbers: int) -> set[str]:
    return {fingerprint(f"delivery-{number}", digest(BODY)) for number in numbers}


def names(events: Iterable[ArchivedEvent]) -> list[str]:
    return [event.name for event in events]


def sorted_by_name(events: Iterable[ArchivedEvent]) -> list[ArchivedEvent]:
    return sorted(events, key=lambda event: event.name)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def restore(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_events_come_back_in_the_order_of_their_arrival(archive: Archive) -> None:
    events = [archived(n, MORNING + hours(n)) for n in range(5)]
    archive.add(events[2:])
    archive.add(events[:2])
    assert list(archive.read(DAY)) == events


def test_a_folder_that_is_not_there_is_an_empty_archive(tmp_path: Path) -> None:
    nowhere = Archive(tmp_path / "nowhere")
    nowhere.tidy(MORNING, LONG)
    nowhere.add([])
    assert list(nowhere.read(DAY)) == []
    assert nowhere.fingerprints(MORNING) == set()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"null",
        b' {"a": 1} \r\n',
        b'{"a":\n1}\n\n',
        b"\xff\x00\n",
        "é\u2028\x00😀".encode(),
        b"[" * 9999,
    ],
)
def test_any_body_comes_back_byte_for_byte(archive: Archive, body: bytes) -> None:
    events = [archived(1, body=body), archived(2)]
    archive.add(events)
    assert list(archive.read(DAY)) == events


def test_a_batch_goes_to_the_days_that_its_events_were_received_on(archive: Archive) -> None:
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    before, after = archived(1, midnight - timedelta(milliseconds=1)), archived(2, midnight)
    archive.add([before, after])
    assert list(archive.read(DAY)) == [before]
    assert list(archive.read(NEXT_DAY)) == [after]


def test_a_batch_that_is_repeated_after_a_crash_replaces_itself(archive: Archive, tmp_path: Path) -> None:
    batch = [archived(1), archived(2)]
    archive.add(batch)
    once = contents(tmp_path)
    archive.add(batch)
    assert contents(tmp_path) == once


@pytest.mark.parametrize("again", [[1], [1, 3], [2, 3], [1, 2, 3]])
def test_a_batch_that_overlaps_another_neither_hides_nor_doubles_it(
    archive: Archive, again: list[int]
) -> None:
    archive.add([archived(1), archived(2)])
    archive.add([archived(number) for number in again])
    expected = names(archived(number) for number in sorted({1, 2, *again}))
    assert sorted(names(archive.read(DAY))) == expected


def test_a_day_that_is_over_becomes_one_file_that_any_tool_reads(archive: Archive, tmp_path: Path) -> None:
    for number in range(3):
        archive.add([archived(number, MORNING + hours(number))])
    archive.tidy(MORNING + hours(24), LONG)
    (path,) = tmp_path.iterdir()
    assert path.name.startswith("2026-11-20.")
    with path.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    lines = [msgspec.json.decode(line) for line in text.splitlines()]
    assert [line["identifier"] for line in lines] == ["delivery-0", "delivery-1", "delivery-2"]
    assert lines[0]["body"] == BODY.decode()


def test_this_hour_is_left_as_it_is(archive: Archive, tmp_path: Path) -> None:
    archive.add([archived(1)])
    archive.add([archived(2)])
    before = contents(tmp_path)
    archive.tidy(MORNING + hours(0.1), LONG)
    assert contents(tmp_path) == before
    archive.tidy(MORNING + hours(1), LONG)
    assert len(contents(tmp_path)) == 1


def test_an_event_that_is_archived_after_its_day_was_tidied_is_not_lost(
    archive: Archive, tmp_path: Path
) -> None:
    events = [archived(number) for number in range(3)]
    for event in events:
        archive.add([event])
        archive.tidy(MORNING + hours(24), LONG)
    assert len(list(tmp_path.iterdir())) == 1
    assert sorted_by_name(archive.read(DAY)) == events


def test_a_crash_between_merging_and_deleting_is_made_good(archive: Archive, tmp_path: Path) -> None:
    events = [archived(number) for number in range(3)]
    for event in events:
        archive.add([event])
    batches = contents(tmp_path)
    archive.tidy(MORNING + hours(24), LONG)
    restore(tmp_path, batches)
    assert sorted_by_name(archive.read(DAY)) == events
    archive.tidy(MORNING + hours(24), LONG)
    assert sorted_by_name(archive.read(DAY)) == events
    assert len(list(tmp_path.iterdir())) == 1


def test_days_older_than_the_retention_are_removed(archive: Archive, tmp_path: Path) -> None:
    for days in range(5):
        archive.add([archived(1, MORNING - hours(24 * days)), archived(2, MORNING - hours(24 * days))])
    archive.tidy(MORNING, retention_days=2)
    assert sorted(path.name[:10] for path in tmp_path.iterdir()) == ["2026-11-18", "2026-11-19", "2026-11-20"]


def test_what_a_killed_writer_left_behind_is_removed_and_foreign_files_are_not(
    archive: Archive, tmp_path: Path
) -> None:
    leftover, young, foreign = tmp_path / ".a.tmp", tmp_path / ".b.tmp", tmp_path / "2026-01-01.jsonl.zst"
    for path in (leftover, young, foreign):
        path.write_bytes(b"half of")
    os.utime(leftover, (0, 0))
    archive.tidy(MORNING, retention_days=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [young.name, foreign.name]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "truncated": lambda content: content[:-1],
    "halved": lambda content: content[: len(content) // 2],
    "flipped": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "garbage": lambda _: b"garbage",
}


def with_first_batch_damaged(archive: Archive, folder: Path, kind: str) -> Path:
    """Three batches on one day and one on the next; returns the path of the damaged one."""
    for number in range(3):
        archive.add([archived(number, MORNING + hours(number))])
    archive.add([archived(3, MORNING + hours(24))])
    first = min(folder.iterdir())
    first.write_bytes(DAMAGE[kind](first.read_bytes()))
    return first


@pytest.mark.parametrize("kind", DAMAGE)
def test_defect_9_a_damaged_file_is_an_error_that_names_it(
    archive: Archive, tmp_path: Path, kind: str
) -> None:
    damaged = with_first_batch_damaged(archive, tmp_path, kind)
    with pytest.raises(DamagedArchive, match=damaged.name):
        list(archive.read(DAY))
    assert len(list(archive.read(NEXT_DAY))) == 1


@pytest.mark.parametrize("text", [b'{"name": 1}\n', b"no JSON\n", b'"\xff"\n', b'{"name'])
def test_what_is_no_line_of_the_archive_is_an_error(archive: Archive, tmp_path: Path, text: bytes) -> None:
    archive.add([archived(1)])
    (path,) = tmp_path.iterdir()
    path.write_bytes(zstandard.compress(text))
    with pytest.raises(DamagedArchive, match=path.name):
        list(archive.read(DAY))


@pytest.mark.parametrize("kind", DAMAGE)
def test_defect_29_a_damaged_file_stays_by_itself_until_its_day_is_removed(
    archive: Archive, tmp_path: Path, kind: str
) -> None:
    damaged = with_first_batch_damaged(archive, tmp_path, kind)
    content = damaged.read_bytes()
    others = fingerprints(1, 2, 3)
    assert archive.fingerprints(MORNING) >= others
    archive.tidy(MORNING + hours(48), LONG)
    assert archive.fingerprints(MORNING) >= others
    assert damaged.read_bytes() == content
    assert len(list(tmp_path.iterdir())) == 3
    archive.tidy(MORNING + hours(48), retention_days=1)
    assert [event.identifier for event in archive.read(NEXT_DAY)] == ["delivery-3"]
    assert len(list(tmp_path.iterdir())) == 1


def test_fingerprints_are_those_received_since(archive: Archive) -> None:
    archive.add([archived(number, MORNING + hours(12 * number)) for number in range(5)])
    assert archive.fingerprints(MORNING + hours(24)) == fingerprints(2, 3, 4)
    archive.tidy(MORNING + hours(96), LONG)
    assert archive.fingerprints(MORNING + hours(36)) == fingerprints(3, 4)


def test_whoever_reads_while_others_tidy_up_misses_nothing(archive: Archive) -> None:
    is_over = threading.Event()

    def tidy() -> None:
        while not is_over.is_set():
            archive.tidy(MORNING + hours(24), LONG)

    others = [threading.Thread(target=tidy) for _ in range(2)]
    for thread in others:
        thread.start()
    try:
        for count in range(1, 31):
            archive.add([archived(count)])
            assert sorted(names(archive.read(DAY))) == names(archived(n) for n in range(1, count + 1))
            assert len(archive.fingerprints(MORNING)) == count
    finally:
        is_over.set()
        for thread in others:
            thread.join()


_EVENTS = [
    archived(number, MORNING + hours(7 * number), body)
    for number, body in enumerate([BODY, b"", b"\n", b"\xff", b"{}\n{}", BODY, b" ", b'"\\n"'])
]
_DAYS = [DAY + timedelta(days=days) for days in range(3)]
_batches = st.lists(st.sampled_from(_EVENTS), min_size=1, max_size=4)
_tidied_at = st.integers(0, 4).map(lambda days: MORNING + hours(24 * days))
_steps = st.lists(st.tuples(st.sampled_from(["add", "tidy", "crash"]), _batches, _tidied_at), max_size=12)


@settings(max_examples=150, deadline=None)
@given(_steps)
def test_any_batches_any_crashes_any_tidying_show_each_event_once(
    steps: Sequence[tuple[str, list[ArchivedEvent], datetime]],
) -> None:
    added: dict[str, ArchivedEvent] = {}
    with TemporaryDirectory() as folder:
        archive = Archive(Path(folder))
        for step, batch, moment in steps:
            if step == "add":
                archive.add(batch)
                added.update((event.name, event) for event in batch)
            else:
                before = contents(Path(folder))
                archive.tidy(moment, LONG)
                if step == "crash":  # after the merging, before some of the deleting
                    restore(Path(folder), dict(list(before.items())[::2]))
        for day in _DAYS:
            expected = [event for event in added.values() if event.received_at.date() == day]
            assert sorted_by_name(archive.read(day)) == sorted_by_name(expected)
        assert archive.fingerprints(MORNING) == {
            fingerprint(event.identifier, digest(event.body)) for event in added.values()
        }
