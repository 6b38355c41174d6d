from typing import Any

import pytest

from jira_assets.sandbox.server import RunningSandbox
from jira_assets.sandbox.site import Site
from jira_assets_tests.sandbox.caller import Caller, issue

OPEN = {"name": "Open", "statusCategory": {"key": "new", "name": "To Do"}}
CLOSED = {"name": "Closed", "statusCategory": {"key": "done", "name": "Done"}}

ODD: tuple[Any, ...] = (None, [], {}, "text", [None], [{"id": 10001}], [{"outwardIssue": []}], {"id": 10001})


def _brief(number: int, **fields: Any) -> dict[str, Any]:
    shown = {"summary": f"Issue {number}", "status": OPEN} | fields
    return {"id": str(10_000 + number), "key": f"APP-{number}", "fields": shown}


def _family() -> list[dict[str, Any]]:
    """APP-1 blocks APP-2, and APP-3 is a sub-task of APP-1."""
    return [
        issue(1, issuelinks=[{"id": "7", "outwardIssue": _brief(2)}], subtasks=[_brief(3)]),
        issue(2, issuelinks=[{"id": "7", "inwardIssue": _brief(1)}]),
        issue(3, parent=_brief(1)),
    ]


@pytest.fixture
def site() -> Site:
    return Site(_family())


def _change(site: Site, number: int, **fields: Any) -> None:
    changed = site.get(str(10_000 + number))
    changed["fields"] |= fields
    site.put(changed)


def test_links_parents_and_subtasks_show_the_other_issue_as_it_is_now(site: Site) -> None:
    _change(site, 1, summary="new", status=CLOSED)
    _change(site, 3, summary="newer")
    (link,) = site.get("10002")["fields"]["issuelinks"]
    assert link["inwardIssue"]["fields"] == {"summary": "new", "status": CLOSED}
    assert site.get("10003")["fields"]["parent"]["fields"]["summary"] == "new"
    assert site.get("10001")["fields"]["subtasks"][0]["fields"]["summary"] == "newer"


def test_the_updated_of_the_issue_that_shows_another_does_not_move(site: Site) -> None:
    before = site.get("10002")["fields"]["updated"]
    _change(site, 1, summary="new", updated="2026-05-01T00:00:00.000+0000")
    assert site.get("10002")["fields"]["updated"] == before


def test_a_brief_keeps_its_members_and_its_links_their_own(site: Site) -> None:
    _change(site, 1, summary="new", priority={"id": "1", "name": "High"}, description="long")
    (link,) = site.get("10002")["fields"]["issuelinks"]
    assert link.keys() == {"id", "inwardIssue"}
    assert link["inwardIssue"]["fields"].keys() == {"summary", "status"}


def test_a_moved_issue_is_shown_under_its_new_key(site: Site) -> None:
    site.move("10001", "NEW-1")
    assert site.get("10002")["fields"]["issuelinks"][0]["inwardIssue"]["key"] == "NEW-1"
    assert site.get("10003")["fields"]["parent"]["key"] == "NEW-1"


def test_what_is_put_shows_the_others_as_they_are(site: Site) -> None:
    stale = site.get("10002")
    _change(site, 1, summary="new")
    site.put(stale)
    assert site.get("10002")["fields"]["issuelinks"][0]["inwardIssue"]["fields"]["summary"] == "new"


def test_a_deleted_issue_leaves_no_links_no_subtasks_and_no_parent(site: Site) -> None:
    site.delete("10003")
    assert site.get("10001")["fields"]["subtasks"] == []
    site.put(_family()[2])
    site.delete("10001")
    assert site.get("10002")["fields"]["issuelinks"] == []
    assert "parent" not in site.get("10003")["fields"]
    assert site.get("10002")["fields"]["updated"] == _family()[1]["fields"]["updated"]


def test_briefs_of_issues_that_the_site_does_not_hold_stay() -> None:
    link = {"id": "7", "outwardIssue": _brief(9)}
    site = Site([issue(1, issuelinks=[link])])
    _change(site, 1, summary="new")
    assert site.get("10001")["fields"]["issuelinks"] == [link]
    site.put(issue(9, summary="held now"))
    assert site.get("10001")["fields"]["issuelinks"][0]["outwardIssue"]["fields"]["summary"] == "held now"


def test_loading_a_site_changes_no_brief() -> None:
    issues = [issue(1, summary="newer than the link"), *_family()[1:]]
    assert [Site(issues).get(each["id"]) for each in issues] == issues


@pytest.mark.parametrize("field", ["issuelinks", "subtasks", "parent"])
def test_values_of_unexpected_shapes_stay_as_they_are(field: str) -> None:
    site = Site([issue(1), *(issue(number, **{field: value}) for number, value in enumerate(ODD, 2))])
    _change(site, 1, summary="new")
    assert [site.get(f"{10000 + number}")["fields"][field] for number, _ in enumerate(ODD, 2)] == [*ODD]


def test_search_sees_the_new_brief_when_it_sees_the_change() -> None:
    site = Site(_family())
    site.hold_search()
    _change(site, 1, summary="other words")

    def shows_it() -> bool:
        found = site.searchable().get("10002")
        assert found is not None
        return b"other words" in found.json()

    assert not shows_it()
    site.release_search()
    assert shows_it()


def test_answers_show_the_current_brief(running: RunningSandbox, caller: Caller) -> None:
    for each in _family():
        running.site.put(each)
    _change(running.site, 1, status=CLOSED)
    found = caller.get("/issue/APP-2").json()["fields"]["issuelinks"][0]["inwardIssue"]
    assert found["fields"]["status"]["name"] == "Closed"
