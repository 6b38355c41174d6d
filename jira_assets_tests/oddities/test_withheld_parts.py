"""Parts that a setting, a right or a scope keeps from all issues: no failure of each of them."""

from pathlib import Path
from typing import Any

import pytest

from jira_assets.raw.record import NOT_GRANTED, Part
from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, Hook, OddCopy, odd_copy

_ISSUES = [full_issue(number, worklogs=1, remote_links=1) for number in range(1, 41)]
_SAID = {
    "remotelink": (403, "Issue linking is disabled."),
    "worklog": (404, "Time Tracking is not enabled."),
}


def refusing(part: str, status: int, message: str) -> Hook:
    """The endpoint refuses, and issues come without the part."""

    def hook(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith(f"/{part}"):
            answered.refuse(status, message)
        for issue in answered.issues:
            issue.get("fields", {}).pop(part, None)

    return hook


def failed(copy: OddCopy) -> list[tuple[Any, ...]]:
    return copy.rows("SELECT part, count(*) FROM jira.completeness WHERE error IS NOT NULL GROUP BY 1")


@pytest.mark.parametrize("part", _SAID)
def test_what_the_endpoint_says_is_switched_off_is_no_failure(tmp_path: Path, part: str) -> None:
    with odd_copy(_ISSUES, tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.proxy.hook = refusing(part, *_SAID[part])
        before = copy.proxy.count(f"/{part}")
        copy.backfill([MONTH])
        copy.build()
        assert failed(copy) == []
        assert list(copy.raw.failures()) == []
        assert copy.proxy.count(f"/{part}") - before <= 16
        said = change(site, "10001", summary="new")
        assert copy.applied(said, month=MONTH) == "1 settled, 0 waiting, 0 given up, [] deleted"
        copy.build()
        assert copy.rows("SELECT count(*) FROM jira.worklogs") == [(40,)]
        assert copy.rows("SELECT count(*) FROM jira.remote_links") == [(40,)]


@pytest.mark.parametrize("setting", ["issueLinkingEnabled", "timeTrackingEnabled"])
def test_what_the_site_has_switched_off_is_not_asked_for(tmp_path: Path, setting: str) -> None:
    part = {"issueLinkingEnabled": "remotelink", "timeTrackingEnabled": "worklog"}[setting]
    with odd_copy(_ISSUES[:5], tmp_path) as (site, copy):
        site.switched_off.add(setting)
        copy.backfill([MONTH])
        copy.build()
        assert failed(copy) == []
        assert copy.proxy.count("/configuration") == 1
        assert copy.proxy.count(f"/{part}") == 0


def test_what_one_issue_or_project_is_refused_says_nothing_of_the_others(tmp_path: Path) -> None:
    def hook(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/10003/remotelink"):
            answered.refuse(403, "You do not have the permission to see the specified issue.")
        if asked.path.endswith("/10004/remotelink"):
            answered.refuse(403, "Issue linking is disabled.")

    issues = [full_issue(n, project="ENG" if n == 4 else "SUP", remote_links=1) for n in range(1, 21)]
    with odd_copy(issues, tmp_path, hook) as (_, copy):
        copy.backfill([MONTH])
        copy.build()
        assert [(each.issue_id, each.part) for each in copy.raw.failures()] == [("10003", Part.REMOTE_LINKS)]
        assert copy.rows("SELECT count(*) FROM jira.remote_links") == [(18,)]


@pytest.mark.parametrize(
    ("status", "message"), [(401, "Unauthorized; scope does not match"), (403, "You may not.")]
)
def test_a_part_that_the_account_may_not_read_of_any_issue_is_told_by_one_check(
    tmp_path: Path, status: int, message: str
) -> None:
    with odd_copy(_ISSUES, tmp_path, refusing("remotelink", status, message)) as (_, copy):
        copy.backfill([MONTH])
        copy.build()
        [(told, count)] = copy.rows(
            "SELECT any_value(error), count(*) FROM jira.completeness WHERE error IS NOT NULL"
        )
        assert told.startswith(NOT_GRANTED)
        assert count == 40
        assert list(copy.raw.failures()) == []
        assert copy.proxy.count("/remotelink") <= 25 + 8


def test_a_scope_that_one_endpoint_lacks_stops_nothing_else(tmp_path: Path) -> None:
    hook = refusing("list", 401, "Unauthorized; scope does not match")
    issues = [full_issue(number, comments=2) for number in range(1, 31)]
    with odd_copy(issues, tmp_path, hook) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        site.delete("10003")
        with pytest.raises(Exception, match="lacks a scope: make one with read:jira-work"):
            copy.take_census()
        copy.catch_up()
        assert copy.rows("SELECT count(*) FROM jira.issues") == [(29,)]
