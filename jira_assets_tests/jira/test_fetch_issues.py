import json
from collections.abc import Iterator

import pytest

from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import Unauthorised, Unavailable
from jira_assets.jira.fetch import IssuesFetch, fetch_issues, fetch_month
from jira_assets.raw.record import Part, Record, Source
from jira_assets.sandbox import faults
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.connection import connect
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.openapi import assert_valid_request

LONG, PLAIN, FEBRUARY, NEVER = "10001", "10002", "10003", "77777"

Records = dict[tuple[str, Part], Record]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    site = Site(
        [
            full_issue(1, comments=230, histories=140, worklogs=45, remote_links=3),
            full_issue(2),
            full_issue(3, created="2024-02-01T00:00:00.000+0000"),
        ]
    )
    with serve(site) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[JiraClient]:
    with connect(sandbox.url) as connected:
        yield connected


def fetch(client: JiraClient, *issue_ids: str) -> tuple[IssuesFetch, Records]:
    issues = fetch_issues(client, MONTH, issue_ids, Source.WEBHOOK)
    return issues, {(record.issue_id, record.part): record for batch in issues for record in batch}


def test_exactly_the_issues_asked_for_are_fetched(client: JiraClient) -> None:
    issues, records = fetch(client, PLAIN)
    not_fetched = (Part.DELETED, Part.FILES, Part.SLA, Part.HIDDEN, Part.MOVED)
    assert records.keys() == {(PLAIN, part) for part in Part if part not in not_fetched}
    assert {record.source for record in records.values()} == {Source.WEBHOOK}
    assert (issues.issues, issues.absent, issues.failures, issues.skipped) == (1, {}, [], [])


def test_defect_33_an_issue_is_the_same_whether_it_is_fetched_alone_or_with_its_month(
    client: JiraClient,
) -> None:
    _, alone = fetch(client, LONG, PLAIN)
    with_its_month = {
        (record.issue_id, record.part): record for batch in fetch_month(client, MONTH) for record in batch
    }
    assert {key: json.loads(record.payload or b"") for key, record in alone.items()} == {
        key: json.loads(record.payload or b"") for key, record in with_its_month.items()
    }
    assert len(json.loads(alone[LONG, Part.CHANGELOG].payload or b"")) == 140


def test_what_jira_leaves_out_is_absent(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.site.delete(PLAIN)
    issues, records = fetch(client, LONG, PLAIN, NEVER)
    assert issues.absent.keys() == {PLAIN, NEVER}
    assert {issue_id for issue_id, _ in records} == {LONG}


def test_what_cannot_be_read_is_skipped_and_not_absent(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.site.fail_field(PLAIN, "created")
    issues, _ = fetch(client, PLAIN)
    assert [issue.issue_id for issue in issues.skipped] == [PLAIN]
    assert issues.absent == {}


def test_an_issue_of_another_month_is_none_of_this_one_and_no_error(client: JiraClient) -> None:
    issues, records = fetch(client, FEBRUARY)
    assert [(moved.issue_id, moved.created.month) for moved in issues.moved] == [(FEBRUARY, 2)]
    assert (issues.absent, issues.skipped, records) == ({}, [], {})


def test_defect_24_many_issues_take_few_requests(sandbox: RunningSandbox, client: JiraClient) -> None:
    for number in range(100, 350):
        sandbox.site.put(full_issue(number))
    issues, _ = fetch(client, *(str(10_000 + number) for number in range(100, 350)))
    bulk = [request for request in sandbox.requests if request.path.endswith("/issue/bulkfetch")]
    assert issues.issues == 250
    assert len(bulk) == 3


def test_reads_of_issues_do_not_wait_for_the_search_index(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.site.hold_search()
    sandbox.site.put(full_issue(4))
    issues, _ = fetch(client, "10004")
    assert issues.issues == 1


def test_a_part_that_fails_is_an_error_and_not_empty(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.fail_part(LONG, "comment", 403)
    issues, records = fetch(client, LONG)
    assert records[LONG, Part.COMMENTS].payload is None
    assert [(each.issue_id, each.part) for each in issues.failures] == [(LONG, Part.COMMENTS)]


def test_nothing_is_asked_about_nothing(sandbox: RunningSandbox, client: JiraClient) -> None:
    _, records = fetch(client)
    assert records == {}
    assert sandbox.requests == []


def test_a_jira_that_is_down_is_an_error(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.add(faults.unavailable())
    with pytest.raises(Unavailable):
        fetch(client, PLAIN)


def test_a_refused_credential_is_an_error(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.account.revoke()
    with pytest.raises(Unauthorised):
        fetch(client, PLAIN)


def test_defect_34_every_request_is_one_that_jira_documents(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    fetch(client, LONG, PLAIN, NEVER)
    for request in sandbox.requests:
        body = json.loads(request.body) if request.body else None
        assert_valid_request(request.method, request.path, request.query, body)
