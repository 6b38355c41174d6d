"""A site that was restored from a backup shows issues as they were, with the ``updated`` that they had."""

from pathlib import Path

from jira_assets.raw.record import Part
from jira_assets_tests.events.bodies import change
from jira_assets_tests.events.copying import assert_equals_a_backfill
from jira_assets_tests.jira.issues import MONTH, elements, full_issue
from jira_assets_tests.oddities.odd_site import odd_copy

_SUMMARIES = "SELECT issue_key, summary FROM jira.issues ORDER BY ALL"
_BEFORE_LAST_HOUR = "2024-03-02T10:00:00.000+0000"


def test_a_whole_load_follows_a_restored_site(tmp_path: Path) -> None:
    with odd_copy([full_issue(n, comments=2, histories=1) for n in (1, 2)], tmp_path) as (site, copy):
        backup = [site.get("10001"), site.get("10002")]
        change(site, "10001", summary="undone", comment={"comments": elements(5)})
        copy.backfill([MONTH])
        copy.build()
        for issue in backup:
            site.put(issue)
        copy.backfill([MONTH])
        copy.build()
        assert copy.rows(_SUMMARIES) == [("SUP-1", "Issue 1"), ("SUP-2", "Issue 2")]
        assert copy.rows("SELECT count(*) FROM jira.comments") == [(4,)]
        assert_equals_a_backfill(copy, tmp_path / "fresh")


def test_what_happens_after_a_restore_is_followed_as_ever(tmp_path: Path) -> None:
    with odd_copy([full_issue(1)], tmp_path) as (site, copy):
        backup = site.get("10001")
        change(site, "10001", summary="undone", updated="2024-09-01T10:00:00.000+0000")
        copy.backfill([MONTH])
        site.put(backup)
        copy.backfill([MONTH])
        backup["fields"] |= {"summary": "edited", "updated": _BEFORE_LAST_HOUR}
        site.put(backup)
        copy.catch_up()
        assert copy.rows(_SUMMARIES) == [("SUP-1", "edited")]
        assert copy.queue.months() == []
        copy.backfill([MONTH])
        copy.build()
        assert copy.rows(_SUMMARIES) == [("SUP-1", "edited")]


def test_a_search_that_lags_behind_is_not_followed(tmp_path: Path) -> None:
    with odd_copy([full_issue(1)], tmp_path) as (site, copy):
        site.hold_search()
        copy.backfill([MONTH])
        copy.applied(change(site, "10001", summary="new"), month=MONTH)
        copy.backfill([MONTH])
        copy.build()
        assert copy.rows(_SUMMARIES) == [("SUP-1", "new")]
        assert copy.queue.months() == []


def test_reads_that_lag_behind_mislead_only_until_they_have_caught_up(tmp_path: Path) -> None:
    with odd_copy([full_issue(1)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.applied(change(site, "10001", summary="new"), month=MONTH)
        copy.build()
        stale = full_issue(1)
        new = site.get("10001")
        site.put(stale)
        copy.backfill([MONTH])
        copy.catch_up(rounds=2)
        assert copy.rows(_SUMMARIES) == [("SUP-1", "Issue 1")]
        site.put(new)
        copy.catch_up()
        assert copy.rows(_SUMMARIES) == [("SUP-1", "new")]
        assert copy.queue.months() == []


def test_a_deleted_issue_that_a_restore_brings_back_is_there_as_it_was(tmp_path: Path) -> None:
    with odd_copy([full_issue(1), full_issue(2)], tmp_path) as (site, copy):
        backup = site.get("10001")
        change(site, "10001", summary="undone")
        copy.backfill([MONTH])
        copy.build()
        site.delete("10001")
        copy.take_census(max_deleted_percent=100)
        copy.catch_up()
        assert copy.rows(_SUMMARIES) == [("SUP-2", "Issue 2")]
        site.put(backup)
        copy.backfill([MONTH])
        copy.build()
        assert copy.rows(_SUMMARIES) == [("SUP-1", "Issue 1"), ("SUP-2", "Issue 2")]
        (issue, _) = copy.raw.latest(MONTH)
        assert issue.payloads.keys() >= {Part.ISSUE, Part.COMMENTS}


def test_an_issue_whose_corrected_month_a_restore_undoes_is_back_in_its_old_one(tmp_path: Path) -> None:
    march = "2024-03"
    with odd_copy([full_issue(1, comments=1), full_issue(2)], tmp_path) as (site, copy):
        backup = site.get("10001")
        copy.backfill([MONTH])
        copy.build()
        copy.deliver(change(site, "10001", created="2024-03-05T10:00:00.000+0000"))
        copy.catch_up()
        assert copy.rows("SELECT month FROM jira.issues ORDER BY issue_key") == [(march,), (MONTH,)]
        site.put(backup)
        copy.backfill([MONTH, march])
        copy.catch_up()
        assert copy.rows("SELECT month FROM jira.issues ORDER BY issue_key") == [(MONTH,), (MONTH,)]
        assert copy.queue.months() == []
        assert_equals_a_backfill(copy, tmp_path / "fresh")
