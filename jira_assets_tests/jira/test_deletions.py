from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError, Unauthorised
from jira_assets.jira.states import confirmed_deletions
from jira_assets.sandbox import faults
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.connection import connect
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.openapi import assert_valid_request

THERE, GONE, ELSEWHERE, NEVER = "10001", "10002", "10003", "77777"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    site = Site([full_issue(1), full_issue(2), full_issue(3, project="ENG")])
    site.delete(GONE)
    with serve(site) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[JiraClient]:
    with connect(sandbox.url) as connected:
        yield connected


def test_defect_22_an_issue_that_is_gone_while_its_project_is_seen_is_deleted(client: JiraClient) -> None:
    before = datetime.now(UTC)
    confirmed = confirmed_deletions(client, {THERE: "SUP", GONE: "SUP"})
    assert confirmed.keys() == {GONE}
    assert before <= confirmed[GONE] <= datetime.now(UTC)


def test_one_whose_project_cannot_be_seen_may_merely_be_out_of_sight(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.account.projects = frozenset({"SUP"})
    assert confirmed_deletions(client, {ELSEWHERE: "ENG"}) == {}


def test_one_whose_project_nobody_knows_is_not_confirmed(client: JiraClient) -> None:
    assert confirmed_deletions(client, {GONE: None, NEVER: "NOSUCH"}) == {}


@pytest.mark.parametrize("after", range(4))
def test_rights_that_are_lost_meanwhile_confirm_nothing_wrong(
    sandbox: RunningSandbox, client: JiraClient, after: int
) -> None:
    sandbox.account.lose_rights(after=after)
    assert confirmed_deletions(client, {THERE: "SUP", ELSEWHERE: "ENG"}) == {}


def test_one_that_is_not_gone_costs_one_request(sandbox: RunningSandbox, client: JiraClient) -> None:
    assert confirmed_deletions(client, {THERE: "SUP"}) == {}
    assert [request.path for request in sandbox.requests] == [f"/rest/api/3/issue/{THERE}"]


def test_about_nothing_nothing_is_asked(sandbox: RunningSandbox, client: JiraClient) -> None:
    assert confirmed_deletions(client, {}) == {}
    assert sandbox.requests == []


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_defect_36_an_error_is_no_proof(sandbox: RunningSandbox, client: JiraClient, status: int) -> None:
    sandbox.faults.add(faults.failing(status), path=f"/issue/{GONE}$")
    with pytest.raises(JiraError):
        confirmed_deletions(client, {GONE: "SUP"})


def test_projects_that_cannot_be_listed_are_no_proof(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.add(faults.failing(403), path="/project/search")
    with pytest.raises(JiraError):
        confirmed_deletions(client, {GONE: "SUP"})


def test_a_refused_credential_is_no_proof(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.account.revoke()
    with pytest.raises(Unauthorised):
        confirmed_deletions(client, {GONE: "SUP", THERE: "SUP"})


def test_defect_34_the_requests_are_ones_that_jira_documents(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    confirmed_deletions(client, {GONE: "SUP"})
    assert len(sandbox.requests) == 2
    for request in sandbox.requests:
        assert_valid_request(request.method, request.path, request.query, None)
