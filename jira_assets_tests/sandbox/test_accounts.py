import pytest
import requests

from jira_assets.sandbox.accounts import Account, Accounts
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.sandbox.caller import Caller, errors, issue

_UNAUTHENTICATED = 401, ["Client must be authenticated to access this resource."]


def test_a_classic_token_works_on_the_site_only(running: RunningSandbox) -> None:
    assert Caller(running).get("/myself").json()["emailAddress"] == "me@example.com"
    response = Caller(running, base_url=running.gateway_url).get("/myself")
    assert (response.status_code, response.json()) == (401, {"code": 401, "message": "Unauthorized"})


def test_a_scoped_token_works_through_the_gateway_only(running: RunningSandbox) -> None:
    assert Caller(running, running.scoped_account, running.gateway_url).get("/issue/APP-1").status_code == 200
    assert errors(Caller(running, running.scoped_account).get("/myself")) == _UNAUTHENTICATED


def test_bearer_is_accepted_by_the_gateway_only(running: RunningSandbox) -> None:
    scoped = {"Authorization": f"Bearer {running.scoped_account.token}"}
    classic = {"Authorization": f"Bearer {running.account.token}"}
    assert (
        requests.get(f"{running.gateway_url}/rest/api/3/myself", headers=scoped, timeout=10).status_code
        == 200
    )
    assert requests.get(f"{running.url}/rest/api/3/myself", headers=classic, timeout=10).status_code == 401


def _token(running: RunningSandbox, **body: str) -> requests.Response:
    client = {
        "grant_type": "client_credentials",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-client-secret",
    }
    return requests.post(f"{running.url}/oauth/token", json={**client, **body}, timeout=10)


def _status(base_url: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{base_url}/rest/api/3/myself", headers=headers, timeout=10).status_code


def test_an_access_token_is_accepted_by_the_gateway_only(running: RunningSandbox) -> None:
    issued = _token(running).json()
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 3600)
    assert _status(running.gateway_url, issued["access_token"]) == 200
    assert _status(running.url, issued["access_token"]) == 401


def test_access_tokens_expire_and_can_be_revoked(running: RunningSandbox) -> None:
    token = _token(running).json()["access_token"]
    running.scoped_account.token_seconds = 0
    assert _status(running.gateway_url, _token(running).json()["access_token"]) == 401
    assert _status(running.gateway_url, token) == 200
    running.scoped_account.revoke_access_tokens()
    assert _status(running.gateway_url, token) == 401


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"client_secret": "guess"}, 401, "access_denied"),
        ({"client_id": "", "client_secret": ""}, 401, "access_denied"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_no_access_token_without_the_secret(
    running: RunningSandbox, wrong: dict[str, str], status: int, error: str
) -> None:
    refused = _token(running, **wrong)
    assert (refused.status_code, refused.json()["error"]) == (status, error)


def test_a_revoked_account_gets_no_access_token(running: RunningSandbox) -> None:
    running.scoped_account.revoked = True
    assert _token(running).status_code == 401


def test_what_is_no_request_for_a_token_is_refused(running: RunningSandbox) -> None:
    assert requests.post(f"{running.url}/oauth/token", data=b"grant_type=", timeout=10).status_code == 400
    assert requests.get(f"{running.url}/oauth/token", timeout=10).status_code == 405


@pytest.mark.parametrize(
    ("email", "token"), [("me@example.com", "wrong"), ("you@example.com", "sandbox-token")]
)
def test_address_and_token_must_belong_together(running: RunningSandbox, email: str, token: str) -> None:
    response = Caller(running, Account(email, token)).get("/myself")
    assert errors(response) == _UNAUTHENTICATED
    assert response.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"


def test_an_unknown_cloud_id_is_a_404_of_the_gateway(running: RunningSandbox) -> None:
    path = "/ex/jira/00000000-0000-0000-0000-000000000000/rest/api/3/myself"
    response = requests.get(running.url + path, timeout=10)
    assert (response.status_code, response.json()["path"]) == (404, path)
    assert response.headers["X-Failure-Category"] == "FAILURE_CLIENT_TCS"


def test_tenant_info_needs_no_account(running: RunningSandbox) -> None:
    cloud_id = requests.get(f"{running.url}/_edge/tenant_info", timeout=10).json()["cloudId"]
    assert running.gateway_url.endswith(cloud_id)


def test_a_public_site_answers_strangers_with_empty_pages() -> None:
    with serve(Site([issue(1)]), accounts=Accounts(allow_anonymous=True)) as running:
        url = f"{running.url}/rest/api/3"
        page = requests.get(f"{url}/search/jql", params={"jql": "project = APP"}, timeout=10)
        assert (page.status_code, page.json()) == (200, {"issues": [], "isLast": True})
        assert requests.get(f"{url}/issue/APP-1", timeout=10).status_code == 404


def test_rights_can_end_in_the_middle(running: RunningSandbox, caller: Caller) -> None:
    running.account.lose_rights(after=2)
    assert [caller.get("/issue/APP-1").status_code for _ in range(4)] == [200, 200, 404, 404]
    assert caller.search("project = APP") == []


def test_a_token_can_end_in_the_middle(running: RunningSandbox, caller: Caller) -> None:
    running.account.revoke(after=1)
    assert [caller.get("/myself").status_code for _ in range(3)] == [200, 401, 401]


def test_a_captcha_is_a_403_with_a_reason(running: RunningSandbox, caller: Caller) -> None:
    running.account.captcha = True
    response = caller.get("/myself")
    assert (response.status_code, response.headers["X-Seraph-LoginReason"]) == (403, "AUTHENTICATION_DENIED")


def test_projects_are_paged_and_only_visible_ones_are_shown(running: RunningSandbox, caller: Caller) -> None:
    running.site.put(issue(7, of="ZOO"))
    page = caller.get("/project/search", maxResults=1).json()
    assert ([each["key"] for each in page["values"]], page["total"], page["isLast"]) == (["APP"], 2, False)
    running.account.projects = frozenset({"ZOO"})
    assert [each["key"] for each in caller.get("/project/search").json()["values"]] == ["ZOO"]


def test_permissions_must_be_named(running: RunningSandbox, caller: Caller) -> None:
    assert caller.get("/mypermissions").status_code == 400
    assert caller.get("/mypermissions", permissions="NONSENSE").status_code == 400
    asked = caller.get("/mypermissions", permissions="BROWSE_PROJECTS").json()["permissions"]
    assert asked["BROWSE_PROJECTS"]["havePermission"] is True
    running.account.projects = frozenset()
    asked = caller.get("/mypermissions", permissions="BROWSE_PROJECTS").json()["permissions"]
    assert asked["BROWSE_PROJECTS"]["havePermission"] is False


def test_without_a_licence_an_sla_is_an_error_message_in_a_200(
    running: RunningSandbox, caller: Caller
) -> None:
    running.site.put(issue(1, customfield_1={"id": "1", "name": "SLA", "completedCycles": []}))
    running.account.agent = False
    value = caller.get("/issue/APP-1").json()["fields"]["customfield_1"]
    assert list(value) == ["errorMessage"]


def test_running_slas_move_with_the_clock_and_updated_does_not(
    running: RunningSandbox, caller: Caller
) -> None:
    cycle = {
        "paused": False,
        "elapsedTime": {"millis": 1000},
        "remainingTime": {"millis": 5000},
        "breached": False,
    }
    agreement = {"id": "1", "name": "SLA", "completedCycles": [], "ongoingCycle": cycle}
    running.site.put(issue(1, customfield_1=agreement))
    running.site.slas_run = True
    now = running.site.opened_at + 6000
    running.site.clock = lambda: now
    (found,) = caller.search("key = APP-1", fields=["customfield_1", "updated"])
    cycle = found["fields"]["customfield_1"]["ongoingCycle"]
    assert (cycle["elapsedTime"]["millis"], cycle["remainingTime"]["millis"], cycle["breached"]) == (
        7000,
        -1000,
        True,
    )
    assert found["fields"]["updated"] == running.site.get("APP-1")["fields"]["updated"]
