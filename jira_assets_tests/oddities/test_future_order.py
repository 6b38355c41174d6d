"""An import gives issues an ``updated`` in the future: a value, and no time by which anything is ordered."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from jira_assets.sandbox.times import iso
from jira_assets.timestamps import epoch_milliseconds
from jira_assets_tests.events.bodies import body, issue_event
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import odd_copy

_FUTURE = "2031-05-05T10:00:00.000+0000"
_SHOWN = "SELECT summary, updated_at::VARCHAR LIKE '2031%' FROM jira.issues"


@pytest.mark.parametrize("by_event", [False, True])
def test_an_edit_after_an_import_from_the_future_is_not_shadowed(tmp_path: Path, by_event: bool) -> None:
    with odd_copy([full_issue(1, updated=_FUTURE)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        assert copy.rows(_SHOWN) == [("Issue 1", True)]
        issue = site.get("10001")
        now = epoch_milliseconds(datetime.now(UTC))
        issue["fields"] |= {"summary": "edited", "updated": iso(now + 1000)}
        site.put(issue)
        if by_event:
            assert copy.applied(issue_event(site, "10001"), month=MONTH).startswith("1 settled")
        else:
            copy.backfill([MONTH])
        copy.build()
        assert copy.rows(_SHOWN) == [("edited", False)]


def test_events_that_expect_the_future_are_settled_by_it_and_by_what_comes_after_it(tmp_path: Path) -> None:
    with odd_copy([full_issue(1)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        imported = full_issue(1, summary="imported", updated=_FUTURE)
        shown = {"id": "10001", "fields": {"created": imported["fields"]["created"], "updated": _FUTURE}}
        said = body("jira:issue_updated", datetime.now(UTC), issue=shown)
        copy.build()
        assert copy.applied(said, month=MONTH).startswith("0 settled, 1 waiting")  # it is not there yet
        site.put(imported)
        copy.catch_up()
        assert copy.queue.months() == []
        assert copy.rows(_SHOWN) == [("imported", True)]
        site.put(
            imported
            | {"fields": imported["fields"] | {"updated": iso(epoch_milliseconds(datetime.now(UTC)))}}
        )
        assert copy.applied(said, month=MONTH).startswith("1 settled")


def test_what_reconciliation_finds_from_the_future_is_settled(tmp_path: Path) -> None:
    with odd_copy([full_issue(1)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        site.put(full_issue(1, summary="imported", updated=_FUTURE))
        assert copy.sweep().outdated == ["SUP-1"]
        copy.catch_up()
        assert copy.queue.months() == []
        assert copy.rows(_SHOWN) == [("imported", True)]
