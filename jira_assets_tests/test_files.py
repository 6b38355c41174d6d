import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from upath import UPath

from jira_assets.files import make_folder, replaced, write_durably
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.inbox.receiver.body import PrivateFile

DELIVERY = Delivery.arrived("one", datetime(2026, 11, 20, tzinfo=UTC), None, b"{}")


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The inodes of all that has been made durable."""
    inodes = set()
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        fsync(descriptor)
        inodes.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", noting)
    return inodes


def test_files_are_durable_and_so_are_the_new_folders_that_they_are_in(
    tmp_path: Path, synced: set[int]
) -> None:
    folder = tmp_path / "queue" / "2026-11"
    write_durably(folder, {"a": b"1", "b": b"2"})
    everything = [tmp_path, tmp_path / "queue", folder, folder / "a", folder / "b"]
    assert synced == {path.stat().st_ino for path in everything}


def added(folder: Path) -> None:
    Inbox(folder).add([DELIVERY])


def moved(folder: Path) -> None:
    elsewhere = Inbox(folder.parent.parent)
    elsewhere.add([DELIVERY])
    elsewhere.move(DELIVERY.name, folder)


def published(folder: Path) -> None:
    with closing(PrivateFile(folder)) as large:
        large.publish(folder, DELIVERY)


@pytest.mark.parametrize("put", [added, moved, published])
def test_however_a_delivery_gets_into_a_new_folder_it_is_durable(
    tmp_path: Path, synced: set[int], put: Callable[[Path], None]
) -> None:
    folder = tmp_path / "data" / "inbox"
    put(folder)
    assert synced >= {path.stat().st_ino for path in (tmp_path, tmp_path / "data", folder)}


def test_a_folder_that_is_there_costs_nothing(tmp_path: Path, synced: set[int]) -> None:
    make_folder(tmp_path)
    assert synced == set()


def test_a_folder_cannot_be_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "inbox").touch()
    with pytest.raises(OSError, match="inbox"):
        make_folder(tmp_path / "inbox" / "deeper")


def modes(*paths: Path) -> list[int]:
    return [path.stat().st_mode & 0o777 for path in paths]


@pytest.fixture
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_usual_umask")
def test_what_is_made_is_for_us_alone_from_a_given_folder_downwards(tmp_path: Path) -> None:
    data = tmp_path / "data"
    make_folder(data / "raw" / "issues", within=data / "raw")
    assert modes(data, data / "raw", data / "raw" / "issues") == [0o755, 0o700, 0o700]
    write_durably(data / "inbox", {"a": b"1"})
    assert modes(data / "inbox", data / "inbox" / "a") == [0o700, 0o600]


@pytest.mark.usefixtures("_usual_umask")
def test_a_file_that_is_replaced_is_private_while_it_is_written_unless_it_is_public(tmp_path: Path) -> None:
    private, public = tmp_path / "private" / "file", tmp_path / "public" / "file"
    with replaced(UPath(private)) as staged:
        assert modes(staged) == [0o600]
        staged.write_bytes(b"1")
    with replaced(UPath(public), is_public=True) as staged:
        staged.write_bytes(b"1")
    assert modes(private.parent, private, public.parent, public) == [0o700, 0o600, 0o755, 0o644]


def test_a_file_that_was_readable_by_others_is_not_any_more_once_it_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.touch(0o644)
    with replaced(UPath(target)) as staged:
        staged.write_bytes(b"1")
    assert modes(target) == [0o600]
