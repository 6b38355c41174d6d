"""Times of issues that lie in Jira's future: what imports write is nobody's clock."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jira_assets.inbox.queue import Item
from jira_assets.raw.record import Source
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import iso
from jira_assets.settings import Settings
from jira_assets.sync.health.measure import measure
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, OddCopy, as_it_is, odd_copy

FUTURE = "2031-05-05T10:00:00.000+0000"
ISSUES = [full_issue(1), full_issue(2), full_issue(3, updated=FUTURE)]


def without_time(asked: Asked, answered: Answered) -> None:
    del asked
    answered.headers.pop("Date", None)


def edit(site: Site, issue_id: str) -> None:
    """As Jira does: it is updated now, whatever others are."""
    issue = site.get(issue_id)
    issue["fields"] |= {"updated": iso(site.clock()), "summary": "edited without an event"}
    site.put(issue)


def copied(copy: OddCopy) -> None:
    copy.backfill([MONTH])
    copy.build()
    copy.sweep()


def values(copy: OddCopy, ahead: timedelta = timedelta(0)) -> Any:
    settings = Settings({"JIRA_DATA_DIR": str(copy.database.parent)})
    return measure(settings, copy.client, datetime.now(UTC) + ahead).values


@pytest.mark.parametrize("hook", [as_it_is, without_time])
def test_it_moves_no_cursor(tmp_path: Path, hook: Any) -> None:
    with odd_copy(ISSUES, tmp_path, hook) as (site, copy):
        copied(copy)
        edit(site, "10001")
        assert copy.sweep().outdated == ["SUP-1"]
        assert copy.sweep().queued == 0


def test_a_cursor_that_an_older_version_left_in_the_future_heals(tmp_path: Path) -> None:
    with odd_copy(ISSUES, tmp_path) as (site, copy):
        copied(copy)
        (file,) = (copy.database.parent / "reconcile").iterdir()
        file.write_text(json.dumps({"SUP": "2031-05-05T10:00:00Z"}))
        edit(site, "10001")
        assert copy.sweep().outdated == ["SUP-1"]
        assert "2031" not in file.read_text()


def test_it_hides_no_lag(tmp_path: Path) -> None:
    with odd_copy(ISSUES, tmp_path) as (site, copy):
        copied(copy)
        assert values(copy)["behind_s"] == 0
        edit(site, "10001")
        late = values(copy, ahead=timedelta(hours=1))
        assert late["behind_s"] >= 3599
        assert late["newest_update_here"].year == 2024
        assert late["newest_update_in_jira"].year < 2031


def test_an_edit_of_an_issue_from_the_future_is_noticed(tmp_path: Path) -> None:
    with odd_copy(ISSUES, tmp_path) as (site, copy):
        copied(copy)
        edit(site, "10003")
        assert copy.sweep().outdated == ["SUP-3"]


def test_an_issue_from_the_future_is_compared_by_every_sweep(tmp_path: Path) -> None:
    with odd_copy(ISSUES, tmp_path) as (site, copy):
        copied(copy)
        assert copy.sweep().queued == 0
        site.move("SUP-3", "ENG-3")
        issue = site.get("10003")
        issue["fields"]["updated"] = FUTURE
        site.put(issue)
        assert copy.sweep().outdated == ["ENG-3"]


def test_it_is_not_read_again_every_day_nor_taken_for_a_lost_event(tmp_path: Path) -> None:
    done = {"name": "Done", "statusCategory": {"key": "done", "name": "Done"}}
    with odd_copy([full_issue(1, updated=FUTURE, status=done)], tmp_path) as (_, copy):
        copied(copy)
        now = datetime.now(UTC)
        assert copy.known.unread(now, now - timedelta(days=7), [MONTH], 10) == []
        item = Item("10001", "a difference", datetime.now(UTC), Source.RECONCILE)
        copy.queue.put({MONTH: [item]})
        copy.catch_up()
        assert values(copy)["healed_issues"] == 0
