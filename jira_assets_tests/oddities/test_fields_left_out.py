"""Jira leaves out of a good answer what it failed to load: what was stored of that stays."""

from pathlib import Path
from typing import Any

import pytest

from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, OddCopy, odd_copy

_FILE = {"id": "9", "filename": "a.txt", "created": "2024-02-01T00:00:00.000+0000", "size": 1}
_LINK = {"id": "8", "type": {"name": "Blocks"}, "outwardIssue": {"id": "10002", "key": "SUP-2"}}
_FIELDS: dict[str, Any] = {
    "attachment": [_FILE],
    "issuelinks": [_LINK],
    "description": "long text",
    "assignee": {"accountId": "5b", "displayName": "Mia"},
    "labels": ["x"],
    "customfield_10100": 5,
}
_SHOWN = """
    SELECT description, assignee_name, labels, custom_fields, attachment_count, issuelink_count,
        comment_count, (SELECT count(*) FROM jira.attachments), (SELECT count(*) FROM jira.issuelinks),
        (SELECT count(*) FROM jira.comments)
    FROM jira.issues WHERE issue_key = 'SUP-1'
"""
_TOLD = "SELECT issue_key, part, error FROM jira.completeness WHERE error IS NOT NULL ORDER BY ALL"
_WHOLE = ("long text", "Mia", ["x"], '{"customfield_10100":5}', 1, 1, 1, 1, 1, 1)


def issues() -> list[dict[str, Any]]:
    return [full_issue(1, comments=1, worklogs=1, **_FIELDS), full_issue(2)]


def read_again(copy: OddCopy, said: bytes | None) -> list[tuple[Any, ...]]:
    """The issue after it was read once more: because of an event, or with its whole month."""
    if said is None:
        copy.backfill([MONTH])
    else:
        copy.deliver(said)
        copy.drain()
        copy.apply(MONTH)
    copy.build()
    return copy.rows(_SHOWN)


@pytest.mark.parametrize("by_event", [False, True])
def test_what_one_answer_lacks_and_the_next_one_has_is_stored(tmp_path: Path, by_event: bool) -> None:
    failing: list[str] = []

    def omit(asked: Asked, answered: Answered) -> None:
        for issue in answered.issues if asked.method == "POST" else ():
            for name in failing:
                issue.get("fields", {}).pop(name, None)

    with odd_copy(issues(), tmp_path, omit) as (site, copy):
        assert read_again(copy, None) == [_WHOLE]
        failing += [*_FIELDS, "comment", "worklog"]
        said = change(site, "10001", labels=["x", "y"]) if by_event else None
        expected = (*_WHOLE[:2], ["x", "y"] if by_event else ["x"], *_WHOLE[3:])
        assert read_again(copy, said) == [expected]
        assert copy.rows(_TOLD) == []
        asked_alone = [asked for asked in copy.proxy.seen if "failFast=true" in asked.query]
        assert len(asked_alone) == 1


@pytest.mark.parametrize("by_event", [False, True])
def test_what_cannot_be_loaded_stays_as_it_is_stored_and_is_named(tmp_path: Path, by_event: bool) -> None:
    with odd_copy(issues(), tmp_path) as (site, copy):
        assert read_again(copy, None) == [_WHOLE]
        for name in ("description", "attachment"):
            site.fail_field("10001", name)
        for summary in ("first", "second"):
            said = change(site, "10001", summary=summary, labels=["y"], description="changed")
            assert read_again(copy, said if by_event else None) == [(*_WHOLE[:2], ["y"], *_WHOLE[3:])]
            ((key, part, error),) = copy.rows(_TOLD)
            assert (key, part) == ("SUP-1", "issue")
            assert "attachment, description" in error
        site.failing_fields.clear()
        copy.backfill([MONTH])
        copy.build()
        assert copy.rows(_SHOWN)[0][0] == "changed"
        assert copy.rows(_TOLD) == []


def test_what_a_good_answer_lacks_is_gone(tmp_path: Path) -> None:
    with odd_copy(issues(), tmp_path) as (site, copy):
        assert read_again(copy, None) == [_WHOLE]
        issue = site.get("10001")
        for name in ("assignee", "customfield_10100"):
            del issue["fields"][name]
        site.put(issue)
        ((_, assignee, _, custom_fields, *_),) = read_again(copy, None)
        assert (assignee, custom_fields) == (None, None)
        assert copy.rows(_TOLD) == []
        copy.proxy.seen.clear()
        read_again(copy, None)
        assert copy.proxy.count("/issue/10001") == 1  # nothing but its remote links


def test_a_field_that_the_site_no_longer_has_is_not_asked_for(tmp_path: Path) -> None:
    catalogue = [{"id": name, "name": name} for name in (*_FIELDS, "summary", "created", "updated")]

    def without_field(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/field") and hidden:
            answered.json = [field for field in answered.json if field["id"] != "customfield_10100"]

    hidden: list[bool] = []
    with odd_copy(issues(), tmp_path, without_field, fields=catalogue) as (site, copy):
        assert read_again(copy, None) == [_WHOLE]
        hidden.append(True)
        issue = site.get("10001")
        del issue["fields"]["customfield_10100"]
        site.put(issue)
        assert read_again(copy, None)[0][3] is None
        assert [asked for asked in copy.proxy.seen if "failFast" in asked.query] == []


def test_a_list_that_cannot_be_read_anywhere_keeps_its_count(tmp_path: Path) -> None:
    with odd_copy(issues(), tmp_path) as (site, copy):
        assert read_again(copy, None) == [_WHOLE]
        site.fail_field("10001", "comment")
        copy.sandbox.faults.fail_part("10001", "comment", 404)
        assert read_again(copy, None) == [_WHOLE]
        assert {part for _, part, _ in copy.rows(_TOLD)} == {"issue", "comments"}


def test_an_event_about_a_field_that_cannot_be_loaded_waits_until_it_can(tmp_path: Path) -> None:
    with odd_copy(issues(), tmp_path) as (site, copy):
        assert read_again(copy, None) == [_WHOLE]
        site.fail_field("10001", "description")
        assert read_again(copy, change(site, "10001", description="changed")) == [_WHOLE]
        assert "10001" in copy.queued()
        site.failing_fields.clear()
        copy.catch_up()
        assert (copy.queued(), copy.rows(_SHOWN)) == ([], [("changed", *_WHOLE[1:])])
