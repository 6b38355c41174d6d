import json
from collections.abc import Iterator

import pytest
import requests

from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.receiver.server import running
from jira_assets.settings import Settings
from jira_assets_tests.inbox.receiver.sending import signature


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    with running(settings.with_values(JIRA_PROJECTS="SUP"), debug=True) as address:
        yield address


def ask(url: str, body: bytes, secret: str | None = None) -> requests.Response:
    headers = {"X-Hub-Signature": signature(body, secret) if secret else signature(body)}
    return requests.post(f"{url}/webhooks/jira/test", data=body, headers=headers, timeout=10)


def test_an_issue_can_be_asked_for_by_its_key(url: str, inbox: Inbox) -> None:
    answers = [ask(url, b'{"issue_key": "sup-123"}') for _ in range(2)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(202, {"queued": "SUP-123"})] * 2
    bodies = [json.loads(inbox.read(name).body) for name in inbox.names()]
    assert len(bodies) == 2
    assert bodies[0]["issue"] == {"key": "SUP-123"}
    assert bodies[0]["webhookEvent"] == "jira_assets:test"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"{}", b'{"issue_key": 1}', b'{"issue_key": "../../etc-1"}', b'{"issue_key": "HR-1"}'],
)
def test_what_is_no_key_of_ours_is_refused(url: str, inbox: Inbox, body: bytes) -> None:
    answer = ask(url, body)
    assert answer.status_code == 400
    assert "issue_key" in answer.json()["error"]
    assert inbox.names() == []


def test_asking_needs_the_signature(url: str, inbox: Inbox) -> None:
    refused = ask(url, b'{"issue_key": "SUP-123"}', "wrong")
    assert refused.status_code == 401
    assert "connection" not in refused.headers  # it has all arrived, so there is nothing to wait for
    assert inbox.names() == []


def test_asking_is_for_debugging_only(settings: Settings, inbox: Inbox) -> None:
    with running(settings) as url:
        assert ask(url, b'{"issue_key": "SUP-123"}').status_code == 404
    assert inbox.names() == []
