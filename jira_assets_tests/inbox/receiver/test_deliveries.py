from datetime import UTC, datetime

import pytest
import requests
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.receiver.server import running
from jira_assets.settings import Settings
from jira_assets_tests.inbox.receiver.sending import deliver, event, health, signature


def test_an_event_is_in_the_inbox_byte_for_byte_when_it_is_acknowledged(url: str, inbox: Inbox) -> None:
    body = b' {"webhookEvent": "jira:issue_updated",\r\n "x": "\\u0000\xc3\xa9"}\n\n'
    before = datetime.now(UTC)
    assert deliver(url, body, "b3d1-42", query="?issue=10001&x=1").status_code == 200
    [name] = inbox.names()
    delivery = inbox.read(name)
    assert (delivery.body, delivery.identifier, delivery.issue_hint) == (body, "b3d1-42", "10001")
    assert before.timestamp() - 0.001 <= delivery.received_at.timestamp() <= datetime.now(UTC).timestamp()


def test_an_event_with_half_a_character_is_stored_as_it_is(url: str, inbox: Inbox, unreadable: Inbox) -> None:
    body = event(text="cut within an emoji: \ud83d")
    assert b"\\ud83d" in body
    assert deliver(url, body).status_code == 200
    assert [inbox.read(name).body for name in inbox.names()] == [body]
    assert unreadable.names() == []


@pytest.mark.parametrize(
    "query", ["", "?issue=", "?issue=SUP-1", "?issue=1%2F..", "?issue=123456789012345678901", "?tissue=10001"]
)
def test_a_hint_that_is_no_id_is_not_kept(url: str, inbox: Inbox, query: str) -> None:
    assert deliver(url, event(), query=query).status_code == 200
    assert [inbox.read(name).issue_hint for name in inbox.names()] == [None]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"text"', b"{", b"\xff\xfe{}", b'{"a":' * 20_000, b"[" * 200_000]
)
def test_what_is_no_event_is_kept_aside_and_counted(
    url: str, inbox: Inbox, unreadable: Inbox, body: bytes
) -> None:
    assert deliver(url, body).status_code == 202
    assert [unreadable.read(name).body for name in unreadable.names()] == [body]
    assert inbox.names() == []
    assert health(url)["counts"]["unreadable"] == 1


def test_no_string_of_an_event_reaches_a_path(url: str, settings: Settings, inbox: Inbox) -> None:
    evil = "../../../../etc/passwd\x00"
    issue = {"id": evil, "key": evil, "self": f"http://{evil}", "fields": {"project": {"key": evil}}}
    body = event(webhookEvent=evil, issue=issue, attachment={"id": evil, "content": evil})
    assert deliver(url, body, "../../../../etc/passwd", query="?issue=../../etc").status_code == 200
    everywhere = [path for path in settings.local_dir.rglob("*") if path.is_file()]
    assert [path.parent for path in everywhere] == [inbox.folder]
    assert [inbox.read(path.name).body for path in everywhere] == [body]


def test_events_of_other_projects_are_acknowledged_and_dropped(settings: Settings, inbox: Inbox) -> None:
    with running(settings.with_values(JIRA_PROJECTS="SUP,ENG")) as url:
        assert deliver(url, event(1, "HR")).status_code == 200
        assert inbox.names() == []
        assert health(url)["counts"]["dropped"] == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(event(1, "ENG"), id="one of ours"),
        pytest.param(
            event(1, "HR", changelog={"items": [{"field": "Key"}]}), id="moved out of ours, perhaps"
        ),
        pytest.param(b'{"webhookEvent":"issuelink_created","issueLink":{"id":1}}', id="does not say"),
        pytest.param(b'{"webhookEvent":"worklog_created","worklog":{"issueId":"7"}}', id="has an id only"),
        pytest.param(b'{"issue":{"fields":{"project":{"key":["HR"]}}}}', id="makes no sense"),
    ],
)
def test_an_event_that_may_be_about_our_projects_is_stored(
    settings: Settings, inbox: Inbox, body: bytes
) -> None:
    with running(settings.with_values(JIRA_PROJECTS="SUP,ENG")) as url:
        assert deliver(url, body).status_code == 200
    assert len(inbox.names()) == 1


def test_a_drain_may_empty_the_inbox_meanwhile(url: str, inbox: Inbox) -> None:
    for number in range(20):
        assert deliver(url, event(number)).status_code == 200
        inbox.remove(inbox.names())
    inbox.folder.rmdir()
    assert deliver(url, event(20)).status_code == 200
    assert len(inbox.names()) == 1


def test_any_bytes_that_are_well_signed_are_kept_exactly(
    settings: Settings, inbox: Inbox, unreadable: Inbox
) -> None:
    identifiers = iter(range(10**9))

    @given(
        body=st.binary(max_size=300) | st.dictionaries(st.text(), st.text()).map(lambda it: repr(it).encode())
    )
    @hypothesis_settings(max_examples=100, deadline=None)
    def check(body: bytes) -> None:
        status = deliver(url, body, f"any-{next(identifiers)}").status_code
        folder = {200: inbox, 202: unreadable}[status]
        [name] = folder.names()
        assert folder.read(name).body == body
        folder.remove([name])

    with running(settings) as url:
        check()


def test_paths_and_methods_that_do_not_exist_are_told_in_json(url: str) -> None:
    missing = requests.post(f"{url}/webhooks/jira/../jira/none", timeout=10)
    wrong = requests.get(f"{url}/webhooks/jira", timeout=10)
    assert (missing.status_code, missing.json()) == (404, {"error": "Not Found"})
    assert (wrong.status_code, wrong.json()) == (405, {"error": "Method Not Allowed"})
    assert "server" not in missing.headers


def test_a_path_with_a_slash_too_many_is_not_redirected(url: str) -> None:
    headers = {"X-Hub-Signature": signature(event())}
    assert (
        requests.post(f"{url}/webhooks/jira/", data=event(), headers=headers, timeout=10).status_code == 404
    )
