from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_assets.commands.doctor import main as doctor
from jira_assets.commands.doctor.finding import Level
from jira_assets.sandbox import faults
from jira_assets.sandbox.accounts import CLOUD_ID
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets_tests.commands.doctor.examining import OAUTH, SCOPED_TOKEN, TOKEN, Examine, small_site


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with serve(small_site()) as running:
        yield running


@pytest.fixture
def examine(sandbox: RunningSandbox, tmp_path: Path) -> Examine:
    return Examine(sandbox, tmp_path)


def test_a_scoped_token_passes_through_the_gateway(examine: Examine) -> None:
    found = examine(JIRA_API_TOKEN=SCOPED_TOKEN, JIRA_CLOUD_ID=CLOUD_ID)
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert found["credentials"].message.endswith("through the gateway")


def test_a_site_that_does_not_answer_is_told_apart_from_wrong_credentials(examine: Examine) -> None:
    found = examine(JIRA_BASE_URL="http://127.0.0.1:1")
    assert found["site"].level is Level.FAIL
    assert "127.0.0.1:1 does not answer" in found["site"].message
    assert "credentials" not in found


def test_a_server_that_is_not_jira_is_recognised(sandbox: RunningSandbox, examine: Examine) -> None:
    found = examine(JIRA_BASE_URL=f"{sandbox.url}/wiki")
    assert found["site"].level is Level.FAIL
    assert "is not a Jira site" in found["site"].message


def test_a_wrong_token_is_refused_by_the_site(examine: Examine) -> None:
    found = examine(JIRA_API_TOKEN="wrong-token")
    assert found["site"].level is Level.OK
    assert found["credentials"].level is Level.FAIL
    assert found["credentials"].message.startswith("HTTP 401")
    assert "wrong-token" not in doctor.line(found["credentials"])
    assert "projects" not in found


def test_oauth_passes_through_the_gateway(examine: Examine) -> None:
    found = examine(**OAUTH)
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert found["credentials"].message == "signed in as Sandbox User with OAuth through the gateway"
    assert "token life" not in found


def test_a_wrong_client_secret_is_refused_by_who_gives_tokens(examine: Examine) -> None:
    found = examine(**{**OAUTH, "JIRA_OAUTH_CLIENT_SECRET": "wrong-secret"})
    assert found["credentials"].message == "HTTP 401: access_denied."
    assert "JIRA_OAUTH_CLIENT_SECRET is wrong" in found["credentials"].remedy


def test_half_of_an_oauth_credential_and_one_too_many_are_told(examine: Examine) -> None:
    found = examine(**{**OAUTH, "JIRA_OAUTH_CLIENT_SECRET": ""})
    assert found["settings"].message == "JIRA_OAUTH_CLIENT_SECRET is not set"
    found = examine(**{**OAUTH, "JIRA_API_TOKEN": TOKEN})
    assert found["settings"].remedy.startswith("Unset it to sign in with OAuth")


@pytest.mark.parametrize("path", ["/oauth/token", "/_edge/tenant_info"])
def test_who_is_asked_before_jira_may_not_answer(
    sandbox: RunningSandbox, examine: Examine, path: str
) -> None:
    sandbox.faults.add(faults.unavailable(), path=path)
    found = examine(**OAUTH)
    assert found["site"].level is Level.FAIL
    assert found["site"].message.startswith(f"{sandbox.url} does not answer")


def test_a_scoped_token_on_the_site_is_recognised_and_the_cloud_id_is_given(examine: Examine) -> None:
    found = examine(JIRA_API_TOKEN=SCOPED_TOKEN)
    assert found["credentials"].level is Level.FAIL
    assert f"set JIRA_CLOUD_ID={CLOUD_ID}" in found["credentials"].remedy


def test_a_classic_token_on_the_gateway_is_recognised(examine: Examine) -> None:
    found = examine(JIRA_CLOUD_ID=CLOUD_ID)
    assert found["credentials"].level is Level.FAIL
    assert "unset JIRA_CLOUD_ID" in found["credentials"].remedy


def test_the_cloud_id_of_another_site_is_corrected(examine: Examine) -> None:
    found = examine(JIRA_API_TOKEN=SCOPED_TOKEN, JIRA_CLOUD_ID="00000000-0000-0000-0000-000000000000")
    assert found["site"].level is Level.FAIL
    assert f"is {CLOUD_ID}: set JIRA_CLOUD_ID" in found["site"].remedy


def test_a_token_without_the_scope_is_told_which_scopes_it_needs(
    sandbox: RunningSandbox, examine: Examine
) -> None:
    sandbox.faults.add(faults.failing(401, "Unauthorized; scope does not match"), path="/myself$")
    found = examine(JIRA_API_TOKEN=SCOPED_TOKEN, JIRA_CLOUD_ID=CLOUD_ID)
    assert "read:jira-work" in found["credentials"].remedy


def test_an_account_that_is_forbidden_to_sign_in_gets_the_advice_for_it(
    sandbox: RunningSandbox, examine: Examine
) -> None:
    sandbox.faults.add(faults.failing(403, "Not allowed."), path="/myself$")
    found = examine()
    assert found["credentials"].level is Level.FAIL
    assert "403" in found["credentials"].message
    assert "may not use Jira" in found["credentials"].remedy
