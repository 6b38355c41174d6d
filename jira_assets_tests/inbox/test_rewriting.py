"""What waits, what is asked for and what is archived, sealed with another key or changed."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jira_assets.inbox import archive_file
from jira_assets.inbox.archive import Archive
from jira_assets.inbox.frames import framed
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import Queue
from jira_assets.inbox.receiver.body import PrivateFile
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets_tests.events.samples import MONTH, NOON, archived, delivery, item
from jira_assets_tests.privacy.keys import keyring

OLD, BOTH, NEW = keyring("old"), keyring("new", "old"), keyring("new")
DAY = f"{NOON:%Y-%m-%d}"
DAYS_LATER = NOON + timedelta(days=2)
plain_and_old = pytest.mark.parametrize("before", [NO_KEYS, OLD], ids=["plain", "sealed"])


def without_maria(content: bytes) -> bytes:
    return content.replace(b"Maria", b"-")


def put_large(folder: Path, keys: Keyring, number: int) -> None:
    with closing(PrivateFile(folder, keys)) as file:
        file.append(bytearray(delivery().body), is_last=True)
        file.publish(folder, delivery(number))


@plain_and_old
def test_deliveries_are_sealed_anew_and_stay_postponed(tmp_path: Path, before: Keyring) -> None:
    Inbox(tmp_path, before).add([delivery(0), delivery(1)])
    put_large(tmp_path, before, 2)
    inbox = Inbox(tmp_path, BOTH)
    inbox.postpone(delivery(1).name, NOON + timedelta(days=9999))
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert inbox.rewrite().resealed == 3
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times
    assert inbox.count_by_key() == {"new": 3}
    new = Inbox(tmp_path, NEW)
    assert [new.read(name) for name in new.names()] == [delivery(number) for number in range(3)]
    assert inbox.rewrite().resealed == 0


@pytest.mark.parametrize("before", [OLD, NEW], ids=["rotated too", "changed only"])
def test_bodies_of_deliveries_can_be_changed(tmp_path: Path, before: Keyring) -> None:
    Inbox(tmp_path, before).add([delivery(0), delivery(1, b"{}")])
    put_large(tmp_path, before, 2)
    done = Inbox(tmp_path, BOTH).rewrite(without_maria)
    assert (done.seen, done.changed, done.resealed) == (3, 2, 1 if before is OLD else 0)
    inbox = Inbox(tmp_path, BOTH if before is NEW else NEW)
    changed = without_maria(delivery().body)
    assert [inbox.read(name).body for name in inbox.names()] == [changed, b"{}", changed]


@plain_and_old
def test_items_are_sealed_anew_and_no_run_is_asked_for(tmp_path: Path, before: Keyring) -> None:
    Queue(tmp_path, before).put({MONTH: [item("1"), item("2")]})
    queue, newest = Queue(tmp_path, BOTH), Queue(tmp_path, before).newest()
    assert queue.rewrite(MONTH).resealed == 2
    assert queue.newest() == newest
    assert queue.count_by_key(MONTH) == {"new": 2}
    assert Queue(tmp_path, NEW).items(MONTH) == [item("1"), item("2")]


@plain_and_old
def test_a_damaged_item_still_says_which_issue_it_is_about(tmp_path: Path, before: Keyring) -> None:
    Queue(tmp_path, OLD).put({MONTH: [item("1")]})
    (path,) = (tmp_path / MONTH).iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    Queue(tmp_path, before).put({MONTH: [item("2")]})
    Queue(tmp_path, BOTH).rewrite(MONTH)
    queue = Queue(tmp_path, BOTH)
    queue.rewrite(MONTH)
    assert queue.count_by_key(MONTH) == {"new": 2}
    assert {found.issue_id for found in Queue(tmp_path, NEW).items(MONTH)} == {"1", "2"}


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([NO_KEYS, OLD, BOTH]), min_size=1, max_size=6),
    st.booleans(),
    st.sampled_from([None, without_maria]),
)
def test_a_day_is_sealed_anew_whatever_it_was_made_of(
    tmp_path_factory: pytest.TempPathFactory,
    keys: list[Keyring],
    tidied: bool,
    change: Callable[[bytes], bytes] | None,
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    for number, each in enumerate(keys):
        Archive(folder, each).add([archived(number), archived(number, b'"Maria \xff"')][number % 2 :])
    archive = Archive(folder, BOTH)
    if tidied:
        archive.tidy(DAYS_LATER, retention_days=3650)
    expected = list(archive.read(NOON.date()))
    if change is None:
        archive.rewrite(DAY)
    else:
        archive.rewrite(DAY, change)
        expected = [replace(event, body=change(event.body)) for event in expected]
    assert set(archive.count_by_key(DAY)) == {"new"}
    assert list(Archive(folder, NEW).read(NOON.date())) == expected
    done = archive.rewrite(DAY, change) if change else archive.rewrite(DAY)
    assert (done.resealed, done.changed) == (0, 0)
    assert archive.days() == [DAY]


def test_joining_files_brings_nothing_back_that_was_rewritten_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        Archive(tmp_path, OLD).add([archived(number)])
    archive = Archive(tmp_path, BOTH)

    with monkeypatch.context() as patched:

        def write_and_be_overtaken(lines: Iterable[bytes], keys: Keyring, name: str) -> Iterator[bytes]:
            yield from framed(lines, keys, name)
            patched.undo()
            archive.rewrite(DAY)

        patched.setattr(archive_file, "framed", write_and_be_overtaken)
        archive.tidy(DAYS_LATER, retention_days=3650)
    assert len(list(tmp_path.iterdir())) == 3
    assert archive.count_by_key(DAY) == {"new": 3}


def test_what_is_damaged_is_named_and_stops_nothing_else(tmp_path: Path) -> None:
    inbox, archive = tmp_path / "inbox", tmp_path / "archive"
    for number in range(2):
        Inbox(inbox, OLD).add([delivery(number)])
        Archive(archive, OLD).add([archived(number)])
    for folder in (inbox, archive):
        damaged = min(folder.iterdir())
        damaged.write_bytes(damaged.read_bytes()[:-3])
    waiting, day = Inbox(inbox, BOTH).rewrite(), Archive(archive, BOTH).rewrite(DAY)
    for done, name in ((waiting, delivery(0).name), (day, min(archive.iterdir()).name)):
        assert done.resealed == 1
        (problem,) = done.problems
        assert name in problem


def test_without_the_key_it_says_which_one_is_missing(tmp_path: Path) -> None:
    Inbox(tmp_path / "inbox", OLD).add([delivery()])
    Queue(tmp_path / "queue", OLD).put({MONTH: [item()]})
    Archive(tmp_path / "archive", OLD).add([archived()])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for done in (
        Inbox(tmp_path / "inbox", NEW).rewrite(),
        Queue(tmp_path / "queue", NEW).rewrite(MONTH),
        Archive(tmp_path / "archive", NEW).rewrite(DAY),
    ):
        (problem,) = done.problems
        assert "'old'" in problem
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
