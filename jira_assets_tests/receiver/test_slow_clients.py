import time
from contextlib import ExitStack

import pytest

from jira_assets.events.inbox import Inbox
from jira_assets.receiver import exchange, server
from jira_assets_tests.receiver.sending import answer_to, connect, deliver, event, head, health, signature

HALF_A_DELIVERY = head("Content-Length: 100000", f"X-Hub-Signature: {signature(b'')}") + b"x" * 50_000


def test_slow_clients_do_not_stop_the_others(url: str, inbox: Inbox) -> None:
    with ExitStack() as open_connections:
        for start in [b"", b"POST /webhooks", HALF_A_DELIVERY] * 40:
            open_connections.enter_context(connect(url)).sendall(start)
        assert [deliver(url, event(number)).status_code for number in range(10)] == [200] * 10
    assert len(inbox.names()) == 10


def test_a_body_that_does_not_arrive_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "ARRIVES_WITHIN_S", 0.1)
    monkeypatch.setattr(exchange, "_LINGER_S", 0.1)
    with connect(url) as connection:
        answer = answer_to(connection, [HALF_A_DELIVERY])
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert health(url)["counts"]["too_slow"] == 1


@pytest.mark.parametrize("start", [b"", b"POST /webhooks/jira HTTP/1.1\r\nHost: "])
def test_a_head_that_does_not_arrive_is_given_up(
    url: str, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(server, "HEAD_ARRIVES_WITHIN_S", 0)
    with connect(url) as connection:
        assert answer_to(connection, [start]) == b""


def test_a_head_without_an_end_is_given_up(url: str) -> None:
    with connect(url) as connection:
        lines = (b"X-%d: %s\r\n" % (number, b"x" * 1000) for number in range(10_000))
        assert answer_to(connection, [b"POST /webhooks/jira HTTP/1.1\r\n", *lines]) == b""


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
