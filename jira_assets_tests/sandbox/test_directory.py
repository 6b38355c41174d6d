"""The site's lists: what its issues show, in the shapes and pages of Jira's own answers."""

from typing import Any

import pytest
import requests

from jira_assets.sandbox.accounts import Account
from jira_assets.sandbox.renaming import rename
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.openapi import assert_valid_response
from jira_assets_tests.sandbox.caller import Caller

ANN = {"accountId": "a", "displayName": "Ann"}


def get(running: RunningSandbox, path: str, **query: Any) -> requests.Response:
    account = running.account
    return requests.get(running.url + path, params=query, auth=(account.email, account.token), timeout=10)


def test_lists_hold_what_issues_show(generated: RunningSandbox) -> None:
    caller = Caller(generated)
    issue = caller.get("/issue/10003").json()["fields"]
    assert issue["status"] in caller.get("/status").json()
    assert issue["issuetype"] in caller.get("/issuetype").json()
    priorities = caller.get("/priority/search").json()["values"]
    assert issue["priority"]["name"] in {each["name"] for each in priorities}
    people = caller.get("/users/search", maxResults=1000).json()
    shown = [issue[role] for role in ("creator", "reporter", "assignee") if issue[role]]
    assert shown
    assert {each["accountId"] for each in shown} <= {each["accountId"] for each in people}


@pytest.mark.parametrize("path", ["/project/10000/version", "/project/APP/component", "/resolution/search"])
def test_pages_follow_each_other_to_the_last(generated: RunningSandbox, path: str) -> None:
    caller = Caller(generated)
    whole = caller.get(path).json()
    pages = [caller.get(path, startAt=start, maxResults=1).json() for start in range(whole["total"])]
    assert [value for page in pages for value in page["values"]] == whole["values"]
    assert [page["isLast"] for page in pages] == [False] * (whole["total"] - 1) + [True]


def test_users_come_in_arrays_of_which_an_empty_one_is_the_last(generated: RunningSandbox) -> None:
    count = len(Caller(generated).get("/users/search", maxResults=1000).json())
    assert Caller(generated).get("/users/search", startAt=count).json() == []


def test_boards_have_sprints_and_service_desks_have_organizations(generated: RunningSandbox) -> None:
    boards = get(generated, "/rest/agile/1.0/board").json()["values"]
    sprints = get(generated, f"/rest/agile/1.0/board/{boards[0]['id']}/sprint").json()["values"]
    assert {sprint["originBoardId"] for sprint in sprints} == {boards[0]["id"]}
    page = get(generated, "/rest/servicedeskapi/organization", limit=1).json()
    assert (page["size"], page["isLastPage"], len(page["values"])) == (1, True, 1)
    assert get(generated, "/rest/servicedeskapi/requesttype").json()["values"]


def test_a_site_without_a_service_desk_has_no_such_paths() -> None:
    with serve(Site([full_issue(1)])) as running:
        assert get(running, "/rest/servicedeskapi/organization").status_code == 404


def test_what_belongs_to_a_hidden_project_is_missing(generated: RunningSandbox) -> None:
    few = generated.accounts.add(Account("few@example.com", "few", projects=frozenset({"DATA"})))
    assert Caller(generated, few).get("/project/10000/version").status_code == 404


def test_projects_are_expanded_as_documented(generated: RunningSandbox) -> None:
    answer = Caller(generated).get("/project/search", expand="lead").json()
    assert_valid_response("GET", "/rest/api/3/project/search", 200, answer)
    assert all(project["lead"]["accountId"] for project in answer["values"])


def test_what_is_renamed_is_shown_by_all_issues_at_once_and_updates_none() -> None:
    site = Site([full_issue(1, reporter=ANN), full_issue(2, issuelinks=[])])
    before = [issue.updated for issue in site]
    (told,) = rename(site, "users", "a", displayName="Ann Smith")
    assert told.name == "user_updated"
    (told,) = rename(site, "projects", "1", key="HELP")
    assert told.name == "project_updated"
    assert [issue.key for issue in site] == ["HELP-1", "HELP-2"]
    assert site.get("SUP-1")["fields"]["reporter"]["displayName"] == "Ann Smith"
    assert [issue.updated for issue in site] == before
    assert list(site.projects()) == ["HELP"]
    with serve(site) as running:
        (project,) = Caller(running).get("/project/search", expand="projectKeys").json()["values"]
    assert project["projectKeys"] == ["HELP", "SUP"]
