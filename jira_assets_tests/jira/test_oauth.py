import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from jira_assets.http.throttle import Throttle
from jira_assets.jira.bulk import myself
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError, MissingOrForbidden, Redirected, Unauthorised, Unavailable
from jira_assets.sandbox import faults
from jira_assets.sandbox.accounts import CLOUD_ID
from jira_assets.sandbox.faults import Fault
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets_tests.jira.connection import QUICK
from jira_assets_tests.jira.issues import full_issue

SECRET = "sandbox-client-secret"
TOKEN = "/oauth/token"
TENANT_INFO = "/_edge/tenant_info"
MYSELF = f"/ex/jira/{CLOUD_ID}/rest/api/3/myself"

Connect = Callable[..., JiraClient]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with serve(Site([full_issue(1)])) as running:
        yield running


@pytest.fixture
def connect(sandbox: RunningSandbox) -> Iterator[Connect]:
    """A client that signs in with OAuth, with some variables replaced."""
    opened: list[JiraClient] = []

    def client(concurrency: int = 8, **replaced: str) -> JiraClient:
        values = {
            "JIRA_BASE_URL": sandbox.url,
            "JIRA_OAUTH_CLIENT_ID": "sandbox-client",
            "JIRA_OAUTH_CLIENT_SECRET": SECRET,
        }
        throttle = Throttle(concurrency, QUICK)
        opened.append(JiraClient.from_settings(Settings({**values, **replaced}), throttle, (2.0, 5.0)))
        return opened[-1]

    yield client
    for each in opened:
        each.close()


def paths(sandbox: RunningSandbox) -> list[str]:
    return [request.path for request in sandbox.requests]


def in_threads(client: JiraClient, threads: int = 8, calls: int = 1) -> None:
    """Raises if any of the calls fails."""

    def ask(_number: int) -> None:
        for _ in range(calls):
            assert myself(client).account_id

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(ask, range(threads)))


def test_a_token_is_asked_for_when_it_is_needed_and_used_for_every_request(
    sandbox: RunningSandbox, connect: Connect
) -> None:
    client = connect()
    assert sandbox.requests == []
    for _ in range(2):
        assert myself(client).account_id
    assert paths(sandbox) == [TENANT_INFO, TOKEN, MYSELF, MYSELF]
    assert sandbox.requests[1].json() == {
        "grant_type": "client_credentials",
        "client_id": "sandbox-client",
        "client_secret": SECRET,
    }
    assert client.statistics.requests == 4


def test_the_token_is_for_the_gateway_only(sandbox: RunningSandbox, connect: Connect) -> None:
    myself(connect())
    signed = ["authorization" in request.headers for request in sandbox.requests]
    assert signed == [False, False, True]
    assert sandbox.requests[-1].headers["authorization"].startswith("Bearer ")


def test_a_cloud_id_that_is_given_is_not_asked_for(sandbox: RunningSandbox, connect: Connect) -> None:
    myself(connect(JIRA_CLOUD_ID=CLOUD_ID))
    assert paths(sandbox) == [TOKEN, MYSELF]


def test_netrc_does_not_sign_the_request_for_a_token(
    sandbox: RunningSandbox, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert myself(connect()).account_id
    assert "authorization" not in sandbox.requests[1].headers


def test_threads_share_the_token_and_the_cloud_id(sandbox: RunningSandbox, connect: Connect) -> None:
    sandbox.faults.add(faults.slow(0.05), path=TOKEN)
    sandbox.faults.add(faults.slow(0.05), path=TENANT_INFO)
    in_threads(connect())
    assert paths(sandbox).count(TENANT_INFO) == 1
    assert paths(sandbox).count(TOKEN) == 1
    assert paths(sandbox).count(MYSELF) == 8


def test_one_call_at_a_time_is_enough(sandbox: RunningSandbox, connect: Connect) -> None:
    client = connect(concurrency=1)
    in_threads(client, threads=3)
    sandbox.scoped_account.revoke_access_tokens()
    in_threads(client, threads=3)


def test_a_token_is_replaced_before_it_ends(sandbox: RunningSandbox, connect: Connect) -> None:
    about_to_end = {"access_token": sandbox.scoped_account.issue_access_token(), "expires_in": 0}
    sandbox.faults.next(Fault("short", status=200, body=msgspec.json.encode(about_to_end)), path=TOKEN)
    client = connect(JIRA_CLOUD_ID=CLOUD_ID)
    for _ in range(3):
        myself(client)
    assert paths(sandbox) == [TOKEN, MYSELF, TOKEN, MYSELF, MYSELF]


def test_tokens_end_during_a_run_that_does_not_notice(sandbox: RunningSandbox, connect: Connect) -> None:
    sandbox.scoped_account.token_seconds = 0.4
    client = connect()
    ends = time.monotonic() + 1.0
    while time.monotonic() < ends:
        in_threads(client, threads=4, calls=5)
    assert paths(sandbox).count(TOKEN) > 1


def test_a_token_that_is_revoked_in_the_middle_is_replaced_once_by_all_threads(
    sandbox: RunningSandbox, connect: Connect
) -> None:
    client = connect()
    in_threads(client)
    sandbox.scoped_account.revoke_access_tokens()
    sandbox.faults.add(faults.slow(0.05), path=TOKEN)
    in_threads(client)
    assert paths(sandbox).count(TOKEN) == 2


def test_a_new_token_that_is_refused_too_ends_everything(sandbox: RunningSandbox, connect: Connect) -> None:
    sandbox.faults.add(faults.failing(401, "Unauthorized"), path="/myself$")
    client = connect(JIRA_CLOUD_ID=CLOUD_ID)
    for _ in range(3):
        with pytest.raises(Unauthorised, match=r"GET /rest/api/3/myself: 401.*JIRA_OAUTH_CLIENT_ID"):
            myself(client)
    assert paths(sandbox) == [TOKEN, MYSELF, TOKEN, MYSELF]


def test_a_wrong_secret_is_tried_once(sandbox: RunningSandbox, connect: Connect) -> None:
    client = connect(JIRA_OAUTH_CLIENT_SECRET="wrong-secret", JIRA_CLOUD_ID=CLOUD_ID)
    for _ in range(3):
        with pytest.raises(Unauthorised, match="POST /oauth/token: 401, access_denied"):
            myself(client)
    assert paths(sandbox) == [TOKEN]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_unauthorised_whatever_its_status(
    sandbox: RunningSandbox, connect: Connect, status: int
) -> None:
    sandbox.faults.add(Fault("no", status=status, body=b'{"error":"invalid_client"}'), path=TOKEN)
    client = connect(JIRA_CLOUD_ID=CLOUD_ID)
    for _ in range(2):
        with pytest.raises(Unauthorised, match=r"invalid_client.*JIRA_OAUTH_CLIENT_SECRET"):
            myself(client)
    assert paths(sandbox) == [TOKEN]


def test_a_client_that_was_revoked_is_unauthorised_in_the_middle(
    sandbox: RunningSandbox, connect: Connect
) -> None:
    client = connect()
    myself(client)
    sandbox.scoped_account.revoked = True
    with pytest.raises(Unauthorised, match="POST /oauth/token: 401"):
        myself(client)


@pytest.mark.parametrize(
    "fault",
    [
        faults.unavailable(),
        faults.rate_limited(0),
        faults.rate_limited(0, reason=None),
        faults.broken_connection(),
        faults.truncated(),
        Fault("not JSON", status=200, body=b"<html>Sign in</html>"),
        Fault("nothing", status=200, body=b"{}"),
        Fault("no token", status=200, body=b'{"access_token":"a\\nb","cloudId":"../.."}'),
    ],
    ids=lambda fault: fault.name,
)
@pytest.mark.parametrize("path", [TOKEN, TENANT_INFO])
def test_a_passing_trouble_of_who_is_asked_first_is_passed_over(
    sandbox: RunningSandbox, connect: Connect, fault: Fault, path: str
) -> None:
    sandbox.faults.next(fault, times=2, path=path)
    client = connect()
    assert myself(client).account_id
    assert client.statistics.retries == 2


@pytest.mark.parametrize("path", [TOKEN, TENANT_INFO])
def test_who_is_asked_first_may_be_down_for_now(sandbox: RunningSandbox, connect: Connect, path: str) -> None:
    sandbox.faults.add(faults.unavailable(), path=path)
    client = connect()
    with pytest.raises(Unavailable, match=path):
        myself(client)
    assert paths(sandbox).count(path) == QUICK.tries
    sandbox.faults.clear()
    assert myself(client).account_id


def test_a_token_is_not_fetched_from_where_a_redirect_leads(
    sandbox: RunningSandbox, connect: Connect
) -> None:
    elsewhere = {"Location": f"{sandbox.media_url}/oauth/token"}
    sandbox.faults.add(Fault("moved", status=307, headers=lambda _now: elsewhere), path=TOKEN)
    with pytest.raises(Redirected):
        myself(connect())
    assert not any(request.to_media_host for request in sandbox.requests)


def test_a_closed_client_asks_for_no_token(sandbox: RunningSandbox, connect: Connect) -> None:
    client = connect()
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        myself(client)
    assert sandbox.requests == []


def test_neither_secret_nor_token_are_in_errors_reprs_and_logs(
    sandbox: RunningSandbox, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []

    def fails(client: JiraClient, kind: type[JiraError]) -> None:
        with pytest.raises(kind) as caught:
            myself(client)
        told.extend([str(caught.value), repr(caught.value), repr(client)])

    for status, kind in (
        (400, Unauthorised),
        (401, Unauthorised),
        (404, MissingOrForbidden),
        (500, Unavailable),
    ):
        sandbox.faults.add(faults.failing(status, f"{'x' * 390}{SECRET}"), path=TOKEN)
        fails(connect(), kind)
        sandbox.faults.clear()
    client = connect()
    myself(client)
    token = sandbox.requests[-1].headers["authorization"].split()[1]
    sandbox.faults.add(faults.failing(404, f"{'x' * 390}{token}"), path="/myself$")
    fails(client, MissingOrForbidden)
    told += [record.getMessage() for record in caplog.records]
    assert not any(secret[:8] in text for text in told for secret in (SECRET, token))


def test_the_account_for_slas_is_another_one_through_the_gateway(sandbox: RunningSandbox) -> None:
    settings = Settings({"JIRA_BASE_URL": sandbox.url, "JIRA_SLA_API_TOKEN": "sandbox-scoped-token"})
    client = JiraClient.for_slas(settings)
    assert client is not None
    with client:
        in_threads(client, threads=3)
    assert paths(sandbox).count(TENANT_INFO) == 1
    assert sandbox.requests[-1].path == MYSELF
    assert JiraClient.for_slas(Settings({"JIRA_BASE_URL": sandbox.url})) is None


def test_no_thread_is_left_waiting_when_the_credential_is_refused(
    sandbox: RunningSandbox, connect: Connect
) -> None:
    sandbox.faults.add(faults.slow(0.05), path=TOKEN)
    client = connect(JIRA_OAUTH_CLIENT_SECRET="wrong-secret")
    with ThreadPoolExecutor(8) as pool:
        refused = [pool.submit(myself, client) for _ in range(8)]
    assert all(isinstance(future.exception(), Unauthorised) for future in refused)
    assert paths(sandbox).count(TOKEN) == 1
