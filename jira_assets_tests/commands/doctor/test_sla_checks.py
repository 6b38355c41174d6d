from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_assets.commands.doctor.finding import Level
from jira_assets.sandbox import faults
from jira_assets.sandbox.accounts import Account
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets_tests.commands.doctor.examining import Examine, issue, small_site

SLA_TOKEN = "sla-token"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """A site with a service project, HELP."""
    with serve(small_site()) as running:
        running.site.put(issue(4, "HELP", "2023-01-02", "service_desk"))
        yield running


@pytest.fixture
def agent(sandbox: RunningSandbox) -> Account:
    """An account of its own that reads SLAs."""
    account = Account("sla@example.com", SLA_TOKEN, scoped=True, display_name="SLA Reader")
    return sandbox.accounts.add(account)


@pytest.fixture
def examine(sandbox: RunningSandbox, tmp_path: Path) -> Examine:
    return Examine(sandbox, tmp_path)


def test_an_account_that_is_no_agent_is_warned_about_where_there_are_slas(
    sandbox: RunningSandbox, examine: Examine
) -> None:
    assert examine()["SLAs"].message == "the account may read them in HELP"
    sandbox.account.agent = False
    found = examine()
    assert found["SLAs"].level is Level.WARN
    assert "lacks the permission Service Project Agent in HELP" in found["SLAs"].message
    assert examine(JIRA_PROJECTS="SUP")["SLAs"].level is Level.OK


def test_the_account_that_reads_slas_is_asked_instead_of_the_main_one(
    sandbox: RunningSandbox, agent: Account, examine: Examine
) -> None:
    sandbox.account.agent = False
    found = examine(JIRA_SLA_EMAIL=agent.email, JIRA_SLA_API_TOKEN=SLA_TOKEN)
    assert found["SLA account"].message == "signed in as SLA Reader through the gateway"
    assert found["SLAs"].message == "SLA Reader may read them in HELP"
    agent.agent = False
    found = examine(JIRA_SLA_API_TOKEN=SLA_TOKEN)
    assert found["SLAs"].message.startswith("SLA Reader lacks the permission Service Project Agent")


def test_projects_that_the_account_for_slas_lacks_are_named(agent: Account, examine: Examine) -> None:
    agent.projects = frozenset({"SUP"})
    found = examine(JIRA_SLA_API_TOKEN=SLA_TOKEN)
    assert found["SLA account"].level is Level.WARN
    assert "cannot see ENG, HELP, which" in found["SLA account"].message
    assert examine(JIRA_SLA_API_TOKEN=SLA_TOKEN, JIRA_PROJECTS="SUP")["SLA account"].level is Level.OK


def test_why_the_account_for_slas_cannot_sign_in_is_told_apart(
    sandbox: RunningSandbox, agent: Account, examine: Examine
) -> None:
    found = examine(JIRA_SLA_API_TOKEN=f"{SLA_TOKEN}x")
    assert found["SLA account"].level is Level.FAIL
    assert "HTTP 401" in found["SLA account"].message
    assert "JIRA_SLA_API_TOKEN is wrong" in found["SLA account"].remedy
    sandbox.faults.add(faults.failing(403, "Not allowed."), path="^/ex/jira/.*/myself$", times=1)
    found = examine(JIRA_SLA_API_TOKEN=SLA_TOKEN)
    assert "may not use Jira" in found["SLA account"].remedy
    sandbox.faults.add(faults.failing(404, "Not found."), path="^/ex/jira/.*/myself$", times=1)
    found = examine(JIRA_SLA_API_TOKEN=SLA_TOKEN)
    assert "JIRA_CLOUD_ID" in found["SLA account"].remedy
    assert examine(JIRA_SLA_EMAIL=agent.email)["SLAs"].remedy == "Repair JIRA_SLA_API_TOKEN first."
