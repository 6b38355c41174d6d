from collections.abc import Iterator
from typing import Any

import pytest

from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.sandbox.caller import JANUARY, Caller, comment, errors, history, issue

_MISSING = 404, ["Issue does not exist or you do not have permission to see it."]


@pytest.fixture
def busy() -> Iterator[Caller]:
    """One issue with 230 comments and as many histories, these newest first, as some files have them."""
    many = issue(1, comment={"comments": [comment(number) for number in range(1, 231)]})
    many["changelog"] = {"histories": [history(number) for number in range(230, 0, -1)]}
    with serve(Site([many])) as running:
        yield Caller(running)


def test_an_issue_is_found_by_id_and_by_key_in_any_case(caller: Caller) -> None:
    for name in ("10001", "APP-1", "app-1"):
        assert caller.get(f"/issue/{name}").json()["key"] == "APP-1"


def test_a_moved_issue_answers_200_with_its_new_key(running: RunningSandbox, caller: Caller) -> None:
    running.site.move("10001", "NEW-1")
    response = caller.get("/issue/APP-1")
    assert (response.status_code, response.json()["key"], response.json()["id"]) == (200, "NEW-1", "10001")


def test_missing_and_hidden_issues_look_the_same(running: RunningSandbox, caller: Caller) -> None:
    assert errors(caller.get("/issue/NOPE-999999")) == _MISSING
    running.account.projects = frozenset({"OTHER"})
    for path in ("/issue/APP-1", "/issue/APP-1/comment", "/issue/APP-1/remotelink", "/issue/APP-1/changelog"):
        assert errors(caller.get(path)) == _MISSING


def test_secured_issues_are_hidden_from_those_outside_the_level(
    running: RunningSandbox, caller: Caller
) -> None:
    running.site.put(issue(1, security={"id": "1", "name": "Staff"}))
    running.account.sees_secured = False
    assert caller.get("/issue/APP-1").status_code == 404
    assert caller.keys("project = APP order by id") == ["APP-2", "APP-3"]


def test_values_are_given_as_they_are_held(running: RunningSandbox, caller: Caller) -> None:
    held = issue(
        1, created=JANUARY, summary="NUL \x00 and 👩‍👩‍👧", votes=None, customfield_1=9223372036854775807
    )
    running.site.put(held)
    assert caller.get("/issue/10001").json()["fields"] == held["fields"]


@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_values_of_unexpected_shapes_are_given_as_they_are(
    running: RunningSandbox, caller: Caller, value: Any
) -> None:
    odd = dict.fromkeys(("comment", "worklog", "status", "attachment"), value)
    running.site.put(issue(1, **odd))
    found = caller.get("/issue/10001").json()["fields"]
    assert {field: found[field] for field in odd} == odd
    assert caller.search("id = 10001", fields=[*odd])[0]["fields"] == odd
    assert caller.get("/issue/10001/comment").json()["total"] == 0


def test_an_issue_embeds_the_newest_100_comments(busy: Caller) -> None:
    page = busy.get("/issue/APP-1").json()["fields"]["comment"]
    assert [page["comments"][0]["id"], page["comments"][-1]["id"]] == ["131", "230"]
    assert (page["startAt"], page["total"]) == (130, 230)


def test_a_failed_field_is_silently_absent_unless_fail_fast(running: RunningSandbox, caller: Caller) -> None:
    running.site.fail_field("10001", "summary")
    assert "summary" not in caller.get("/issue/APP-1").json()["fields"]
    assert "summary" not in caller.search("key = APP-1", fields=["*all"])[0]["fields"]
    assert caller.get("/issue/APP-1", failFast="true").status_code == 500


def test_comment_pages_are_at_most_100_long(busy: Caller) -> None:
    page = busy.get("/issue/APP-1/comment", maxResults=1000).json()
    assert (page["maxResults"], page["total"], len(page["comments"])) == (100, 230, 100)
    last = busy.get("/issue/APP-1/comment", startAt=200).json()["comments"]
    assert [each["id"] for each in last] == [str(number) for number in range(201, 231)]


def test_comments_can_be_ordered_by_created_only(busy: Caller) -> None:
    assert busy.get("/issue/APP-1/comment", orderBy="-created").json()["comments"][0]["id"] == "230"
    assert busy.get("/issue/APP-1/comment", orderBy="+created").json()["comments"][0]["id"] == "1"
    assert busy.get("/issue/APP-1/comment", orderBy="updated").status_code == 400


def test_changelog_pages_are_oldest_first_and_at_most_100_long(busy: Caller) -> None:
    page = busy.get("/issue/APP-1/changelog", maxResults=1000).json()
    assert (page["maxResults"], page["total"], page["isLast"]) == (100, 230, False)
    assert [page["values"][0]["id"], page["values"][-1]["id"]] == ["1", "100"]
    last = busy.get("/issue/APP-1/changelog", startAt=200).json()
    assert (len(last["values"]), last["isLast"], "nextPage" in last) == (30, True, False)


def test_an_expanded_changelog_is_newest_first_and_cut(busy: Caller) -> None:
    log = busy.get("/issue/APP-1", expand="changelog").json()["changelog"]
    assert (log["histories"][0]["id"], len(log["histories"]), log["total"]) == ("230", 100, 230)


def test_bulkfetch_gives_at_most_40_histories_and_tells_the_total(busy: Caller) -> None:
    (found,) = busy.post("/issue/bulkfetch", {"issueIdsOrKeys": ["APP-1"], "expand": ["changelog"]}).json()[
        "issues"
    ]
    assert (len(found["changelog"]["histories"]), found["changelog"]["total"]) == (40, 230)


def test_bulkfetch_orders_by_id_and_leaves_out_what_it_cannot_show(caller: Caller) -> None:
    body = {"issueIdsOrKeys": ["APP-3", "10001", "NOPE-1", "APP-1"], "fields": ["summary"]}
    answer = caller.post("/issue/bulkfetch", body).json()
    assert [each["key"] for each in answer["issues"]] == ["APP-1", "APP-3"]
    assert answer["issueErrors"] == []


def test_bulkfetch_shows_an_issue_once_however_it_is_called(running: RunningSandbox, caller: Caller) -> None:
    running.site.move("10001", "NEW-7")
    body = {"issueIdsOrKeys": ["NEW-7", "10001", "app-1", "APP-1", "10001"], "fields": ["summary"]}
    assert [each["key"] for each in caller.post("/issue/bulkfetch", body).json()["issues"]] == ["NEW-7"]


def test_bulkfetch_defaults_to_navigable_fields(running: RunningSandbox, caller: Caller) -> None:
    running.site.put(issue(1, comment={"comments": []}, description="x"))
    (found,) = caller.post("/issue/bulkfetch", {"issueIdsOrKeys": ["APP-1"]}).json()["issues"]
    assert "description" in found["fields"]
    assert "comment" not in found["fields"]


@pytest.mark.parametrize(
    ("count", "more", "status"),
    [
        (100, {}, 200),
        (101, {}, 400),
        (101, {"fields": ["*all"]}, 400),
        (1000, {"fields": ["summary", "status"]}, 200),
        (1001, {"fields": ["summary"]}, 400),
        (101, {"fields": ["summary", "comment"]}, 400),
        (101, {"fields": ["summary"], "expand": ["changelog"]}, 400),
        (0, {}, 400),
        (1, {"expand": "changelog"}, 400),
        (1, {"maxResults": 1}, 400),
        (1, {"properties": ["p"] * 6}, 400),
        (101, {"fields": [f"customfield_{number}" for number in range(101)]}, 400),
    ],
)
def test_bulkfetch_takes_100_issues_or_1000_if_only_small_fields_are_named(
    caller: Caller, count: int, more: dict[str, Any], status: int
) -> None:
    body = {"issueIdsOrKeys": [str(number) for number in range(count)], **more}
    assert caller.post("/issue/bulkfetch", body).status_code == status


def test_remote_links_are_one_array_or_one_object_by_global_id(
    running: RunningSandbox, caller: Caller
) -> None:
    links = [
        {"id": number, "globalId": f"g={number}", "object": {"url": "u", "title": "t"}} for number in (1, 2)
    ]
    running.site.put(issue(1) | {"remotelinks": links})
    assert caller.get("/issue/APP-1/remotelink").json() == links
    assert caller.get("/issue/APP-1/remotelink", globalId="g=2").json() == links[1]
    assert caller.get("/issue/APP-1/remotelink", globalId="g=3").status_code == 404
    assert caller.get("/issue/APP-2/remotelink").json() == []


def test_parameters_that_an_operation_does_not_have_are_refused(caller: Caller) -> None:
    assert caller.get("/issue/APP-1/remotelink", startAt=0).status_code == 400
    assert caller.get("/issue/APP-1", field="summary").status_code == 400
    assert caller.get("/issue/APP-1/comment", startAt="x").status_code == 400


def test_worklogs_are_paged_and_filtered_by_start(running: RunningSandbox, caller: Caller) -> None:
    logged = [
        {"id": str(n), "created": JANUARY, "started": f"2026-01-0{n}T00:00:00.000+0000"} for n in (1, 2, 3)
    ]
    running.site.put(issue(1, worklog={"worklogs": logged}))
    page = caller.get("/issue/APP-1/worklog").json()
    assert (page["total"], page["maxResults"], len(page["worklogs"])) == (3, 5000, 3)
    after = caller.get("/issue/APP-1/worklog", startedAfter=1767312000000).json()["worklogs"]
    assert [each["id"] for each in after] == ["2", "3"]
