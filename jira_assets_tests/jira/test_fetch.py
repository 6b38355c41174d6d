import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jira_assets.jira import arriving
from jira_assets.jira.access import AccessGuard
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError, ProjectsNotVisible, Unauthorised, Unavailable
from jira_assets.jira.fetch import MonthFetch, fetch_month
from jira_assets.raw.record import Part, Record, Source
from jira_assets.sandbox import faults
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.connection import connect
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.openapi import assert_valid_request

LONG, SHORT, PLAIN = "10001", "10002", "10003"
LISTS = (Part.COMMENTS, Part.CHANGELOG, Part.WORKLOGS, Part.REMOTE_LINKS)


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    site = Site(
        [
            full_issue(1, comments=230, histories=140, worklogs=45, remote_links=3),
            full_issue(2, comments=2, histories=1, project="ENG"),
            full_issue(3),
            full_issue(4, created="2024-02-01T07:59:59.999+0800"),
            full_issue(5, created="2024-02-01T08:00:00.000+0800"),
            full_issue(6, created="2023-12-31T23:59:59.999+0000"),
        ]
    )
    with serve(site) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[JiraClient]:
    with connect(sandbox.url) as connected:
        yield connected


def fetched(month_fetch: MonthFetch) -> dict[tuple[str, Part], Record]:
    return {(record.issue_id, record.part): record for batch in month_fetch for record in batch}


def payload(record: Record) -> Any:
    assert record.payload is not None, record.error
    return json.loads(record.payload)


def test_a_month_is_complete(client: JiraClient) -> None:
    month_fetch = fetch_month(client, MONTH)
    records = fetched(month_fetch)
    assert month_fetch.issues == 4
    assert not month_fetch.failures
    assert not month_fetch.skipped
    assert {issue_id for issue_id, _ in records} == {LONG, SHORT, PLAIN, "10004"}
    lengths = {part: len(payload(records[LONG, part])) for part in LISTS}
    assert lengths == {
        Part.COMMENTS: 230,
        Part.CHANGELOG: 140,
        Part.WORKLOGS: 45,
        Part.REMOTE_LINKS: 3,
    }
    assert all(payload(records[PLAIN, part]) == [] for part in LISTS)


def test_defect_5_the_embedded_history_is_never_used_but_its_total_is(client: JiraClient) -> None:
    records = fetched(fetch_month(client, MONTH))
    issue = payload(records[LONG, Part.ISSUE])
    assert issue["changelog"] == {"total": 140}
    assert issue["fields"]["comment"] == {"total": 230}
    assert issue["fields"]["worklog"] == {"total": 45}
    assert issue["fields"]["summary"] == "Issue 1"


def test_lists_are_in_the_order_of_their_ids(client: JiraClient) -> None:
    records = fetched(fetch_month(client, MONTH))
    for part in LISTS:
        found = [int(each["id"]) for each in payload(records[LONG, part])]
        assert found == sorted(found)


def test_records_tell_when_they_were_asked_for_and_how_old_the_issue_is(client: JiraClient) -> None:
    before = datetime.now(UTC)
    records = fetched(fetch_month(client, MONTH, source=Source.RECONCILE))
    for record in records.values():
        assert before <= record.fetched_at <= datetime.now(UTC)
        assert record.issue_updated == datetime(2024, 3, 1, 10, 0, 0, 123000, tzinfo=UTC)
        assert record.source is Source.RECONCILE


def test_only_short_lists_are_asked_for_again(sandbox: RunningSandbox, client: JiraClient) -> None:
    fetched(fetch_month(client, MONTH))
    asked = [request.path for request in sandbox.requests]
    assert {path for path in asked if path.endswith("/comment")} == {f"/rest/api/3/issue/{LONG}/comment"}
    assert {path for path in asked if path.endswith("/worklog")} == {f"/rest/api/3/issue/{LONG}/worklog"}
    assert sum(path.endswith("/remotelink") for path in asked) == 4
    assert sum(path.endswith("/changelog/bulkfetch") for path in asked) == 1


def test_defect_34_every_request_is_one_that_jira_documents(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.faults.add(faults.Fault("silent", status=200, body=b'{"issueChangeLogs":[]}'), path="bulkfetch")
    fetched(fetch_month(client, MONTH, ["SUP", "ENG"]))
    for request in sandbox.requests:
        body = json.loads(request.body) if request.body else None
        assert_valid_request(request.method, request.path, request.query, body)


def test_projects_are_a_choice(client: JiraClient) -> None:
    records = fetched(fetch_month(client, MONTH, ["ENG"]))
    assert {issue_id for issue_id, _ in records} == {SHORT}


@pytest.mark.parametrize("status", [400, 403, 404, 503])
def test_defect_7_a_part_that_fails_is_an_error_and_not_empty(
    sandbox: RunningSandbox, client: JiraClient, status: int
) -> None:
    sandbox.faults.fail_part(LONG, "remotelink", status)
    sandbox.faults.fail_part(LONG, "comment", status)
    month_fetch = fetch_month(client, MONTH)
    records = fetched(month_fetch)
    for part in (Part.REMOTE_LINKS, Part.COMMENTS):
        assert records[LONG, part].payload is None
        assert f"{status}" in (records[LONG, part].error or "")
    assert {(each.key, each.part) for each in month_fetch.failures} == {
        ("SUP-1", Part.REMOTE_LINKS),
        ("SUP-1", Part.COMMENTS),
    }
    assert len(records) == 4 * 5


def test_histories_that_cannot_be_read_are_an_error_of_each_issue(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.faults.add(faults.failing(403), path="changelog")
    for number in range(1, 5):
        sandbox.site.put(full_issue(number, histories=140))
    month_fetch = fetch_month(client, MONTH)
    records = fetched(month_fetch)
    assert len(month_fetch.failures) == 4
    assert all(
        (record.error is not None) == (part is Part.CHANGELOG) for (_, part), record in records.items()
    )


def test_issues_that_bulkfetch_leaves_out_are_asked_one_by_one(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.faults.add(faults.Fault("silent", status=200, body=b'{"issueChangeLogs":[]}'), path="bulkfetch")
    records = fetched(fetch_month(client, MONTH))
    assert len(payload(records[LONG, Part.CHANGELOG])) == 140
    assert payload(records[PLAIN, Part.CHANGELOG]) == []


def test_a_field_that_jira_left_out_is_asked_for(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.site.fail_field(SHORT, "comment")
    records = fetched(fetch_month(client, MONTH))
    assert "comment" not in payload(records[SHORT, Part.ISSUE])["fields"]
    assert len(payload(records[SHORT, Part.COMMENTS])) == 2


def test_a_field_that_jira_left_out_and_refuses_is_an_error_and_not_empty(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.site.fail_field(SHORT, "comment")
    sandbox.faults.fail_part(SHORT, "comment", 404)
    records = fetched(fetch_month(client, MONTH))
    assert records[SHORT, Part.COMMENTS].payload is None


def test_defect_14_an_issue_without_created_is_reported_and_the_others_go_on(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.site.fail_field(SHORT, "created")
    month_fetch = fetch_month(client, MONTH)
    records = fetched(month_fetch)
    assert {issue_id for issue_id, _ in records} == {LONG, PLAIN, "10004"}
    assert [(each.key, each.issue_id) for each in month_fetch.skipped] == [("ENG-2", SHORT)]


def test_a_refused_credential_ends_everything_at_once(sandbox: RunningSandbox, client: JiraClient) -> None:
    for number in range(100, 200):
        sandbox.site.put(full_issue(number, remote_links=1))
    sandbox.account.revoke(after=10)
    with pytest.raises(Unauthorised):
        fetched(fetch_month(client, MONTH))
    assert len(sandbox.requests) <= 10 + client.concurrency


def test_defect_36_rights_lost_midway_are_an_error_though_jira_says_200(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.account.lose_rights(after=3)
    with pytest.raises(ProjectsNotVisible, match="could be seen before"):
        fetched(fetch_month(client, MONTH))


def test_a_search_that_fails_ends_the_month(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.add(faults.unavailable(), path="search/jql")
    with pytest.raises(Unavailable):
        fetched(fetch_month(client, MONTH))


def test_throttling_changes_nothing_but_the_time(sandbox: RunningSandbox, client: JiraClient) -> None:
    undisturbed = fetched(fetch_month(client, MONTH))
    sandbox.faults.add(faults.rate_limited(0), probability=0.3)
    disturbed = fetched(fetch_month(client, MONTH))
    assert {key: record.payload for key, record in disturbed.items()} == {
        key: record.payload for key, record in undisturbed.items()
    }


def test_an_outage_of_one_endpoint_does_not_cost_all_tries_for_every_issue(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    for number in range(100, 160):
        sandbox.site.put(full_issue(number))
    sandbox.faults.add(faults.unavailable(), path="remotelink")
    month_fetch = fetch_month(client, MONTH)
    fetched(month_fetch)
    assert len(month_fetch.failures) == 64
    asked = sum(request.path.endswith("/remotelink") for request in sandbox.requests)
    assert asked < 64 * 6 / 2


def test_a_month_comes_in_batches_and_no_more_than_two_are_fetched_ahead(
    sandbox: RunningSandbox, client: JiraClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "_BATCH_ISSUES", 50)
    for number in range(100, 1100):
        sandbox.site.put(full_issue(number))
    batches = iter(fetch_month(client, MONTH))
    first = next(batches)
    searches = [request for request in sandbox.requests if request.path.endswith("search/jql")]
    assert len(first) == 50 * 5
    assert len(searches) <= 3
    assert sum(len(batch) for batch in batches) == (1004 - 50) * 5
    assert sandbox.traffic.most_at_once <= client.concurrency


def test_heavy_issues_make_smaller_batches(
    sandbox: RunningSandbox, client: JiraClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "_BATCH_BYTES", 100_000)
    for number in range(100, 120):
        sandbox.site.put(full_issue(number, description="x" * 60_000))
    sizes = [len(batch) // 5 for batch in fetch_month(client, MONTH)]
    assert sum(sizes) == 24
    assert max(sizes[-10:]) <= 6


def test_a_consumer_that_stops_early_leaves_nothing_running(
    sandbox: RunningSandbox, client: JiraClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "_BATCH_ISSUES", 2)
    batches = iter(fetch_month(client, MONTH))
    next(batches)
    del batches
    client.close()
    asked = len(sandbox.requests)
    with pytest.raises(RuntimeError, match="closed"):
        fetched(fetch_month(client, MONTH))
    assert len(sandbox.requests) - asked <= client.concurrency


def test_months_of_a_run_share_one_look_at_the_access(sandbox: RunningSandbox, client: JiraClient) -> None:
    guard = AccessGuard(client)
    for month in ("2023-12", "2024-01", "2024-02"):
        fetched(fetch_month(client, month, guard=guard))
    looks = sum(request.path.endswith("/myself") for request in sandbox.requests)
    assert looks == 1 + 3


def test_progress_is_told_in_a_line(client: JiraClient) -> None:
    lines: list[str] = []
    fetched(fetch_month(client, MONTH, progress=lines.append))
    assert lines[-1].startswith("2024-01: 4 issues, ")


def test_nothing_is_sent_before_it_is_iterated(sandbox: RunningSandbox, client: JiraClient) -> None:
    fetch_month(client, MONTH)
    assert not sandbox.requests


def test_a_comment_that_arrives_while_pages_are_read_is_not_lost(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.site.hold_search()
    sandbox.site.put(full_issue(1, comments=231, histories=140, worklogs=45, remote_links=3))
    records = fetched(fetch_month(client, MONTH))
    assert len(payload(records[LONG, Part.COMMENTS])) == 231


def test_a_list_shorter_than_its_total_is_an_error(sandbox: RunningSandbox, client: JiraClient) -> None:
    page = b'{"startAt":0,"maxResults":100,"total":230,"comments":[]}'
    sandbox.faults.add(faults.Fault("short", status=200, body=page), path=f"issue/{LONG}/comment")
    records = fetched(fetch_month(client, MONTH))
    assert "counts 230 elements but its pages hold 0" in (records[LONG, Part.COMMENTS].error or "")


def test_errors_are_dated_and_name_no_secret(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.fail_part(PLAIN, "remotelink", 403)
    record = fetched(fetch_month(client, MONTH))[PLAIN, Part.REMOTE_LINKS]
    assert datetime.now(UTC) - record.fetched_at < timedelta(minutes=1)
    assert "sandbox-token" not in (record.error or "")


def test_whatever_goes_wrong_is_a_jira_error(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.add(faults.Fault("odd", status=418, body=b"teapot"), path="project/search")
    with pytest.raises(JiraError, match="teapot"):
        fetched(fetch_month(client, MONTH))
