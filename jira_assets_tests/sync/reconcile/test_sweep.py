import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jira_assets.jira.errors import JiraError, ProjectsNotVisible
from jira_assets.raw.record import Source
from jira_assets.sandbox import faults
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import iso
from jira_assets.timestamps import epoch_milliseconds
from jira_assets_tests.events.bodies import change
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.openapi import assert_valid_request

FIRST, FIFTH = "10001", "10005"
NOW = iso(epoch_milliseconds(datetime.now(UTC)))


def test_where_nothing_is_stored_nothing_is_asked(tmp_path: Path) -> None:
    with serve(Site([full_issue(1)])) as sandbox:
        assert Copy(sandbox, tmp_path).sweep().issues == 0
        assert sandbox.requests == []


def test_what_is_stored_as_jira_shows_it_is_not_queued(copied: Copy) -> None:
    change(copied.sandbox.site, FIRST, summary="new")
    copied.sweep()
    copied.catch_up()
    assert copied.sweep().issues == 1
    assert copied.queued() == []


def test_what_was_updated_by_a_clock_that_is_years_behind_is_found(tmp_path: Path) -> None:
    site = Site([full_issue(1)], clock=lambda: epoch_milliseconds(datetime(2024, 3, 2, tzinfo=UTC)))
    with serve(site) as sandbox:
        copied = Copy(sandbox, tmp_path)
        copied.backfill([MONTH])
        copied.build()
        change(site, FIRST)
        assert copied.sweep().outdated == ["SUP-1"]


def test_what_was_updated_since_it_was_fetched_is_queued(copied: Copy) -> None:
    change(copied.sandbox.site, FIRST, summary="new")
    swept = copied.sweep()
    assert (swept.outdated, swept.unknown, swept.queued) == (["SUP-1"], [], 1)
    (item,) = copied.queue.items(MONTH)
    assert (item.issue_id, item.source, item.project) == (FIRST, Source.RECONCILE, "SUP")
    copied.catch_up()
    assert copied.queued() == []
    (stored,) = copied.raw.latest(MONTH, [FIRST])
    assert stored.source == "reconcile"


def test_what_is_not_stored_is_queued(copied: Copy) -> None:
    copied.sandbox.site.put(full_issue(9, updated=NOW))
    assert copied.sweep().unknown == ["SUP-9"]
    copied.catch_up()
    assert copied.known.months(["10009"]) == {"10009": MONTH}


def test_found_twice_it_is_queued_once(copied: Copy) -> None:
    change(copied.sandbox.site, FIRST)
    assert [copied.sweep().queued for _ in range(2)] == [1, 0]
    change(copied.sandbox.site, FIRST)
    assert copied.sweep().queued == 1


def test_the_next_sweep_begins_a_quarter_of_an_hour_before_the_last_by_jiras_clock(copied: Copy) -> None:
    site = copied.sandbox.site
    latest = site.next_moment()
    for number, minutes in ((1, 0), (2, 14), (3, 16)):
        issue = site.get(f"1000{number}")
        issue["fields"]["updated"] = iso(latest - minutes * 60_000)
        site.put(issue)
    assert sorted(copied.sweep().outdated) == ["SUP-1", "SUP-2", "SUP-3"]
    assert copied.sweep().issues == 2


def test_what_search_did_not_show_yet_is_found_by_the_next_sweep(copied: Copy) -> None:
    site = copied.sandbox.site
    site.hold_search()
    change(site, FIRST)
    assert copied.sweep().outdated == []
    site.release_search()
    assert copied.sweep().outdated == ["SUP-1"]


def test_what_search_shows_as_it_was_before_is_not_queued(copied: Copy) -> None:
    site = copied.sandbox.site
    change(site, FIRST)
    site.hold_search()
    site.move("SUP-1", "ENG-9")
    copied.deliver(change(site, FIRST))
    copied.catch_up()
    assert copied.sweep().queued == 0


def test_a_moved_issue_is_outdated(copied: Copy) -> None:
    copied.sandbox.site.move("SUP-1", "ENG-9")
    assert copied.sweep().outdated == ["ENG-9"]


@pytest.mark.parametrize("after", range(1, 6))
def test_a_sweep_that_fails_is_made_up_for_by_the_next(copied: Copy, after: int) -> None:
    """Whichever of its requests it is that fails."""
    change(copied.sandbox.site, FIRST)
    copied.sandbox.faults.add(faults.failing(403), after=after)
    with pytest.raises(JiraError):
        copied.sweep()
    copied.sandbox.faults.clear()
    copied.queue.remove(MONTH, copied.queue.items(MONTH))
    assert copied.sweep().outdated == ["SUP-1"]


def test_a_damaged_cursor_only_makes_the_sweep_longer(copied: Copy, tmp_path: Path) -> None:
    change(copied.sandbox.site, FIRST)
    copied.sweep()
    for path in (tmp_path / "copy" / "reconcile").iterdir():
        path.write_bytes(b"nonsense")
    assert copied.sweep().outdated == ["SUP-1"]


def test_a_month_that_nobody_has_copied_is_left_alone(copied: Copy) -> None:
    copied.sandbox.site.put(full_issue(9, created="2023-05-05T10:00:00.000+0000", updated=NOW))
    swept = copied.sweep()
    assert (swept.queued, swept.left_out) == (0, {"2023-05": 1})


def test_so_is_one_before_the_first(copied: Copy) -> None:
    copied.sandbox.site.put(full_issue(9, created="2012-05-05T10:00:00.000+0000", updated=NOW))
    swept = copied.sweep()
    assert (swept.queued, swept.left_out) == (0, {})


def test_a_month_that_has_begun_since_is_copied(copied: Copy) -> None:
    copied.sandbox.site.put(full_issue(9, created=NOW, updated=NOW))
    assert copied.sweep().unknown == ["SUP-9"]


def test_only_the_configured_projects_are_swept(copied: Copy, tmp_path: Path) -> None:
    ours = Copy(copied.sandbox, tmp_path / "copy", ["SUP"])
    change(copied.sandbox.site, FIRST)
    change(copied.sandbox.site, FIFTH)
    assert ours.sweep().outdated == ["SUP-1"]


def test_a_configured_project_that_cannot_be_seen_is_told_and_stops_no_other(
    copied: Copy, tmp_path: Path
) -> None:
    ours = Copy(copied.sandbox, tmp_path / "copy", ["SUP", "ENG"])
    copied.sandbox.account.projects = frozenset({"SUP"})
    change(copied.sandbox.site, FIRST)
    swept = ours.sweep()
    assert (swept.outdated, swept.lost) == (["SUP-1"], ["ENG"])
    copied.sandbox.account.projects = frozenset({"OTHER"})
    with pytest.raises(ProjectsNotVisible, match="no project is visible"):
        ours.sweep()


def test_a_project_that_could_not_be_seen_is_swept_from_where_it_was_left(copied: Copy) -> None:
    site, account = copied.sandbox.site, copied.sandbox.account
    copied.sweep()
    account.projects = frozenset({"SUP"})
    change(site, FIFTH)
    # An hour later, by Jira's clock.
    issue = site.get(FIRST)
    issue["fields"]["updated"] = iso(site.next_moment() + 3_600_000)
    site.put(issue)
    assert copied.sweep().outdated == ["SUP-1"]
    account.projects = None
    assert "ENG-5" in copied.sweep().outdated


def test_defect_37_times_are_epoch_milliseconds_and_the_requests_are_documented(copied: Copy) -> None:
    change(copied.sandbox.site, FIRST)
    copied.sandbox.traffic.requests.clear()
    copied.sweep()
    searches = [request for request in copied.sandbox.requests if request.path.endswith("/search/jql")]
    assert len(searches) == 2
    for request in searches:
        assert_valid_request(request.method, request.path, request.query, request.json())


def test_what_a_log_from_a_backup_lacks_is_found_again(copied: Copy, tmp_path: Path) -> None:
    log = tmp_path / "copy" / "raw" / "issues"
    copied.sweep()
    shutil.copytree(log, tmp_path / "backup")
    change(copied.sandbox.site, FIRST, summary="new")
    copied.sweep()
    copied.catch_up()
    copied.sweep()
    shutil.rmtree(log)
    (tmp_path / "backup").rename(log)
    copied.applied(change(copied.sandbox.site, FIFTH, summary="newer"), month=MONTH)
    copied.build()
    assert copied.sweep().outdated == ["SUP-1"]
    copied.catch_up()
    assert copied.sweep().outdated == []


def test_what_a_backup_of_the_copy_lacks_is_found_however_far_the_sweeps_had_come(
    copied: Copy, tmp_path: Path
) -> None:
    site, folder = copied.sandbox.site, tmp_path / "copy"
    parts = ("raw", "warehouse.duckdb", "warehouse.duckdb.wal")
    for part in parts:
        keep = shutil.copytree if (folder / part).is_dir() else shutil.copy2
        keep(folder / part, tmp_path / part)
    change(site, FIRST, summary="lost")
    copied.sweep()
    copied.catch_up()
    later = site.get(FIFTH)
    later["fields"]["updated"] = iso(site.next_moment() + 1_800_000)
    site.put(later)
    copied.sweep()
    copied.catch_up()
    assert copied.sweep().outdated == []
    shutil.rmtree(folder / "raw")
    for part in parts:
        (tmp_path / part).rename(folder / part)
    assert sorted(copied.sweep().outdated) == ["ENG-5", "SUP-1"]
