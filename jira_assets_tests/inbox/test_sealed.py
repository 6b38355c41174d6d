"""Inbox, queue and archive with a key."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from jira_assets.inbox.archive import Archive
from jira_assets.inbox.archive_file import DamagedArchive
from jira_assets.inbox.frames import DamagedFrame, framed, pieces
from jira_assets.inbox.inbox import DamagedDelivery, Delivery, Inbox
from jira_assets.inbox.queue import Item, Queue
from jira_assets.inbox.receiver.body import PrivateFile
from jira_assets.privacy.errors import NotSealed, Tampered, UnknownKey
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.events.samples import BODY, MONTH, NOON, archived, delivery, item
from jira_assets_tests.privacy.keys import key, keyring

KEYS, OTHERS = keyring("k1"), keyring("k2")


def put_delivery(folder: Path, keys: Keyring) -> None:
    Inbox(folder, keys).add([delivery()])


def put_large_delivery(folder: Path, keys: Keyring) -> None:
    with closing(PrivateFile(folder, keys)) as file:
        file.append(bytearray(BODY[:20]))
        file.append(bytearray(BODY[20:]), is_last=True)
        assert file.content() == BODY
        file.publish(folder, delivery())


def put_item(folder: Path, keys: Keyring) -> None:
    Queue(folder, keys).put({MONTH: [item()]})


def put_archived(folder: Path, keys: Keyring) -> None:
    Archive(folder, keys).add([archived()])


def read_delivery(folder: Path, keys: Keyring) -> object:
    return Inbox(folder, keys).read(delivery().name)


def read_items(folder: Path, keys: Keyring) -> object:
    return Queue(folder, keys).items(MONTH)


def read_archive(folder: Path, keys: Keyring) -> object:
    return list(Archive(folder, keys).read(NOON.date()))


@dataclass(frozen=True)
class Kind:
    put: Callable[[Path, Keyring], None]
    read: Callable[[Path, Keyring], object]
    holds: object


kinds = pytest.mark.parametrize(
    "kind",
    [
        Kind(put_delivery, read_delivery, delivery()),
        Kind(put_large_delivery, read_delivery, delivery()),
        Kind(put_item, read_items, [item()]),
        Kind(put_archived, read_archive, [archived()]),
    ],
    ids=["inbox", "inbox, large", "queue", "archive"],
)


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@kinds
def test_what_is_stored_can_be_read_with_the_key_and_not_without(tmp_path: Path, kind: Kind) -> None:
    kind.put(tmp_path, KEYS)
    assert kind.read(tmp_path, keyring("k2", "k1")) == kind.holds
    ((path, content),) = files(tmp_path).items()
    assert b"Maria" not in content
    assert "Maria" not in str(path)


@kinds
def test_what_was_stored_before_there_was_a_key_stays_readable(tmp_path: Path, kind: Kind) -> None:
    kind.put(tmp_path, NO_KEYS)
    assert kind.read(tmp_path, KEYS) == kind.holds


@kinds
@pytest.mark.parametrize("others", [NO_KEYS, OTHERS])
def test_what_cannot_be_read_for_want_of_a_key_stays(tmp_path: Path, kind: Kind, others: Keyring) -> None:
    kind.put(tmp_path, KEYS)
    before = files(tmp_path)
    with pytest.raises((UnknownKey, DamagedArchive), match="'k1'"):
        kind.read(tmp_path, others)
    assert files(tmp_path) == before


@kinds
def test_nothing_changed_is_taken_for_what_was_stored(tmp_path: Path, kind: Kind) -> None:
    kind.put(tmp_path, KEYS)
    ((path, content),) = files(tmp_path).items()
    for at in range(0, len(content), 3):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        try:
            found = kind.read(tmp_path, KEYS)
        except (UnknownKey, DamagedDelivery, DamagedArchive):
            assert path.exists()
        else:  # an item that is damaged still says by its name which issue to ask for
            assert found == [Item("10001", path.name, NOON)]
            Queue(tmp_path, KEYS).remove(MONTH, [Item("10001", path.name, NOON)])


def test_deliveries_cannot_be_exchanged(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, KEYS)
    inbox.add([delivery(1), delivery(2)])
    (tmp_path / delivery(1).name).rename(tmp_path / delivery(2).name)
    with pytest.raises(DamagedDelivery, match="is not what was sealed"):
        inbox.read(delivery(2).name)


def test_bodies_of_large_deliveries_cannot_be_exchanged(tmp_path: Path) -> None:
    for number in (1, 2):
        with closing(PrivateFile(tmp_path, KEYS)) as file:
            file.append(bytearray(BODY), is_last=True)
            file.publish(tmp_path, delivery(number))
    one, other = (tmp_path / delivery(number).name for number in (1, 2))
    one.write_bytes(one.read_bytes()[:1024] + other.read_bytes()[1024:])
    with pytest.raises(DamagedDelivery):
        Inbox(tmp_path, KEYS).read(one.name)


def test_a_delivery_may_be_put_into_another_folder(tmp_path: Path) -> None:
    inbox, unreadable = Inbox(tmp_path / "inbox", KEYS), Inbox(tmp_path / "unreadable", KEYS)
    inbox.add([delivery()])
    inbox.move(delivery().name, unreadable.folder)
    assert unreadable.read(delivery().name) == delivery()


def test_what_a_killed_receiver_leaves_of_a_large_body_is_sealed(tmp_path: Path) -> None:
    file = PrivateFile(tmp_path, KEYS)
    file.append(bytearray(BODY))
    ((path, content),) = files(tmp_path).items()
    file.close()
    assert len(content) > len(BODY)
    assert b"Maria" not in content
    assert not path.exists()


@given(st.binary(max_size=3000), st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=256))
@settings(max_examples=30, deadline=None)
def test_any_large_delivery_comes_back(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, identifier: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "large"
    arrived = Delivery.arrived(identifier, NOON, None, body)
    with closing(PrivateFile(folder, KEYS)) as file:
        file.append(bytearray(body), is_last=True)
        file.publish(folder, arrived)
    assert Inbox(folder, KEYS).read(arrived.name) == arrived


def test_items_cannot_be_exchanged(tmp_path: Path) -> None:
    queue = Queue(tmp_path, KEYS)
    queue.put({MONTH: [item("10001"), item("10002")]})
    one, other = (tmp_path / MONTH / item(issue_id).name for issue_id in ("10001", "10002"))
    one.replace(other)
    assert queue.items(MONTH) == [Item("10002", other.name, NOON)]


def test_the_files_of_a_day_are_joined_whatever_keys_they_had(tmp_path: Path) -> None:
    for keys, number in ((NO_KEYS, 0), (KEYS, 1), (keyring("k2", "k1"), 2), (NO_KEYS, 3)):
        Archive(tmp_path, keys).add([archived(number)])
    archive = Archive(tmp_path, keyring("k2", "k1"))
    archive.tidy(NOON + timedelta(days=2), retention_days=365)
    assert len(files(tmp_path)) == 1
    assert list(archive.read(NOON.date())) == [archived(number) for number in range(4)]


def test_a_file_whose_key_is_missing_stays_by_itself(tmp_path: Path) -> None:
    for keys, number in ((KEYS, 0), (NO_KEYS, 1), (NO_KEYS, 2)):
        Archive(tmp_path, keys).add([archived(number)])
    sealed = min(files(tmp_path))
    content = sealed.read_bytes()
    Archive(tmp_path).tidy(NOON + timedelta(days=2), retention_days=365)
    assert len(files(tmp_path)) == 2
    assert sealed.read_bytes() == content


def test_events_cannot_be_put_into_another_day(tmp_path: Path) -> None:
    archive = Archive(tmp_path, KEYS)
    archive.add([archived()])
    (path,) = files(tmp_path)
    path.rename(tmp_path / path.name.replace("2026-11-20", "2026-11-21"))
    with pytest.raises(DamagedArchive, match="2026-11-21"):
        list(archive.read(date(2026, 11, 21)))


@given(st.lists(st.binary(max_size=200), min_size=1), st.integers(1, 10_000))
@settings(max_examples=50)
def test_lines_of_any_length_come_back_in_whatever_frames(lines: list[bytes], repeated: int) -> None:
    lines = [*lines, os.urandom(300) * repeated]
    content = b"".join(framed(lines, KEYS, "2026-11-20.jsonl.zst"))
    with io.BytesIO(content) as file:
        assert b"".join(pieces(file, KEYS, "2026-11-20.jsonl.zst")) == b"".join(lines)
    with io.BytesIO(content[:-1]) as file, pytest.raises(DamagedFrame):
        list(pieces(file, KEYS, "2026-11-20.jsonl.zst"))


def read(frames: list[bytes], keys: Keyring, name: str = "2026-11-20.jsonl.zst") -> list[bytes]:
    with io.BytesIO(b"".join(frames)) as file:
        return b"".join(pieces(file, keys, name)).splitlines(keepends=True)


def changed(frames: list[bytes]) -> Iterator[list[bytes]]:
    """Every frame taken away, repeated or exchanged with another, and every end cut off."""
    for at, other in product(range(len(frames)), repeat=2):
        exchanged = frames.copy()
        exchanged[at], exchanged[other] = exchanged[other], exchanged[at]
        yield exchanged
    for at in range(1, len(frames)):
        yield frames[:at]
        yield frames[at:]
        yield [*frames[:at], *frames[at + 1 :]]
        yield [*frames[:at], frames[at], *frames[at:]]
    yield [*frames, *frames]


@pytest.mark.parametrize("keys", [KEYS, NO_KEYS], ids=["sealed", "plain"])
def test_no_frame_can_be_taken_away_repeated_or_exchanged(keys: Keyring) -> None:
    lines = [bytes([letter]) * (1 << 20) + b"\n" for letter in b"abcd"]
    name = "2026-11-20.jsonl.zst"
    frames = list(framed(lines, keys, name))
    assert read(frames, keys) == lines
    for found in changed(frames):
        if found != frames and not (keys is NO_KEYS and found == frames[1:]):  # which is as files were before
            with pytest.raises((DamagedFrame, Tampered)):
                read(found, keys)
    with pytest.raises((DamagedFrame, Tampered)):
        read(frames, keys, "2026-11-20.another.jsonl.zst")
    others = list(framed(lines, keys, name))  # the same lines at another time
    if keys is KEYS:
        with pytest.raises(Tampered):
            read([*frames[:2], *others[2:]], keys)


def frame_of_day(line: bytes, keys: Keyring) -> bytes:
    """As frames were before they were chained."""
    frame = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(line)
    if keys is NO_KEYS:
        return frame
    sealed = keys.seal(frame, "archive/2026-11-20")
    return b"\x5a\x2a\x4d\x18" + len(sealed).to_bytes(4, "little") + sealed


def test_where_all_is_sealed_no_line_is_taken_from_a_plain_frame() -> None:
    sealing = Keyring.parse(key("k1"), refuses_plain=True)
    for frames in (list(framed([b"a\n"], NO_KEYS, "2026-11-20.jsonl.zst")), [frame_of_day(b"a\n", NO_KEYS)]):
        with pytest.raises(NotSealed):
            read(frames, sealing)


def test_a_file_from_before_stays_readable_and_is_chained_when_its_day_is_joined(tmp_path: Path) -> None:
    archive = Archive(tmp_path, KEYS)
    for number in range(2):
        Archive(tmp_path).add([archived(number)])
        path = max(files(tmp_path), key=lambda each: each.stat().st_mtime_ns)
        (line,) = read([path.read_bytes()], NO_KEYS, path.name)
        path.write_bytes(frame_of_day(line, NO_KEYS if number else KEYS))
    assert list(archive.read(NOON.date())) == [archived(0), archived(1)]
    assert archive.count_by_key("2026-11-20") == {"k1": 1, None: 1}
    archive.tidy(NOON + timedelta(days=2), retention_days=365)
    ((path, content),) = files(tmp_path).items()
    assert content.startswith(b"\x5b\x2a\x4d\x18")
    assert archive.count_by_key("2026-11-20") == {"k1": 1}
    assert list(archive.read(NOON.date())) == [archived(0), archived(1)]
    path.write_bytes(content + frame_of_day(b"", KEYS))
    with pytest.raises(DamagedArchive):
        list(archive.read(NOON.date()))


def test_an_event_that_cannot_be_read_for_want_of_a_key_waits_in_the_inbox(tmp_path: Path) -> None:
    with serve(Site([])) as sandbox:
        Copy(sandbox, tmp_path, keys=key("k1")).deliver(BODY)
        before = files(tmp_path / "inbox")
        (tmp_path / "keys.json").unlink()  # which would have said so at once
        drained = Copy(sandbox, tmp_path, keys=key("k2")).drain()
    assert (drained.waiting, drained.unreadable) == (1, 0)
    assert "'k1'" in str(drained)
    assert files(tmp_path / "inbox") == before


def test_no_drain_begins_without_a_key_that_is_in_use(tmp_path: Path) -> None:
    with serve(Site([])) as sandbox:
        Copy(sandbox, tmp_path, keys=key("k1")).deliver(BODY)
        before = files(tmp_path)
        with pytest.raises(UnknownKey, match="'k1'"):
            Copy(sandbox, tmp_path)
    assert files(tmp_path) == before
