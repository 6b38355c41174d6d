"""Issues that Jira leaves out: hidden by a security level, archived, or with their project."""

import json
from pathlib import Path

from jira_assets_tests.events.bodies import body, change, delete
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, OddCopy, odd_copy

STAFF = {"id": "1", "name": "Staff"}
_MARKED = """
    SELECT issue_key, out_of_sight_because FROM jira.issues WHERE out_of_sight_since IS NOT NULL ORDER BY 1
"""
_DELETED = "SELECT issue_key FROM jira.deleted_issues ORDER BY 1"


def copied(copy: OddCopy) -> None:
    copy.backfill([MONTH])
    copy.build()


def days(copy: OddCopy) -> None:
    for _ in range(2):
        copy.poll()
        copy.sweep()
        copy.take_census()
        copy.catch_up()
    assert copy.queued() == []


def test_an_issue_is_marked_while_its_level_hides_it(tmp_path: Path) -> None:
    with odd_copy([full_issue(n, security=STAFF) for n in (1, 2)], tmp_path) as (site, copy):
        copied(copy)
        hidden = site.get("10001")
        site.delete("10001")  # to us it is as if its level were another one
        days(copy)
        assert copy.rows(_MARKED) == [("SUP-1", "security level")]
        assert copy.rows(_DELETED) == []
        site.put(hidden)
        days(copy)
        assert copy.rows(_MARKED) == []


def test_an_event_that_names_the_level_hides_an_issue_that_had_none(tmp_path: Path) -> None:
    with odd_copy([full_issue(1), full_issue(2)], tmp_path) as (site, copy):
        copied(copy)
        item = {"field": "security", "fieldId": "security", "from": None, "to": "1", "toString": "Staff"}
        said = change(site, "10001")
        site.delete("10001")
        copy.deliver(json.dumps(json.loads(said) | {"changelog": {"items": [item]}}).encode())
        copy.take_census()
        copy.catch_up()
        days(copy)
        assert copy.rows(_MARKED) == [("SUP-1", "security level")]
        copy.deliver(body("jira:issue_deleted", 2, issue={"id": "10001", "key": "SUP-1"}))
        copy.catch_up()
        assert copy.rows(_DELETED) == [("SUP-1",)]


def test_a_hidden_issue_of_which_an_event_says_so_is_deleted(tmp_path: Path) -> None:
    with odd_copy([full_issue(n, security=STAFF) for n in (1, 2)], tmp_path) as (site, copy):
        copied(copy)
        said = delete(site, "10001")
        copy.take_census()
        copy.catch_up()
        assert copy.rows(_MARKED) == [("SUP-1", "security level")]
        copy.deliver(said)
        copy.catch_up()
        assert copy.rows(_DELETED) == [("SUP-1",)]


def test_an_archived_issue_is_marked_and_keeps_its_rows(tmp_path: Path) -> None:
    archived: set[str] = set()

    def archive(asked: Asked, answered: Answered) -> None:
        if asked.method == "POST" and isinstance(answered.json, dict) and "issues" in answered.json:
            answered.json["issues"] = [each for each in answered.issues if each["id"] not in archived]

    with odd_copy([full_issue(n, comments=1) for n in range(1, 40)], tmp_path, archive) as (site, copy):
        copied(copy)
        archived.update(str(10_000 + n) for n in range(1, 25))  # more than may be deleted at once
        assert copy.take_census().is_believed
        days(copy)
        assert copy.rows(_DELETED) == []
        assert len(copy.rows(_MARKED)) == 24
        asked = len(copy.proxy.seen)
        copy.take_census()
        assert len(copy.proxy.seen) - asked < 15  # they are not asked for one by one every day
        copy.deliver(change(site, "10001", summary="changed"))
        copy.catch_up()
        assert copy.rows("SELECT summary FROM jira.issues WHERE issue_key = 'SUP-1'") == [("changed",)]
        archived.clear()
        days(copy)
        assert copy.rows(_MARKED) == []


def test_events_about_a_project_that_went_out_of_sight_do_not_wait(tmp_path: Path) -> None:
    issues = [full_issue(1), full_issue(2), full_issue(3, project="ENG")]
    with odd_copy(issues, tmp_path) as (site, copy):
        copied(copy)
        account = copy.sandbox.account
        account.projects = frozenset({"ENG"})
        site.delete("10002")
        for issue_id in ("10001", "10002"):
            copy.deliver(body("comment_created", 1, issue={"id": issue_id}, comment={"id": "1"}))
        copy.catch_up()
        assert copy.queued() == []
        assert copy.rows(_MARKED) == [("SUP-1", "project"), ("SUP-2", "project")]
        account.projects = None
        days(copy)
        assert copy.rows(_MARKED) == []
        assert copy.rows(_DELETED) == [("SUP-2",)]
