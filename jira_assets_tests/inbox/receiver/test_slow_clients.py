import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.receiver import exchange, server
from jira_assets_tests.inbox.receiver.sending import (
    answer_to,
    connect,
    deliver,
    event,
    head,
    health,
    signature,
)

HALF_A_DELIVERY = head("Content-Length: 100000", f"X-Hub-Signature: {signature(b'')}") + b"x" * 50_000


def test_slow_clients_do_not_stop_the_others(url: str, inbox: Inbox) -> None:
    with ExitStack() as open_connections:
        for start in [b"", b"POST /webhooks", HALF_A_DELIVERY] * 40:
            open_connections.enter_context(connect(url)).sendall(start)
        assert [deliver(url, event(number)).status_code for number in range(10)] == [200] * 10
    assert len(inbox.names()) == 10


@pytest.mark.parametrize("sips", [0, 10])
def test_a_body_that_hardly_arrives_is_given_up_long_before_its_minute_is_over(
    url: str, monkeypatch: pytest.MonkeyPatch, sips: int
) -> None:
    monkeypatch.setattr(exchange, "_BEGINS_WITHIN_S", 0.2)
    monkeypatch.setattr(exchange, "_LINGER_S", 0.1)
    with connect(url) as connection:
        answer = answer_to(connection, in_sips(sips))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert health(url)["counts"]["too_slow"] == 1


def in_sips(number: int) -> Iterator[bytes]:
    """A delivery whose second half begins with so many single bytes; without one it never comes."""
    yield HALF_A_DELIVERY
    for _ in range(number):
        time.sleep(0.1)
        yield b"x"
    if number:
        yield b"x" * (50_000 - number)


def test_what_has_arrived_of_a_body_earns_time_for_the_rest(
    url: str, monkeypatch: pytest.MonkeyPatch, inbox: Inbox
) -> None:
    monkeypatch.setattr(exchange, "_BEGINS_WITHIN_S", 0.2)
    body = event(text="x" * 2_000_000)
    with connect(url) as connection:
        connection.sendall(head(f"Content-Length: {len(body)}", f"X-Hub-Signature: {signature(body)}"))
        connection.sendall(body[:-1])
        time.sleep(0.6)
        connection.sendall(body[-1:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert len(inbox.names()) == 1


@pytest.mark.parametrize("start", [b"", b"POST /webhooks/jira HTTP/1.1\r\nHost: "])
def test_a_head_that_does_not_arrive_is_given_up(
    url: str, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(server, "HEAD_ARRIVES_WITHIN_S", 0)
    with connect(url) as connection:
        assert answer_to(connection, [start]) == b""


SHORT_LINES = [b"x:\r\n" * 1000] * 10  # little to send, and much to keep
LONG_LINES = [b"x: " + b"x" * 1000 + b"\r\n"] * 5000
ONE_LINE = [b"x: ", *[b"x" * 1000] * 5000, b"\r\n"]


@pytest.mark.parametrize("lines", [SHORT_LINES, LONG_LINES, ONE_LINE])
@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"POST /webhooks/jira HTTP/1.1\r\n", id="head"),
        pytest.param(
            head("Transfer-Encoding: chunked", f"X-Hub-Signature: {signature(b'')}") + b"1\r\nx\r\n0\r\n",
            id="trailers",
        ),
    ],
)
def test_a_head_or_trailers_without_an_end_are_given_up(
    url: str, monkeypatch: pytest.MonkeyPatch, start: bytes, lines: list[bytes]
) -> None:
    monkeypatch.setattr(server, "HEAD_ARRIVES_WITHIN_S", 1000)
    with connect(url) as connection:
        assert answer_to(connection, [start, *lines, b"\r\n"]) == b""


def test_a_request_that_does_not_wait_for_the_answer_before_is_refused(url: str) -> None:
    request = b"GET /webhooks/jira/health HTTP/1.1\r\nConnection: %b\r\n\r\n"
    with connect(url) as connection:
        answer = answer_to(connection, [request % b"keep-alive" + request % b"close"])
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_body_may_come_in_many_small_chunks(url: str, inbox: Inbox) -> None:
    body = event(text="x" * 200_000)
    chunks = [
        b"%x\r\n%b\r\n" % (len(part), part) for part in (body[n : n + 7] for n in range(0, len(body), 7))
    ]
    with connect(url) as connection:
        connection.sendall(head("Transfer-Encoding: chunked", f"X-Hub-Signature: {signature(body)}"))
        connection.sendall(b"".join(chunks) + b"0\r\nx-checked: yes\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert [inbox.read(name).body for name in inbox.names()] == [body]


def test_a_connection_may_be_used_for_many_deliveries(
    url: str, monkeypatch: pytest.MonkeyPatch, inbox: Inbox
) -> None:
    monkeypatch.setattr(server, "HEAD_ARRIVES_WITHIN_S", 0)
    with connect(url) as connection:
        for number in range(3):
            body = event(number)
            connection.sendall(
                head(f"Content-Length: {len(body)}", f"X-Hub-Signature: {signature(body)}") + body
            )
            answer = b""
            while not answer.endswith(b"}"):
                answer += connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 ")
            time.sleep(0.6)
    assert len(inbox.names()) == 3
