"""Deliveries get in, however many connections are held open, and whatever they are held with."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.receiver import server
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

LIMIT = 20
ANSWERED = b"GET /webhooks/jira/health HTTP/1.1\r\nHost: receiver\r\n\r\n"
HALF_A_HEAD = b"POST /webhooks/jira HTTP/1.1\r\nHost: "
HALF_A_BODY = head("Content-Length: 100000", f"X-Hub-Signature: {signature(b'')}") + b"x" * 50_000


@pytest.fixture
def url(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(server, "CONNECTIONS", LIMIT)
    with running(settings) as address:
        yield address


@pytest.mark.parametrize("start", [b"", ANSWERED, HALF_A_HEAD, HALF_A_BODY])
def test_deliveries_get_in_while_others_hold_all_connections(url: str, inbox: Inbox, start: bytes) -> None:
    with ExitStack() as held:
        for number in range(3 * LIMIT):
            connection = held.enter_context(connect(url))
            connection.sendall(start)
            if start == ANSWERED:
                assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            if number % LIMIT == 0:
                assert deliver(url, event(number)).status_code == 200
    assert len(inbox.names()) == 3


def test_the_connection_that_is_idle_longest_is_closed_first(url: str) -> None:
    with ExitStack() as held:
        kept = [held.enter_context(connect(url)) for _ in range(LIMIT)]
        for connection in kept:
            connection.sendall(ANSWERED)
            assert connection.recv(65536)
        kept[0].sendall(ANSWERED)  # so that another one is idle for longer
        assert kept[0].recv(65536)
        newest = held.enter_context(connect(url))
        newest.sendall(ANSWERED)
        assert newest.recv(65536)
        assert answer_to(kept[1], []) == b""
        for connection in [kept[0], *kept[2:]]:
            connection.sendall(ANSWERED)
            assert connection.recv(65536)


def test_a_delivery_that_is_on_its_way_stays_while_others_are_idle(url: str, inbox: Inbox) -> None:
    body = event(text="x" * 10_000)
    with ExitStack() as held:
        delivering = held.enter_context(connect(url))
        delivering.sendall(head(f"Content-Length: {len(body)}", f"X-Hub-Signature: {signature(body)}"))
        delivering.sendall(body[:5000])
        for _ in range(2 * LIMIT):
            held.enter_context(connect(url))
        assert health(url)
        delivering.sendall(body[5000:])
        assert delivering.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert len(inbox.names()) == 1


def test_connections_that_are_closed_leave_room(url: str) -> None:
    with connect(url) as kept:
        kept.sendall(ANSWERED)
        assert kept.recv(65536)
        for _ in range(3 * LIMIT):
            with connect(url) as connection, suppress(ConnectionError):
                connection.sendall(ANSWERED)
                assert connection.recv(65536)
        kept.sendall(ANSWERED)
        assert kept.recv(65536).startswith(b"HTTP/1.1 200 ")
