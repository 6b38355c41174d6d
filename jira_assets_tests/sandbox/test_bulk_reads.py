import pytest

from jira_assets.sandbox.server import RunningSandbox
from jira_assets_tests.sandbox.caller import JANUARY, Caller, comment, history, issue


@pytest.fixture
def with_histories(running: RunningSandbox) -> RunningSandbox:
    """APP-1 and APP-2 changed in turns, one minute after the other."""
    for number in (1, 2):
        log = [history(10 * number + n, f"2026-03-01T00:0{2 * n + number}:00.000+0000") for n in range(3)]
        running.site.put(issue(number) | {"changelog": {"histories": log}})
    return running


def _pages(caller: Caller, size: int) -> list[dict[str, list[str]]]:
    """{issue id: history ids} of every page."""
    body: dict[str, object] = {"issueIdsOrKeys": ["APP-1", "APP-2", "APP-3"], "maxResults": size}
    pages = []
    while True:
        page = caller.post("/changelog/bulkfetch", body).json()
        logs = page["issueChangeLogs"]
        pages.append({log["issueId"]: [each["id"] for each in log["changeHistories"]] for log in logs})
        if "nextPageToken" not in page:
            return pages
        body["nextPageToken"] = page["nextPageToken"]


@pytest.mark.usefixtures("with_histories")
def test_one_issues_history_is_spread_over_pages(caller: Caller) -> None:
    assert _pages(caller, 2) == [
        {"10001": ["10"], "10002": ["20"]},
        {"10001": ["11"], "10002": ["21"]},
        {"10001": ["12"], "10002": ["22"]},
    ]
    assert _pages(caller, 1000) == [{"10001": ["10", "11", "12"], "10002": ["20", "21", "22"]}]


@pytest.mark.parametrize(
    ("form", "created"),
    [
        ("milliseconds", 1772323260000),
        ("seconds", 1772323260),
        ("digits", "1772323260000"),
        ("iso", "2026-03-01T00:01:00.000+0000"),
    ],
)
def test_created_comes_in_every_form_that_was_seen(
    with_histories: RunningSandbox, form: str, created: object
) -> None:
    with_histories.options.changelog_created = form
    answer = Caller(with_histories).post("/changelog/bulkfetch", {"issueIdsOrKeys": ["APP-1"]}).json()
    assert answer["issueChangeLogs"][0]["changeHistories"][0]["created"] == created


@pytest.mark.usefixtures("with_histories")
def test_field_ids_choose_histories(caller: Caller) -> None:
    body = {"issueIdsOrKeys": ["APP-1"], "fieldIds": ["status"]}
    assert caller.post("/changelog/bulkfetch", body).json() == {"issueChangeLogs": []}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"issueIdsOrKeys": []},
        {"issueIdsOrKeys": ["1"] * 1001},
        {"issueIdsOrKeys": ["1"], "maxResults": 10001},
        {"issueIdsOrKeys": ["1"], "maxResults": 0},
        {"issueIdsOrKeys": ["1"], "fieldIds": ["f"] * 11},
        {"issueIdsOrKeys": ["1"], "nextPageToken": "garbage"},
        {"issueIdsOrKeys": ["1"], "startAt": 0},
    ],
)
def test_limits_of_changelog_bulkfetch(caller: Caller, body: dict[str, object]) -> None:
    assert caller.post("/changelog/bulkfetch", body).status_code == 400


def test_hidden_and_missing_issues_are_silently_absent(with_histories: RunningSandbox) -> None:
    body = {"issueIdsOrKeys": ["APP-1", "NOPE-1"]}
    answer = Caller(with_histories).post("/changelog/bulkfetch", body).json()
    assert [log["issueId"] for log in answer["issueChangeLogs"]] == ["10001"]
    with_histories.account.projects = frozenset()
    assert Caller(with_histories).post("/changelog/bulkfetch", body).json() == {"issueChangeLogs": []}


def test_comments_by_their_own_ids(running: RunningSandbox, caller: Caller) -> None:
    running.site.put(issue(1, comment={"comments": [comment(1), comment(2)]}))
    page = caller.post("/comment/list", {"ids": [2, 99]}).json()
    assert ([each["id"] for each in page["values"]], page["total"]) == (["2"], 1)
    assert caller.post("/comment/list", {"ids": list(range(1001))}).status_code == 400


def test_children_are_found_by_id_as_they_come_and_go(running: RunningSandbox, caller: Caller) -> None:
    def found() -> list[str]:
        return [each["id"] for each in caller.post("/comment/list", {"ids": [1, 2, 3]}).json()["values"]]

    running.site.put(issue(1, comment={"comments": [comment(1)]}))
    running.site.put(issue(2, comment={"comments": [comment(2)]}))
    assert found() == ["1", "2"]
    running.site.put(issue(1, comment={"comments": [comment(3)]}))
    running.site.delete("10002")
    assert found() == ["3"]


def test_worklog_feeds_exclude_the_last_minute(running: RunningSandbox, caller: Caller) -> None:
    logged = [
        {"id": str(n), "created": JANUARY, "updated": f"2026-03-0{n}T00:00:00.000+0000"} for n in (1, 2)
    ]
    running.site.put(issue(1, worklog={"worklogs": logged}))
    assert [each["worklogId"] for each in caller.get("/worklog/updated").json()["values"]] == [1, 2]
    second = 1772409600000
    assert caller.get("/worklog/updated", since=second - 1).json()["values"][0]["updatedTime"] == second
    running.site.clock = lambda: second + 30_000
    assert [each["worklogId"] for each in caller.get("/worklog/updated").json()["values"]] == [1]
    assert [each["id"] for each in caller.post("/worklog/list", {"ids": [2]}).json()] == ["2"]


def test_deleted_worklogs_are_listed(running: RunningSandbox, caller: Caller) -> None:
    running.site.put(issue(1, worklog={"worklogs": [{"id": "7", "created": JANUARY}]}))
    running.site.put(issue(1, worklog={"worklogs": []}))
    now = running.site.clock()
    running.site.clock = lambda: now + 120_000
    assert [each["worklogId"] for each in caller.get("/worklog/deleted").json()["values"]] == [7]
    assert caller.get("/worklog/updated").json()["values"] == []
