import hashlib
import hmac
import socket
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from jira_assets.sandbox.deliveries import LARGEST_BODY, Deliveries, Statistics, signature
from jira_assets.sandbox.sent_events import SentEvent
from jira_assets_tests.sandbox.webhook_receiver import WebhookReceiver, webhook_receiver

PROMPT = partial(
    Deliveries,
    secret="secret",
    duplicates=0.0,
    delay=(0.0, 0.0),
    reorder=0.0,
    held_back=(0.02, 0.05),
    retry_after=(0.001, 0.002),
)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as running:
        yield running


def _events(count: int) -> list[SentEvent]:
    return [SentEvent("comment_created", f"id-{number}", b'{"n": %d}' % number) for number in range(count)]


def _deliver(deliveries: Deliveries, events: list[SentEvent]) -> Statistics:
    with deliveries:
        deliveries.send(events)
        assert deliveries.drain(10)
        return deliveries.statistics


def test_the_signature_is_that_of_the_official_example() -> None:
    expected = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    assert signature(b"It's a Secret to Everybody", b"Hello World!") == expected


def test_headers_and_body_are_jiras(receiver: WebhookReceiver) -> None:
    event = SentEvent("comment_deleted", "id-1", '{"ü": 1}'.encode(), "Secondary")
    assert _deliver(PROMPT(receiver.url), [event]) == Statistics(sent=1, delivered=1)
    (received,) = receiver.received
    assert received.body == event.body
    signed = "sha256=" + hmac.new(b"secret", event.body, hashlib.sha256).hexdigest()
    expected = {
        "x-hub-signature": signed,
        "x-atlassian-webhook-identifier": "id-1",
        "x-atlassian-webhook-flow": "Secondary",
        "user-agent": "Atlassian Webhook HTTP Client",
        "content-type": "application/json; charset=utf-8",
    }
    assert {name: received.headers[name] for name in expected} == expected
    assert "x-atlassian-webhook-retry" not in received.headers


def test_without_a_secret_nothing_is_signed(receiver: WebhookReceiver) -> None:
    _deliver(PROMPT(receiver.url, secret=""), _events(1))
    assert "x-hub-signature" not in receiver.received[0].headers


def test_the_issue_is_filled_into_the_url(receiver: WebhookReceiver) -> None:
    events = [SentEvent("attachment_created", "id-1", b"{}", issue_id="10001"), *_events(1)]
    _deliver(PROMPT(receiver.url + "?issue={issue.id}", connections=1), events)
    assert [each.path.partition("?")[2] for each in receiver.received] == ["issue=10001", "issue="]


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 503])
def test_some_statuses_are_tried_again_with_the_same_identifier(
    receiver: WebhookReceiver, status: int
) -> None:
    receiver.statuses = [status, status]
    assert _deliver(PROMPT(receiver.url), _events(1)) == Statistics(sent=1, delivered=1, retries=2)
    assert [each.headers.get("x-atlassian-webhook-retry") for each in receiver.received] == [None, "1", "2"]
    assert {each.identifier for each in receiver.received} == {"id-0"}


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413, 422])
def test_other_statuses_are_final(receiver: WebhookReceiver, status: int) -> None:
    receiver.statuses = [status]
    assert _deliver(PROMPT(receiver.url), _events(1)) == Statistics(sent=1, refused=1)
    assert len(receiver.received) == 1


def test_after_five_tries_jira_gives_up(receiver: WebhookReceiver) -> None:
    receiver.statuses = [503] * 5
    assert _deliver(PROMPT(receiver.url), _events(1)) == Statistics(sent=1, retries=4, given_up=1)
    assert len(receiver.received) == 5


def test_it_need_not_give_up(receiver: WebhookReceiver) -> None:
    receiver.statuses = [503] * 20
    assert _deliver(PROMPT(receiver.url, tries=None), _events(1)) == Statistics(
        sent=1, delivered=1, retries=20
    )


def test_a_refused_connection_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    statistics = _deliver(PROMPT(f"http://127.0.0.1:{port}/", tries=3), _events(1))
    assert statistics == Statistics(sent=1, retries=2, given_up=1)


def test_no_answer_in_time_is_tried_again(receiver: WebhookReceiver) -> None:
    receiver.hangs = 1
    statistics = _deliver(PROMPT(receiver.url, response_seconds=0.05), _events(1))
    assert statistics == Statistics(sent=1, delivered=1, retries=1)


def test_bodies_over_25_mb_are_not_delivered(receiver: WebhookReceiver) -> None:
    event = SentEvent("jira:issue_updated", "id-1", bytes(LARGEST_BODY + 1))
    assert _deliver(PROMPT(receiver.url), [event]) == Statistics(sent=1, too_large=1)
    assert receiver.received == []


def test_a_share_is_delivered_twice_with_the_same_identifier(receiver: WebhookReceiver) -> None:
    statistics = _deliver(PROMPT(receiver.url, duplicates=0.3), _events(100))
    often = Counter(each.identifier for each in receiver.received)
    assert len(often) == statistics.delivered == 100
    assert 10 < statistics.duplicates < 60
    assert Counter(often.values()) == {1: 100 - statistics.duplicates, 2: statistics.duplicates}


def test_the_order_is_kept_unless_events_are_held_back(receiver: WebhookReceiver) -> None:
    events = _events(50)
    identifiers = [event.identifier for event in events]
    _deliver(PROMPT(receiver.url, connections=1), events)
    assert [each.identifier for each in receiver.received] == identifiers
    receiver.received.clear()
    _deliver(PROMPT(receiver.url, connections=1, reorder=0.3), events)
    assert [each.identifier for each in receiver.received] != identifiers
    assert sorted(each.identifier for each in receiver.received) == sorted(identifiers)


def test_the_seed_decides_what_is_delivered_twice(receiver: WebhookReceiver) -> None:
    twice = []
    for seed in (1, 1, 2):
        receiver.received.clear()
        _deliver(PROMPT(receiver.url, seed=seed, duplicates=0.3), _events(40))
        often = Counter(each.identifier for each in receiver.received)
        twice.append({identifier for identifier, times in often.items() if times == 2})
    assert twice[0] == twice[1] != twice[2]


def test_while_paused_nothing_is_delivered(receiver: WebhookReceiver) -> None:
    with PROMPT(receiver.url) as deliveries:
        deliveries.pause()
        deliveries.send(_events(3))
        assert not deliveries.drain(0.05)
        assert (receiver.received, deliveries.under_way) == ([], 3)
        deliveries.resume()
        assert deliveries.drain(10)
    assert len(receiver.received) == 3


def test_leaving_does_not_wait_for_what_is_not_yet_due(receiver: WebhookReceiver) -> None:
    with PROMPT(receiver.url, delay=(60.0, 60.0)) as deliveries:
        deliveries.send(_events(3))
    assert receiver.received == []


@pytest.mark.parametrize("url", ["", "localhost:80", "ftp://example.com", "http://"])
def test_what_is_not_the_address_of_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not the address of a webhook"):
        Deliveries(url, "secret")
