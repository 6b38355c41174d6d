import time

from jira_assets.sandbox.server import RunningSandbox
from jira_assets_tests.sandbox.caller import Caller, issue


def test_search_does_not_see_changes_until_released_but_reads_do(
    running: RunningSandbox, caller: Caller
) -> None:
    running.site.hold_search()
    running.site.put(issue(4))
    running.site.delete("10001")
    assert caller.keys("project = APP order by id") == ["APP-1", "APP-2", "APP-3"]
    assert caller.get("/issue/APP-4").status_code == 200
    assert caller.get("/issue/APP-1").status_code == 404
    running.site.release_search()
    assert caller.keys("project = APP order by id") == ["APP-2", "APP-3", "APP-4"]


def test_search_shows_the_old_state_of_a_changed_issue(running: RunningSandbox, caller: Caller) -> None:
    running.site.hold_search()
    running.site.put(issue(1, summary="new"))
    (found,) = caller.search("id = 10001", fields=["summary"])
    assert found["fields"]["summary"] == "Issue 1"


def test_reconciled_issues_are_seen_as_they_are(running: RunningSandbox, caller: Caller) -> None:
    running.site.hold_search()
    running.site.put(issue(4))
    running.site.put(issue(1, summary="new"))
    found = caller.search(
        "project = APP order by id", fields=["summary"], reconcileIssues=[10001, 10004, 999]
    )
    assert [each["fields"]["summary"] for each in found] == ["new", "Issue 2", "Issue 3", "Issue 4"]


def test_a_reconciled_deletion_is_seen(running: RunningSandbox, caller: Caller) -> None:
    running.site.hold_search()
    running.site.delete("10001")
    assert [each["id"] for each in caller.search("project = APP order by id", reconcileIssues=[10001])] == [
        "10002",
        "10003",
    ]


def test_at_most_50_issues_can_be_reconciled(caller: Caller) -> None:
    body = {"jql": "project = APP", "reconcileIssues": list(range(51))}
    assert caller.post("/search/jql", body).status_code == 400


def test_the_lag_passes_by_itself(running: RunningSandbox, caller: Caller) -> None:
    running.site.search_lag = 0.05
    running.site.put(issue(4))
    assert len(caller.search("project = APP")) == 3
    time.sleep(0.06)
    assert len(caller.search("project = APP")) == 4
