import logging
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import requests

from jira_assets.http.throttle import Patience
from jira_assets.jira.bulk import myself
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    BadQuery,
    Forbidden,
    Gone,
    JiraError,
    MissingOrForbidden,
    RateLimited,
    Redirected,
    Unauthorised,
    Unavailable,
)
from jira_assets.jira.host import time_of
from jira_assets.sandbox import faults
from jira_assets.sandbox.accounts import CLOUD_ID
from jira_assets.sandbox.faults import Fault
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets_tests.jira.connection import QUICK, TOKEN, connect
from jira_assets_tests.jira.issues import full_issue

MYSELF = "/rest/api/3/myself"
ATTACHMENT = {"id": "77", "filename": "a.txt", "size": 3, "mimeType": "text/plain"}


@pytest.fixture(scope="module")
def served() -> Iterator[RunningSandbox]:
    with serve(Site([full_issue(1, attachment=[ATTACHMENT])])) as running:
        yield running


@pytest.fixture
def sandbox(served: RunningSandbox) -> RunningSandbox:
    served.faults.clear()
    served.requests.clear()
    served.traffic.most_at_once = 0
    served.account.captcha = False
    return served


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[JiraClient]:
    with connect(sandbox.url) as connected:
        yield connected


def who_am_i(client: JiraClient) -> str:
    return myself(client).account_id


def test_every_request_says_who_asks_and_wants_english(sandbox: RunningSandbox, client: JiraClient) -> None:
    who_am_i(client)
    headers = sandbox.requests[-1].headers
    assert headers["user-agent"].startswith("jira-assets/")
    assert headers["accept-language"] == "en"
    assert headers["x-force-accept-language"] == "true"
    assert "gzip" in headers["accept-encoding"]


def test_a_scoped_token_works_through_the_gateway_only(sandbox: RunningSandbox) -> None:
    values = {
        "JIRA_EMAIL": "me@example.com",
        "JIRA_API_TOKEN": "sandbox-scoped-token",
        "JIRA_BASE_URL": sandbox.url,
    }
    with JiraClient.from_settings(Settings({**values, "JIRA_CLOUD_ID": CLOUD_ID})) as through_gateway:
        assert who_am_i(through_gateway)
    with (
        JiraClient.from_settings(Settings(values)) as on_site,
        pytest.raises(Unauthorised, match="JIRA_CLOUD_ID"),
    ):
        who_am_i(on_site)


def test_a_service_account_is_a_bearer(sandbox: RunningSandbox) -> None:
    values = {
        "JIRA_API_TOKEN": "sandbox-scoped-token",
        "JIRA_BASE_URL": sandbox.url,
        "JIRA_CLOUD_ID": CLOUD_ID,
    }
    with JiraClient.from_settings(Settings(values)) as bearer:
        assert who_am_i(bearer)
    assert sandbox.requests[-1].headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BadQuery), (403, Forbidden), (404, MissingOrForbidden), (409, BadQuery), (410, Gone)],
)
def test_a_plain_4xx_is_never_repeated(
    sandbox: RunningSandbox, client: JiraClient, status: int, kind: type[JiraError]
) -> None:
    sandbox.faults.add(faults.failing(status, "Not like this."))
    with pytest.raises(kind, match=f"GET /rest/api/3/myself: {status}, Not like this"):
        who_am_i(client)
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        *(faults.failing(status) for status in (408, 425, 500, 502, 504)),
        faults.unavailable(),
        faults.unavailable(retry_after=0),
        faults.rate_limited(0),
        faults.rate_limited(None, reason=None),
        faults.rate_limited(0, as_date=True),
        faults.rate_limited(None, reset_after=-3600),
        faults.rate_limited(None, reset_after=1e8, reset_has_seconds=False),
        faults.rate_limited(0, reason="jira-quota-global-based"),
        faults.broken_connection(),
        faults.truncated(),
        Fault("not JSON", status=200, body=b"<html>Sign in</html>"),
        Fault("another shape", status=200, body=b"[]"),
    ],
    ids=lambda fault: fault.name,
)
def test_a_passing_trouble_is_passed_over(sandbox: RunningSandbox, client: JiraClient, fault: Fault) -> None:
    sandbox.faults.next(fault, times=2)
    assert who_am_i(client)
    assert client.statistics.retries == 2


def test_half_a_character_in_an_answer_is_no_trouble(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.next(Fault("half", status=200, body=rb'{"name":"A\ud83d"}'))
    assert client.get_json(MYSELF, None, dict[str, str]) == {"name": "A\ufffd"}
    assert client.statistics.retries == 0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.failing(503, "Down."), Unavailable),
        (faults.rate_limited(0), RateLimited),
        (faults.broken_connection(), Unavailable),
        (faults.truncated(), Unavailable),
        (Fault("not JSON", status=200, body=b"<html>Sign in</html>"), Unavailable),
    ],
    ids=lambda case: getattr(case, "name", ""),
)
def test_tries_are_bounded(
    sandbox: RunningSandbox, client: JiraClient, fault: Fault, kind: type[JiraError]
) -> None:
    sandbox.faults.add(fault)
    with pytest.raises(kind):
        who_am_i(client)
    assert len(sandbox.requests) == QUICK.tries


def test_no_answer_in_time_is_unavailable() -> None:
    patience = Patience(tries=2, base_seconds=0.01)
    with (
        serve(Site([full_issue(1)])) as slow,  # its own, for it is still busy when this test is over
        connect(slow.url, patience=patience, read_seconds=0.1) as client,
    ):
        slow.faults.add(faults.slow(0.5))
        with pytest.raises(Unavailable, match="no answer within the time limit"):
            who_am_i(client)


def test_a_refused_connection_is_told_in_the_words_of_the_system() -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody_listens.getsockname()[1]}"
        with connect(url) as client, pytest.raises(Unavailable, match="Connection refused"):
            who_am_i(client)


def test_retry_after_is_honoured_and_counted(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.next(faults.rate_limited(0.3))
    who_am_i(client)
    assert client.statistics.throttled_seconds >= 0.29


def test_a_pause_beyond_all_patience_is_not_waited_for(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.add(faults.rate_limited(86_400, reason="jira-quota-tenant-based"))
    for _ in range(3):
        with pytest.raises(RateLimited):
            who_am_i(client)
    assert len(sandbox.requests) == 1


def test_no_more_requests_at_once_than_allowed(sandbox: RunningSandbox) -> None:
    sandbox.faults.add(faults.slow(0.02))
    with connect(sandbox.url, concurrency=3) as client:
        threads = [threading.Thread(target=who_am_i, args=(client,)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(sandbox.requests) == 12
    assert sandbox.traffic.most_at_once <= 3


def test_after_a_401_nothing_more_is_sent(sandbox: RunningSandbox) -> None:
    with connect(sandbox.url, token="wrong") as client:
        for _ in range(3):
            with pytest.raises(Unauthorised, match="api-tokens"):
                who_am_i(client)
    assert len(sandbox.requests) == 1


def test_a_captcha_is_a_refused_credential_not_a_missing_right(sandbox: RunningSandbox) -> None:
    sandbox.account.captcha = True
    with connect(sandbox.url) as client, pytest.raises(Unauthorised, match="browser"):
        who_am_i(client)


def test_an_answer_given_to_nobody_is_a_refused_credential(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    headers = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    sandbox.faults.add(Fault("anonymous", status=200, headers=lambda _now: headers, body=b'{"isLast":true}'))
    with pytest.raises(Unauthorised):
        who_am_i(client)


def test_a_redirect_is_not_followed_and_its_signed_address_not_told(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    with pytest.raises(Redirected) as caught:
        client.get_json("/rest/api/3/attachment/content/77", None, msgspec.Raw)
    assert "token=" not in str(caught.value)
    assert len(sandbox.requests) == 1
    assert not any(request.to_media_host for request in sandbox.requests)


@pytest.mark.parametrize("path", ["@evil.example/x", "https://evil.example/x", ".evil.example", ""])
def test_no_path_can_name_another_host(client: JiraClient, path: str) -> None:
    with pytest.raises(ValueError, match="another host"):
        client.get_json(path, None, msgspec.Raw)


def test_netrc_does_not_replace_the_credential(
    sandbox: RunningSandbox, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with connect(sandbox.url) as client:
        assert who_am_i(client)


def test_cookies_are_not_kept(sandbox: RunningSandbox, client: JiraClient) -> None:
    headers = {"Set-Cookie": "JSESSIONID=1; Path=/"}
    sandbox.faults.next(Fault("cookie", status=200, headers=lambda _now: headers, body=b'{"accountId":"1"}'))
    who_am_i(client)
    who_am_i(client)
    assert "cookie" not in sandbox.requests[-1].headers


def test_no_credential_in_errors_reprs_and_logs(
    sandbox: RunningSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    with connect(sandbox.url) as client:
        told.append(repr(client))
        who_am_i(client)
        authorization = sandbox.requests[-1].headers["authorization"]
        for status in (400, 403, 404):
            sandbox.faults.next(faults.failing(status, f"{authorization} and {'x' * 380}{TOKEN}"))
            with pytest.raises(JiraError) as caught:
                who_am_i(client)
            told += [str(caught.value), repr(caught.value)]
    told += [record.getMessage() for record in caplog.records]
    for text in told:
        assert TOKEN[:8] not in text
        assert authorization.split()[1] not in text


def test_statistics_count_what_was_done(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.next(faults.failing(500))
    who_am_i(client)
    statistics = client.statistics
    assert (statistics.requests, statistics.retries) == (2, 1)
    assert statistics.bytes > 100


def test_a_closed_client_refuses_to_send(client: JiraClient) -> None:
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        who_am_i(client)


@pytest.mark.parametrize(
    "told", ["", "yesterday", "Fri, 31 Dec 9999 23:59:59 -1200", "Mon, 30 Nov 2026 22:00:00"]
)
def test_an_answer_without_a_readable_date_tells_no_time(told: str) -> None:
    response = requests.Response()
    response.headers["Date"] = told
    assert time_of(response) is None


def test_an_answer_tells_the_time_by_the_clock_of_its_host(client: JiraClient) -> None:
    answered = client.get(MYSELF, None, msgspec.Raw)
    assert answered.answered_at is not None
    assert timedelta(seconds=-2) < answered.answered_at - answered.sent_at < timedelta(seconds=60)
