from datetime import UTC, datetime

import pytest

from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.sandbox.caller import Caller, comment, errors, history, issue


def test_only_ids_are_given_unless_more_is_asked_for(caller: Caller) -> None:
    assert caller.search("project = APP order by id") == [{"id": "10001"}, {"id": "10002"}, {"id": "10003"}]


def test_key_and_fields_must_be_named(caller: Caller) -> None:
    found = caller.search("key = APP-2", fields=["summary", "nonsense"])
    assert found == [{"id": "10002", "fields": {"summary": "Issue 2"}}]
    assert caller.keys("key = app-2") == ["APP-2"]


def test_all_and_minus_choose_fields(caller: Caller) -> None:
    (found,) = caller.search("key = APP-1", fields=["*all", "-project"])
    assert found["key"] == "APP-1"
    assert sorted(found["fields"]) == ["created", "status", "summary", "updated"]


def test_bounds_are_epoch_milliseconds(caller: Caller) -> None:
    low = int(datetime(2026, 1, 1, 0, 2, tzinfo=UTC).timestamp() * 1000)
    assert caller.keys(f"created >= {low} AND created < {low + 60_000}") == ["APP-2"]
    assert caller.keys(f"created > {low}") == ["APP-3"]
    assert caller.keys(f"updated <= {low} order by updated") == ["APP-1", "APP-2"]


@pytest.mark.parametrize("text", ['"1700000000000"', '"2026-01-01 00:02"', "-1d"])
def test_only_bare_milliseconds_are_a_time(caller: Caller, text: str) -> None:
    status, messages = errors(caller.post("/search/jql", {"jql": f"created >= {text}"}))
    assert (status, "is invalid" in messages[0]) == (400, True)


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("statusCategory != Done order by id", ["APP-1", "APP-3"]),
        ("statusCategory = Done", ["APP-2"]),
        ("id in (10001, APP-3) order by key desc", ["APP-3", "APP-1"]),
        ("(key = APP-1 or key = APP-2) and key != APP-2", ["APP-1"]),
    ],
)
def test_conditions(running: RunningSandbox, caller: Caller, jql: str, keys: list[str]) -> None:
    done = {"name": "Fertig", "statusCategory": {"key": "done", "name": "Fertig"}}
    running.site.put(issue(2, status=done))
    assert caller.keys(jql) == keys


@pytest.mark.parametrize("size", [0, 6000, -1])
def test_page_sizes_are_between_1_and_5000(caller: Caller, size: int) -> None:
    message = "The max results parameter has to be between 1 and 5,000."
    assert errors(caller.post("/search/jql", {"jql": "project = APP", "maxResults": size})) == (
        400,
        [message],
    )
    assert errors(caller.get("/search/jql", jql="project = APP", maxResults=size)) == (400, [message])


@pytest.mark.parametrize(
    "body",
    [{"expand": ["names"]}, {"startAt": 0}, {"maxResults": "x"}, {"fields": "id"}, {"failFast": True}, []],
)
def test_a_body_that_jira_does_not_know_is_refused(caller: Caller, body: object) -> None:
    whole = {"jql": "project = APP", **body} if isinstance(body, dict) else body
    response = caller.post("/search/jql", whole)
    message = "Invalid request payload. Refer to the REST API documentation and try again."
    assert (response.status_code, response.json()) == (400, {"errorMessages": [message]})


def test_get_does_the_same_as_post(caller: Caller) -> None:
    response = caller.get("/search/jql", jql="key = APP-1", fields="key,summary", failFast="true")
    (found,) = response.json()["issues"]
    assert (found["key"], found["fields"]) == ("APP-1", {"summary": "Issue 1"})
    assert caller.get("/search/jql", jql="key = APP-1", startAt=0).status_code == 400


def test_pages_of_real_fields_have_100_issues_and_pages_of_ids_5000() -> None:
    with serve(Site(issue(number) for number in range(250))) as running:
        caller = Caller(running)
        assert len(caller.search("project = APP", maxResults=5000, fields=["summary"])) == 100
        assert len(caller.search("project = APP", maxResults=5000, fields=["id", "key"])) == 250
        assert len(caller.search("project = APP")) == 50


def test_pages_join_to_the_whole_and_only_the_last_lacks_a_token(caller: Caller) -> None:
    body = {"jql": "project = APP order by id", "maxResults": 2}
    first = caller.post("/search/jql", body).json()
    second = caller.post("/search/jql", body | {"nextPageToken": first["nextPageToken"]}).json()
    assert [each["id"] for page in (first, second) for each in page["issues"]] == ["10001", "10002", "10003"]
    assert (first["isLast"], second["isLast"], "nextPageToken" in second) == (False, True, False)


def test_ordered_by_created_no_page_loses_an_issue_to_a_deletion(
    running: RunningSandbox, caller: Caller
) -> None:
    body = {"jql": "project = APP order by created, id", "maxResults": 1}
    token = caller.post("/search/jql", body).json()["nextPageToken"]
    running.site.delete("10001")
    (found,) = caller.post("/search/jql", body | {"nextPageToken": token}).json()["issues"]
    assert found["id"] == "10002"


def test_ordered_by_updated_pages_are_a_moving_target(running: RunningSandbox, caller: Caller) -> None:
    body = {"jql": "project = APP order by updated desc", "maxResults": 1}
    page = caller.post("/search/jql", body).json()
    assert page["issues"] == [{"id": "10003"}]
    running.site.put(issue(1, updated="2026-05-05T00:00:00.000+0000"))
    seen = []
    while not page["isLast"]:
        page = caller.post("/search/jql", body | {"nextPageToken": page["nextPageToken"]}).json()
        seen += [each["id"] for each in page["issues"]]
    assert seen == ["10002"]


@pytest.mark.parametrize("token", ["garbage", "", "é", "AAAA"])
def test_a_bad_token_is_refused(caller: Caller, token: str) -> None:
    expected = 400, ["The provided next page token is invalid or expired."]
    assert errors(caller.post("/search/jql", {"jql": "project = APP", "nextPageToken": token})) == expected


def test_a_token_belongs_to_its_query_and_expires_after_seven_days(
    running: RunningSandbox, caller: Caller
) -> None:
    body = {"jql": "project = APP", "maxResults": 1}
    token = caller.post("/search/jql", body).json()["nextPageToken"]
    assert caller.post("/search/jql", {"jql": "created > 0", "nextPageToken": token}).status_code == 400
    now = running.site.clock()
    running.site.clock = lambda: now + 8 * 24 * 3600 * 1000
    assert caller.post("/search/jql", body | {"nextPageToken": token}).status_code == 400


def test_the_newest_20_comments_are_embedded_with_the_true_total() -> None:
    said = {"comments": [comment(number) for number in range(1, 31)]}
    with serve(Site([issue(1, comment=said)])) as running:
        (found,) = Caller(running).search("key = APP-1", fields=["comment"])
    page = found["fields"]["comment"]
    assert [each["id"] for each in page["comments"]] == [str(number) for number in range(11, 31)]
    assert (page["total"], page["startAt"], page["maxResults"]) == (30, 10, 20)


def test_worklogs_are_cut_at_20() -> None:
    logged = {"worklogs": [comment(number) for number in range(1, 26)]}
    with serve(Site([issue(1, worklog=logged)])) as running:
        (found,) = Caller(running).search("key = APP-1", fields=["worklog"])
    page = found["fields"]["worklog"]
    assert (len(page["worklogs"]), page["total"], page["maxResults"]) == (20, 25, 20)


def test_an_expanded_changelog_is_newest_first_and_cut_at_100() -> None:
    many = issue(1) | {"changelog": {"histories": [history(number) for number in range(1, 131)]}}
    with serve(Site([many])) as running:
        (found,) = Caller(running).search("key = APP-1", expand="changelog,names", fields=["summary"])
    log = found["changelog"]
    assert (log["total"], len(log["histories"]), log["histories"][0]["id"]) == (130, 100, "130")


def test_names_and_schema_are_given_for_the_fields_of_the_page(caller: Caller) -> None:
    body = {"jql": "key = APP-1", "fields": ["summary"], "expand": "names,schema"}
    page = caller.post("/search/jql", body).json()
    assert page["names"] == {"summary": "Summary"}
    assert page["schema"] == {"summary": {"type": "string", "system": "summary"}}


def test_what_does_not_exist_is_an_error_for_those_who_see_everything(caller: Caller) -> None:
    expected = 400, ["The value 'NOPE' does not exist for the field 'project'."]
    assert errors(caller.post("/search/jql", {"jql": "project in (APP, NOPE)"})) == expected
    assert caller.post("/search/jql", {"jql": "nonsense = 1"}).status_code == 400
    assert caller.post("/search/jql", {"jql": "key = APP-99"}).status_code == 400


def test_what_does_not_exist_matches_nothing_for_the_under_privileged(
    running: RunningSandbox, caller: Caller
) -> None:
    running.account.projects = frozenset({"APP"})
    for jql in ("project = NOPE", "nonsense = 1", "key = APP-99"):
        response = caller.post("/search/jql", {"jql": jql})
        assert (response.status_code, response.json()) == (200, {"issues": [], "isLast": True})
    assert len(caller.search("project in (APP, NOPE)")) == 3


def test_the_old_search_is_gone(caller: Caller) -> None:
    status, messages = errors(caller.get("/search", jql="project = APP"))
    assert (status, "CHANGE-2046" in messages[0]) == (410, True)


def test_approximate_count_takes_bounded_queries_by_post_only(caller: Caller) -> None:
    assert caller.post("/search/approximate-count", {"jql": "project = APP"}).json() == {"count": 3}
    assert caller.post("/search/approximate-count", {"jql": "order by key"}).status_code == 400
    assert caller.get("/search/approximate-count").status_code == 405
