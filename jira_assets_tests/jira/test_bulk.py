from collections.abc import Iterator

import msgspec
import pytest
from msgspec import Raw

from jira_assets.jira.access import AccessGuard
from jira_assets.jira.bulk import bulk_changelogs, search, visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BrokenPaging, NoProjectVisible, ProjectsNotVisible, Unavailable
from jira_assets.jira.jql import created_in_month
from jira_assets.jira.parts import array_of, comments, histories, remote_links, worklogs
from jira_assets.sandbox import faults
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.connection import connect
from jira_assets_tests.jira.issues import MONTH, full_issue

JQL = created_in_month(MONTH)


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    site = Site(
        [
            full_issue(1, comments=250, histories=130, worklogs=30, remote_links=2),
            full_issue(2, histories=140, project="ENG"),
            full_issue(3),
        ]
    )
    with serve(site) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[JiraClient]:
    with connect(sandbox.url) as connected:
        yield connected


def ids(elements: list[Raw]) -> list[int]:
    return [int(each["id"]) for each in msgspec.json.decode(array_of(elements))]


def test_search_follows_the_tokens_to_the_last_page(client: JiraClient) -> None:
    pages = list(search(client, JQL, ["summary"], issues_per_page=2))
    assert [len(page.value.issues) for page in pages] == [2, 1]


def test_a_repeated_token_is_an_error(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.add(faults.repeated_token(), after=1)
    with pytest.raises(BrokenPaging, match="same page token twice"):
        list(search(client, JQL, ["summary"], issues_per_page=1))


def test_pages_are_capped(client: JiraClient) -> None:
    with pytest.raises(BrokenPaging, match="more than 2 pages"):
        list(search(client, JQL, ["summary"], issues_per_page=1, max_pages=2))


@pytest.mark.parametrize("written", ["milliseconds", "seconds", "digits", "iso"])
def test_a_history_spread_over_pages_is_put_together(
    sandbox: RunningSandbox, client: JiraClient, written: str
) -> None:
    sandbox.options.changelog_created = written
    changelogs = bulk_changelogs(client, ["10001", "10002", "10003"], histories_per_page=50)
    assert len(sandbox.requests) == 6
    assert ids(changelogs.histories["10001"]) == list(range(1000, 1130))
    assert ids(changelogs.histories["10002"]) == list(range(1000, 1140))


def test_a_repeated_changelog_token_is_an_error(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.add(faults.repeated_token(), after=1)
    with pytest.raises(BrokenPaging, match="same page token twice"):
        bulk_changelogs(client, ["10001"], histories_per_page=50)


def test_defect_6_more_comments_than_a_page_holds_are_all_read(client: JiraClient) -> None:
    assert ids(comments(client, "10001").elements) == list(range(1000, 1250))


def test_a_comment_deleted_while_pages_are_read_makes_the_list_be_read_again(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    before_the_deletion = {"total": 251, "comments": [{"id": str(n)} for n in range(999, 1099)]}
    body = msgspec.json.encode(before_the_deletion)
    sandbox.faults.next(faults.Fault("one more", status=200, body=body), path="comment")
    assert ids(comments(client, "10001").elements) == list(range(1000, 1250))
    assert len(sandbox.requests) == 3 + 3


@pytest.mark.parametrize("body", [b"{}", b'{"total": 3}', b'{"comments": []}'])
def test_what_is_no_page_is_not_an_empty_page(
    sandbox: RunningSandbox, client: JiraClient, body: bytes
) -> None:
    sandbox.faults.add(faults.Fault("no page", status=200, body=body), path="comment")
    with pytest.raises(Unavailable, match="not a page"):
        comments(client, "10001")


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"errorMessage": "no"}', b'"text"'])
def test_what_is_no_remote_link_is_not_an_empty_list(
    sandbox: RunningSandbox, client: JiraClient, body: bytes
) -> None:
    sandbox.faults.add(faults.Fault("no link", status=200, body=body), path="remotelink")
    with pytest.raises(Unavailable, match="not a list of remote links"):
        remote_links(client, "10001")


def test_worklogs_and_histories_are_read_whole(client: JiraClient) -> None:
    assert len(worklogs(client, "10001").elements) == 30
    assert len(histories(client, "10001").elements) == 130


def test_remote_links_are_read_and_may_be_none(client: JiraClient) -> None:
    assert ids(remote_links(client, "10001").elements) == [100, 101]
    assert remote_links(client, "10003").elements == []


def test_a_single_remote_link_may_come_without_its_list(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.add(faults.Fault("single", status=200, body=b'{"id": 5, "object": {}}'), path="remotelink")
    assert array_of(remote_links(client, "10001").elements) == b'[{"id": 5, "object": {}}]'


def test_visible_projects_have_names(client: JiraClient) -> None:
    assert visible_projects(client) == {"ENG": "Project ENG", "SUP": "Project SUP"}


def test_more_projects_than_a_page_holds_are_all_seen() -> None:
    with (
        serve(Site(full_issue(n, project=f"P{n}") for n in range(130))) as running,
        connect(running.url) as client,
    ):
        assert len(visible_projects(client)) == 130


def test_unknown_projects_are_an_error_that_names_the_visible_ones(client: JiraClient) -> None:
    with pytest.raises(NoProjectVisible, match=r"NOPE cannot be seen. The visible ones are ENG, SUP\."):
        AccessGuard(client, ["NOPE"]).begin()


def test_an_unknown_project_stops_no_other(sandbox: RunningSandbox, client: JiraClient) -> None:
    guard = AccessGuard(client, ["SUP", "NOPE", "ENG"])
    guard.begin()
    assert (guard.named, guard.lost) == (["SUP", "ENG"], ["NOPE"])
    sandbox.account.lose_rights(frozenset({"ENG"}))
    assert guard.look() == {"SUP"}
    assert (guard.named, guard.lost) == (["ENG"], ["NOPE", "SUP"])
    guard.confirm()  # it is told once
    sandbox.account.lose_rights()
    with pytest.raises(NoProjectVisible, match="ENG could be seen before"):
        guard.confirm()


def test_an_account_without_projects_is_an_error(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.account.lose_rights()
    with pytest.raises(ProjectsNotVisible, match="no project is visible"):
        AccessGuard(client).begin()


@pytest.mark.parametrize("configured", [[], ["SUP"]])
def test_a_project_lost_since_the_start_is_an_error(
    sandbox: RunningSandbox, client: JiraClient, configured: list[str]
) -> None:
    guard = AccessGuard(client, configured)
    guard.begin()
    guard.confirm()
    sandbox.account.lose_rights(frozenset({"ENG"}))
    with pytest.raises(ProjectsNotVisible, match="SUP could be seen before"):
        guard.confirm()


def test_projects_that_come_again_and_again_are_an_error(sandbox: RunningSandbox, client: JiraClient) -> None:
    page = b'{"values": [{"key": "SUP", "name": "Project SUP"}], "isLast": false}'
    sandbox.faults.add(faults.Fault("endless", status=200, body=page), path="/project/search")
    with pytest.raises(BrokenPaging, match="the same projects"):
        visible_projects(client)
