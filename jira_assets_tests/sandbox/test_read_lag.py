import time
from typing import Any

import pytest

from jira_assets.sandbox.server import RunningSandbox
from jira_assets_tests.sandbox.caller import Caller, comment, history, issue


@pytest.fixture(autouse=True)
def _held(running: RunningSandbox) -> None:
    """Since reads were held, APP-1 was changed, APP-2 deleted, and APP-4 created."""
    running.site.hold_reads()
    changed = issue(1, summary="new", comment={"comments": [comment(1)]})
    running.site.put(changed | {"changelog": {"histories": [history(1)]}, "remotelinks": [{"id": 1}]})
    running.site.delete("10002")
    running.site.put(issue(4))


def _summaries(caller: Caller) -> dict[str, Any]:
    body = {"issueIdsOrKeys": [f"APP-{number}" for number in (1, 2, 3, 4)], "fields": ["summary"]}
    found = caller.post("/issue/bulkfetch", body).json()["issues"]
    return {each["key"]: each["fields"]["summary"] for each in found}


def test_reads_by_id_show_what_was_before(running: RunningSandbox, caller: Caller) -> None:
    assert _summaries(caller) == {"APP-1": "Issue 1", "APP-2": "Issue 2", "APP-3": "Issue 3"}
    assert caller.get("/issue/10002").status_code == 200
    assert caller.get("/issue/10004").status_code == 404
    running.site.release_reads()
    assert _summaries(caller) == {"APP-1": "new", "APP-3": "Issue 3", "APP-4": "Issue 4"}
    assert caller.get("/issue/10002").status_code == 404


def test_so_do_reads_of_parts(running: RunningSandbox, caller: Caller) -> None:
    def counts() -> list[int]:
        logs = caller.post("/changelog/bulkfetch", {"issueIdsOrKeys": ["10001"]}).json()["issueChangeLogs"]
        return [
            caller.get("/issue/10001/comment").json()["total"],
            caller.get("/issue/10001/changelog").json()["total"],
            len(caller.get("/issue/10001/remotelink").json()),
            len(logs),
            caller.post("/comment/list", {"ids": [1]}).json()["total"],
        ]

    assert counts() == [0, 0, 0, 0, 0]
    running.site.release_reads()
    assert counts() == [1, 1, 1, 1, 1]


def test_search_and_whoever_changes_the_site_see_it_at_once(running: RunningSandbox, caller: Caller) -> None:
    assert caller.keys("project = APP order by id") == ["APP-1", "APP-3", "APP-4"]
    assert running.site.get("10001")["fields"]["summary"] == "new"


def test_a_moved_issue_keeps_its_key_for_the_time_being(running: RunningSandbox, caller: Caller) -> None:
    running.site.move("10003", "NEW-1")
    assert caller.get("/issue/APP-3").json()["key"] == "APP-3"
    assert caller.get("/issue/NEW-1").status_code == 404
    running.site.release_reads()
    assert caller.get("/issue/APP-3").json()["key"] == "NEW-1"
    assert caller.get("/issue/NEW-1").status_code == 200


def test_a_lag_passes_by_itself(running: RunningSandbox, caller: Caller) -> None:
    running.site.release_reads()
    running.site.read_lag = 0.05
    running.site.put(issue(3, summary="newer"))
    assert _summaries(caller)["APP-3"] == "Issue 3"
    time.sleep(0.06)
    assert _summaries(caller)["APP-3"] == "newer"
