"""Where the content of attachments lies."""

import os
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

import pytest
from upath import UPath

from jira_assets.privacy.errors import Tampered, UnknownKey
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.sync.attachments.store import AttachmentStore, DiskFull

KEY = Keyring.parse(f"k1:{b64encode(b'k' * 32).decode()}")
_NEWER = f"k2:{b64encode(b'2' * 32).decode()}"
NEW, BOTH = Keyring.parse(_NEWER), Keyring.parse(f"{_NEWER},k1:{b64encode(b'k' * 32).decode()}")
CONTENT = b"a rather private sentence"


def write(store: AttachmentStore, issue_id: str = "1", attachment_id: str = "2") -> None:
    with store.writing(issue_id, attachment_id, len(CONTENT)) as file:
        file.write(CONTENT)


def read(store: AttachmentStore, issue_id: str = "1", attachment_id: str = "2") -> bytes:
    return b"".join(store.reading(issue_id, attachment_id))


@pytest.mark.parametrize("keyring", [NO_KEYS, KEY])
@pytest.mark.parametrize("remote", [False, True])
def test_what_is_written_is_read_and_removed(tmp_path: Path, keyring: Keyring, remote: bool) -> None:
    root = UPath(f"memory://store-{keyring.writing}") if remote else UPath(tmp_path) / "attachments"
    store = AttachmentStore(root, keyring)
    assert (store.exists(), store.issue_ids(), store.attachment_ids("1")) == (False, set(), set())
    write(store)
    assert read(store) == CONTENT
    assert (store.issue_ids(), store.attachment_ids("1")) == ({"1"}, {"2"})
    assert store.holds("1", "2", len(CONTENT))
    store.remove("1", ["2", "3"])
    assert store.attachment_ids("1") == set()


def test_with_a_key_nothing_can_be_read_without_it(tmp_path: Path) -> None:
    store = AttachmentStore(UPath(tmp_path), KEY)
    write(store)
    assert CONTENT not in (tmp_path / "1" / "2").read_bytes()
    with pytest.raises(UnknownKey):
        read(AttachmentStore(UPath(tmp_path), NO_KEYS))


def test_one_file_cannot_be_taken_for_another(tmp_path: Path) -> None:
    store = AttachmentStore(UPath(tmp_path), KEY)
    write(store)
    (tmp_path / "1" / "2").rename(tmp_path / "1" / "3")
    with pytest.raises(Tampered):
        read(store, attachment_id="3")


def test_what_was_not_written_to_the_end_is_not_there(tmp_path: Path) -> None:
    store = AttachmentStore(UPath(tmp_path), KEY)
    with suppress(InterruptedError), store.writing("1", "2", 9) as file:
        file.write(b"half")
        raise InterruptedError
    assert list((tmp_path / "1").iterdir()) == []


def test_what_a_killed_writer_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    store = AttachmentStore(UPath(tmp_path), NO_KEYS)
    write(store)
    for name, modified in ((".old.tmp", 0), (".new.tmp", None)):
        (tmp_path / "1" / name).write_bytes(b"")
        if modified is not None:
            os.utime(tmp_path / "1" / name, (modified, modified))
    store.remove("1", ["2"])
    assert [path.name for path in (tmp_path / "1").iterdir()] == [".new.tmp"]


def test_the_disk_is_not_filled(tmp_path: Path) -> None:
    store = AttachmentStore(UPath(tmp_path), NO_KEYS)
    with pytest.raises(DiskFull, match="less than 1 GB left"), store.writing("1", "2", 10**18):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["..", "1/2", "", "a", "\u0661", "1" * 21])
def test_nothing_but_an_id_is_a_path(tmp_path: Path, name: str) -> None:
    store = AttachmentStore(UPath(tmp_path), NO_KEYS)
    with pytest.raises(ValueError, match="is not the id"):
        read(store, name)
    with pytest.raises(ValueError, match="is not the id"):
        read(store, "1", name)


@pytest.mark.parametrize("before", [NO_KEYS, KEY], ids=["plain", "sealed"])
@pytest.mark.parametrize("remote", [False, True])
def test_files_are_sealed_anew(tmp_path: Path, before: Keyring, remote: bool) -> None:
    root = UPath(f"memory://rewritten-{before.writing}") if remote else UPath(tmp_path)
    for attachment_id in ("2", "3"):
        write(AttachmentStore(root, before), "1", attachment_id)
    store = AttachmentStore(root, BOTH)
    done = store.rewrite("1")
    assert (done.seen, done.resealed, done.problems) == (2, 2, [])
    assert store.count_by_key("1") == {"k2": 2}
    assert read(AttachmentStore(root, NEW)) == CONTENT
    assert store.rewrite("1").resealed == 0
    assert store.rewrite("9").seen == 0


def test_a_damaged_file_stays_as_it_is_and_stops_no_other(tmp_path: Path) -> None:
    for attachment_id in ("2", "3"):
        write(AttachmentStore(UPath(tmp_path), KEY), "1", attachment_id)
    damaged = tmp_path / "1" / "2"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    content = damaged.read_bytes()
    done = AttachmentStore(UPath(tmp_path), BOTH).rewrite("1")
    assert done.resealed == 1
    assert ["attachment/1/2" in problem for problem in done.problems] == [True]
    assert damaged.read_bytes() == content
    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == ["2", "3"]
