"""What lies in our folders and is no file of ours is left alone, and named: a FIFO would be waited for."""

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from upath import UPath

from jira_assets.commands.doctor.finding import Level
from jira_assets.commands.doctor.machine_checks import folders
from jira_assets.files import UnfitFile, open_file, remove_leftovers
from jira_assets.inbox.archive import Archive, ArchivedEvent, EventOutcome
from jira_assets.inbox.inbox import LARGEST_BYTES, DamagedDelivery, Delivery, Inbox
from jira_assets.inbox.queue import Item, Queue
from jira_assets.privacy.keyring import NO_KEYS
from jira_assets.raw.errors import UnreadableSegment
from jira_assets.raw.segments import list_segments, read
from jira_assets.settings import Settings
from jira_assets.sync.attachments.store import AttachmentStore
from jira_assets.sync.health.waiting import passed_over

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
MONTH = "2024-01"


def put_socket(path: Path) -> None:
    # Names of sockets are short.
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as unbound:
            unbound.bind(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)


def put_link(path: Path) -> None:
    secret = path.parent / ".elsewhere"
    secret.write_bytes(b'{"identifier":"x","received_at":1}\n{}')
    path.symlink_to(secret)


KINDS: dict[str, Callable[[Path], object]] = {
    "a FIFO": os.mkfifo,
    "a socket": put_socket,
    "a symbolic link": put_link,
    "a folder": Path.mkdir,
}
kinds = pytest.mark.parametrize("kind", KINDS)


def delivery(number: int) -> Delivery:
    return Delivery.arrived(f"{number}", NOW, None, b"{}")


@kinds
def test_what_is_no_file_in_the_inbox_is_passed_over_and_named(tmp_path: Path, kind: str) -> None:
    inbox = Inbox(tmp_path)
    inbox.add([delivery(1)])
    KINDS[kind](tmp_path / delivery(2).name)
    assert inbox.names() == inbox.due(NOW.replace(year=2100)) == [delivery(1).name]
    assert inbox.passed_over() == [f"{tmp_path / delivery(2).name} is {kind}"]
    assert inbox.rewrite().seen == 1
    with pytest.raises(DamagedDelivery, match=kind):  # what has become one since it was listed
        inbox.read(delivery(2).name)


@kinds
def test_what_is_no_file_in_the_queue_is_passed_over_and_named(tmp_path: Path, kind: str) -> None:
    queue = Queue(tmp_path)
    items = [Item("10001", "one", NOW), Item("10002", "two", NOW)]
    queue.put({MONTH: items})
    (tmp_path / MONTH / items[1].name).unlink()
    KINDS[kind](tmp_path / MONTH / items[1].name)
    if kind != "a folder":
        KINDS[kind](tmp_path / "2024-02")
    assert queue.items(MONTH) == items[:1]
    assert queue.months() == list(queue.newest()) == [MONTH]
    named = [tmp_path / MONTH / items[1].name, *([] if kind == "a folder" else [tmp_path / "2024-02"])]
    assert queue.passed_over() == [f"{path} is {kind}" for path in named]
    if kind != "a folder":
        queue.put({MONTH: items})  # takes its place
        assert queue.items(MONTH) == items


@kinds
def test_what_is_no_file_in_the_archive_is_passed_over(tmp_path: Path, kind: str) -> None:
    archive = Archive(tmp_path)
    event = ArchivedEvent("name", NOW, "one", "jira:issue_updated", EventOutcome.QUEUED, ("1",), b"{}")
    archive.add([event])
    KINDS[kind](tmp_path / f"2026-11-20.083000-{'0' * 32}.jsonl.zst")
    assert list(archive.read(NOW.date())) == [event]
    archive.tidy(NOW.replace(year=2027), retention_days=1)
    assert archive.days() == []


@pytest.mark.parametrize("kind", ["a FIFO", "a folder"])
def test_a_segment_that_is_no_file_is_an_error_of_its_month(tmp_path: Path, kind: str) -> None:
    KINDS[kind](tmp_path / "000001.parquet")
    [segment] = list_segments(UPath(tmp_path))
    with pytest.raises(UnreadableSegment, match="no file"):
        read(segment)


@kinds
def test_an_attachment_that_is_no_file_is_not_there_and_is_named(tmp_path: Path, kind: str) -> None:
    store = AttachmentStore(UPath(tmp_path), NO_KEYS)
    (tmp_path / "10001").mkdir()
    KINDS[kind](tmp_path / "10001" / "7")
    assert not store.holds("10001", "7", 2)
    with pytest.raises(UnfitFile, match=kind):
        b"".join(store.reading("10001", "7"))
    assert not store.count_by_key("10001")
    assert store.rewrite("10001").problems == [f"{tmp_path / '10001' / '7'} is {kind}"]


def test_what_a_writer_may_have_left_is_looked_at_before_it_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".old.tmp").mkdir()
    os.utime(tmp_path / ".old.tmp", (0, 0))
    remove_leftovers(UPath(tmp_path))
    assert (tmp_path / ".old.tmp").exists()


def test_devices_are_not_opened() -> None:
    with pytest.raises(UnfitFile, match="a device"):
        open_file("/dev/null")


def test_a_file_that_no_delivery_can_be_is_not_read(tmp_path: Path) -> None:
    name = delivery(1).name
    with (tmp_path / name).open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    with pytest.raises(DamagedDelivery, match="more than"):
        Inbox(tmp_path).read(name)


def test_an_item_of_any_size_asks_for_its_issue(tmp_path: Path) -> None:
    item = Item("10001", "one", NOW)
    Queue(tmp_path).put({MONTH: [item]})
    with (tmp_path / MONTH / item.name).open("wb") as file:
        file.truncate(10_000_000_000)
    assert [each.issue_id for each in Queue(tmp_path).items(MONTH)] == ["10001"]


def test_the_doctor_names_what_is_passed_over(tmp_path: Path) -> None:
    settings = Settings({"JIRA_DATA_DIR": str(tmp_path)})
    assert list(folders(settings)) == []
    settings.inbox_dir.mkdir()
    os.mkfifo(settings.inbox_dir / "pipe")
    [finding] = folders(settings)
    assert finding.level is Level.WARN
    assert "pipe is a FIFO" in finding.message
    assert passed_over(settings) == [f"{settings.inbox_dir / 'pipe'} is a FIFO"]
