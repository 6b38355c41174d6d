"""Deletions that nobody tells of, on small sites, and what looks like them."""

import json
from pathlib import Path

import pytest

from jira_assets_tests.jira.issues import MONTH, elements, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, odd_copy

DONE = {"name": "Done", "statusCategory": {"key": "done", "name": "Done"}}
LONG_AGO = "2024-02-01T10:00:00.000+0000"


def test_one_of_ten_issues_and_one_of_four_comments_may_be_deleted(tmp_path: Path) -> None:
    issues = [full_issue(n, comments=4 if n == 1 else 0) for n in range(1, 11)]
    with odd_copy(issues, tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        site.delete("10005")
        issue = site.get("10001")
        issue["fields"]["comment"]["comments"].pop()
        site.put(issue)
        assert copy.take_census().is_believed
        copy.catch_up()
        assert copy.rows("SELECT count(*) FROM jira.issues") == [(9,)]
        assert copy.rows("SELECT count(*) FROM jira.comments") == [(3,)]


@pytest.mark.parametrize(("limit", "left"), [(2, 0), (1, 2)])
def test_worklogs_that_are_deleted_in_bulk_are_found(tmp_path: Path, limit: int, left: int) -> None:
    """No event, and `updated` does not move."""
    old = [full_issue(n, status=DONE, updated=LONG_AGO) for n in (1, 2)]
    old[0]["fields"]["worklog"] = {"worklogs": elements(2, first_id=7000)}
    with odd_copy(old, tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        issue = site.get("10001")
        issue["fields"]["worklog"] = {"worklogs": []}
        site.put(issue)
        copy.take_census(max_deleted_issues=limit)
        copy.catch_up()
        assert copy.rows("SELECT count(*) FROM jira.worklogs") == [(left,)]


def test_comments_of_issues_that_cannot_be_seen_do_not_count_as_gone(tmp_path: Path) -> None:
    """Thirty are out of sight with their issue, and one is deleted: that one is believed."""
    issues = [full_issue(1), full_issue(2, project="ENG")]
    issues[0]["fields"]["comment"] = {"comments": elements(5, first_id=7000)}
    issues[1]["fields"]["comment"] = {"comments": elements(30, first_id=8000)}
    with odd_copy(issues, tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        issue = site.get("10001")
        issue["fields"]["comment"]["comments"].pop()
        site.put(issue)
        copy.sandbox.account.projects = frozenset({"SUP"})
        copy.take_census(max_deleted_percent=20, max_deleted_issues=0)
        copy.catch_up()
        assert copy.rows("SELECT count(*) FROM jira.comments") == [(34,)]


def test_an_issue_that_is_deleted_while_its_month_is_read_is_gone_a_day_later(tmp_path: Path) -> None:
    def midway(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/10003/remotelink"):
            answered.refuse(404)

    with odd_copy([full_issue(n) for n in range(1, 6)], tmp_path, midway) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        site.delete("10003")
        copy.take_census()
        copy.catch_up()
        assert copy.rows("SELECT count(*) FROM jira.issues") == [(4,)]
        assert list(copy.raw.failures()) == []


def test_a_restricted_comment_goes_and_its_event_does_not_wait(tmp_path: Path) -> None:
    """Jira neither counts nor shows it to us any more."""
    with odd_copy([full_issue(1, comments=3)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        issue = site.get("10001")
        restricted = issue["fields"]["comment"]["comments"].pop()
        site.put(issue)
        said = {"timestamp": 1, "webhookEvent": "comment_updated", "issue": {"id": "10001"}}
        copy.deliver(json.dumps(said | {"comment": restricted}).encode())
        copy.catch_up()
        assert copy.queued() == []
        assert copy.rows("SELECT count(*) FROM jira.comments") == [(2,)]
