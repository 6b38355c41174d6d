import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.inbox.inbox import Backlog, DamagedDelivery, Delivery, Inbox, digest, encode, file_name

MOMENT = datetime(2026, 11, 20, 12, 0, 0, 123_000, tzinfo=UTC)


def delivery(number: int = 0, body: bytes = b"{}") -> Delivery:
    at = MOMENT + timedelta(milliseconds=number)
    return Delivery.arrived(f"id-{number}", at, None, body)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "inbox")


def test_the_name_of_a_file_tells_when_and_hides_what() -> None:
    name = file_name(MOMENT, "../../etc/passwd", digest(b"{}"))
    assert name.startswith("1795176000123-")
    assert name.endswith(".event")
    assert len(name) == 13 + 1 + 32 + len(".event")


@given(
    body=st.binary(),
    identifier=st.text(st.characters(codec="utf-8")),
    hint=st.none() | st.from_regex("[0-9]+", fullmatch=True),
    milliseconds=st.integers(0, 9_999_999_999_999),
)
def test_a_delivery_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    body: bytes,
    identifier: str,
    hint: str | None,
    milliseconds: int,
) -> None:
    inbox = Inbox(tmp_path_factory.getbasetemp() / "any")
    inbox.folder.mkdir(exist_ok=True)
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    written = Delivery.arrived(identifier, at, hint, body)
    (inbox.folder / written.name).write_bytes(encode(written))
    assert inbox.read(written.name) == written


def test_deliveries_are_listed_oldest_first(inbox: Inbox) -> None:
    deliveries = [delivery(number) for number in (7, 3, 5)]
    inbox.add(deliveries)
    assert inbox.names() == [delivery(number).name for number in (3, 5, 7)]
    assert inbox.backlog() == Backlog(3, MOMENT + timedelta(milliseconds=3))


def test_there_is_nothing_in_a_folder_that_does_not_exist(inbox: Inbox) -> None:
    assert inbox.names() == inbox.due(MOMENT) == inbox.fingerprints() == []
    assert inbox.backlog() == Backlog(0, None)
    inbox.remove([delivery().name])


def test_files_that_are_not_complete_are_not_listed(inbox: Inbox) -> None:
    inbox.add([delivery()])
    for name in (".0123.tmp", ".0123.body", f".{delivery(1).name}", f"{delivery(2).name}.bak", "1-2.event"):
        (inbox.folder / name).touch()
    assert inbox.names() == [delivery().name]


def test_what_another_drain_has_taken_is_missing_and_may_be_removed(inbox: Inbox) -> None:
    inbox.add([delivery(1), delivery(2)])
    inbox.remove([delivery(1).name])
    inbox.remove([delivery(1).name, delivery(2).name])
    with pytest.raises(FileNotFoundError):
        inbox.read(delivery(1).name)
    with pytest.raises(FileNotFoundError):
        inbox.move(delivery(1).name, inbox.folder.parent)
    inbox.postpone(delivery(1).name, MOMENT)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"{}\n{}",
        b"\xff\n{}",
        b'{"identifier":1,"received_at":2}\n{}',
        b'{"identifier":"a","received_at":99999999999999999999}\n',
        b'{"identifier":"a","received_at":9999999999999999}\n',
    ],
)
def test_a_damaged_file_is_named(inbox: Inbox, content: bytes) -> None:
    name = delivery().name
    inbox.folder.mkdir()
    (inbox.folder / name).write_bytes(content)
    with pytest.raises(DamagedDelivery, match=name):
        inbox.read(name)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", ".hidden", "", "1795176000123-x.event"])
def test_no_other_file_can_be_read(inbox: Inbox, name: str) -> None:
    with pytest.raises(DamagedDelivery):
        inbox.read(name)


def test_a_postponed_delivery_is_due_later_and_still_counts(inbox: Inbox) -> None:
    now = datetime.now(UTC) + timedelta(seconds=1)
    inbox.add([delivery(1), delivery(2)])
    inbox.postpone(delivery(1).name, now + timedelta(minutes=1))
    assert inbox.due(now) == [delivery(2).name]
    assert inbox.due(now + timedelta(minutes=2)) == [delivery(1).name, delivery(2).name]
    assert len(inbox.names()) == 2


def test_a_delivery_can_be_put_elsewhere(inbox: Inbox, tmp_path: Path) -> None:
    elsewhere = Inbox(tmp_path / "elsewhere")
    elsewhere.folder.mkdir()
    inbox.add([delivery(1)])
    inbox.move(delivery(1).name, elsewhere.folder)
    assert (inbox.names(), elsewhere.read(delivery(1).name)) == ([], delivery(1))


def test_what_was_named_by_its_identifier_alone_is_still_read(tmp_path: Path) -> None:
    inbox, written = Inbox(tmp_path), delivery(1)
    name = f"{written.name[:14]}{hashlib.sha256(written.identifier.encode()).hexdigest()[:32]}.event"
    (tmp_path / name).write_bytes(encode(written))
    assert inbox.names() == [name]
    assert inbox.read(name) == replace(written, name=name)
