import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.receiver import body as limits
from jira_assets.inbox.receiver import exchange, state
from jira_assets.inbox.receiver.body import Body, Room
from jira_assets.inbox.receiver.outcomes import Refused
from jira_assets.inbox.receiver.server import running
from jira_assets.settings import Settings
from jira_assets_tests.inbox.receiver.sending import (
    answer_to,
    connect,
    deliver,
    event,
    head,
    health,
    signature,
)

MB = 1024 * 1024


def of_size(size: int) -> bytes:
    return json.dumps({"x": "y" * (size - 9)}).encode()


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // MB):
        yield b"%x\r\n" % MB + b"x" * MB + b"\r\n"
    yield b"0\r\n\r\n"


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".*")]


@pytest.mark.parametrize("size", [MB, MB + 1, 25 * MB])
def test_a_body_of_up_to_25_mb_is_stored(url: str, inbox: Inbox, size: int) -> None:
    body = of_size(size)
    assert len(body) == size
    assert deliver(url, body, query="?issue=10001").status_code == 200
    [name] = inbox.names()
    delivery = inbox.read(name)
    assert delivery.body == body
    assert delivery.issue_hint == "10001"
    assert hidden(inbox.folder) == []


def test_a_large_body_that_is_no_event_is_kept_aside(url: str, inbox: Inbox, unreadable: Inbox) -> None:
    body = of_size(3 * MB)[:-1]
    assert deliver(url, body).status_code == 202
    assert [unreadable.read(name).body for name in unreadable.names()] == [body]
    assert inbox.names() == hidden(inbox.folder) == []


def test_a_large_body_with_a_wrong_signature_leaves_nothing_behind(url: str, inbox: Inbox) -> None:
    assert deliver(url, of_size(3 * MB), secret="wrong").status_code == 401
    assert inbox.names() == hidden(inbox.folder) == []


def test_a_body_that_says_it_is_too_large_is_refused_before_it_arrives(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "_LINGER_S", 0.1)
    with connect(url) as connection:
        answer = answer_to(
            connection, [head(f"Content-Length: {26 * MB}", f"X-Hub-Signature: {signature(b'')}")]
        )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


def test_26_mb_that_are_sent_all_the_same_are_answered(url: str, inbox: Inbox) -> None:
    assert deliver(url, of_size(26 * MB)).status_code == 413
    assert inbox.names() == []
    assert deliver(url, event()).status_code == 200


def test_26_mb_in_chunks_are_refused_while_they_arrive(url: str, inbox: Inbox) -> None:
    with connect(url) as connection:
        start = head("Transfer-Encoding: chunked", f"X-Hub-Signature: {signature(b'')}")
        answer = answer_to(connection, [start, *chunks(26 * MB)])
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert inbox.names() == hidden(inbox.folder) == []


@pytest.mark.parametrize(
    "rubbish",
    [
        b"zz\r\nxxxx\r\n",
        b"ffffffffffffffffff\r\nx",
        b"-1\r\n\r\n",
        b"5\r\nlonger than five\r\n",
        b"\x00" * 500,
    ],
)
def test_rubbish_instead_of_chunks_is_refused(url: str, inbox: Inbox, rubbish: bytes) -> None:
    with connect(url) as connection:
        start = head("Transfer-Encoding: chunked", f"X-Hub-Signature: {signature(rubbish)}")
        answer = answer_to(connection, [start, rubbish])
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert deliver(url, event()).status_code == 200
    assert len(inbox.names()) == 1


def test_lengths_that_contradict_each_other_are_refused(url: str, inbox: Inbox) -> None:
    with connect(url) as connection:
        start = head("Content-Length: 4", "Transfer-Encoding: chunked", f"X-Hub-Signature: {signature(b'')}")
        answer = answer_to(connection, [start, b"0\r\n\r\n"])
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert inbox.names() == []


def test_a_body_that_ends_too_early_is_not_stored(url: str, inbox: Inbox) -> None:
    body = of_size(3 * MB)
    with connect(url) as connection:
        connection.sendall(head(f"Content-Length: {len(body)}", f"X-Hub-Signature: {signature(body)}"))
        connection.sendall(body[:-1])
    while health(url)["counts"]["aborted"] == 0:
        time.sleep(0.01)
    assert deliver(url, event()).status_code == 200
    assert len(inbox.names()) == 1
    assert hidden(inbox.folder) == []


def test_large_bodies_beyond_the_room_for_them_are_refused_for_now(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FILES", 0)
    answer = deliver(url, of_size(3 * MB))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert health(url)["counts"]["busy"] == 1
    assert deliver(url, event()).status_code == 200


def test_when_memory_is_short_smaller_bodies_move_to_disk_too(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.memory = limits.ALL_IN_MEMORY
    body = Body(room)
    asyncio.run(body.append(b"x" * 100_000, is_last=True))
    assert body.file is not None
    assert body.content() == b"x" * 100_000
    assert room.memory == limits.ALL_IN_MEMORY
    body.close()


def test_a_body_gives_its_room_back_however_it_ends(tmp_path: Path) -> None:
    room = Room(tmp_path)
    for size in (10, 3 * MB, 26 * MB):
        body = Body(room)
        with suppress(Refused):
            asyncio.run(body.append(b"x" * size, is_last=False))
        body.close()
    assert (room.memory, room.files, list(tmp_path.iterdir())) == (0, 0, [])


def test_bodies_of_a_receiver_that_was_killed_are_removed(tmp_path: Path) -> None:
    old, young, delivery = tmp_path / ".1.body", tmp_path / ".2.body", tmp_path / "1.event"
    for path in (old, young, delivery):
        path.touch()
    os.utime(old, (0, 0))
    os.utime(delivery, (0, 0))
    Room(tmp_path).remove_leftovers()
    assert set(tmp_path.iterdir()) == {young, delivery}


def test_what_cannot_be_removed_does_not_end_the_tidying(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(state, "_TIDY_EVERY_S", 0.01)
    settings.inbox_dir.mkdir(parents=True)
    in_a_circle, leftover = settings.inbox_dir / ".1.body", settings.inbox_dir / ".2.body"
    in_a_circle.symlink_to(in_a_circle)
    with running(settings):
        wait_until(lambda: bool(caplog.records))
        in_a_circle.unlink()
        leftover.touch()
        os.utime(leftover, (0, 0))
        wait_until(lambda: not leftover.exists())


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise TimeoutError
