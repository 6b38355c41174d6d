import os
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jira_assets.events.inbox import Delivery, Inbox
from jira_assets.files import make_folder, write_durably
from jira_assets.receiver.body import PrivateFile

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
