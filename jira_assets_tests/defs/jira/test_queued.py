"""Runs that fetch only what waits in the queue."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jira_assets.inbox.events import Expected
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.inbox.queue import Item, Queue
from jira_assets.raw.record import Part
from jira_assets.sandbox import faults
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.pipeline import Pipeline, Run, pipeline

JANUARY, FEBRUARY = "2024-01", "2024-02"
FIRST, SECOND, OF_FEBRUARY = "10001", "10002", "10003"
QUEUED_ONLY = {"ops": {"raw_issues": {"config": {"queued_only": True}}}}
NO_EVENT_WAITS = "raw_issues.no_event_waits"
NEVER = Expected(datetime(2025, 1, 1, tzinfo=UTC), None)  # nothing is as new as that
TABLES = ["issues", "attachments", "issuelinks"]


def _site() -> Site:
    february = "2024-02-03T10:00:00.000+0000"
    return Site([full_issue(1, remote_links=1), full_issue(2), full_issue(3, created=february)])


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with January; February was never fetched."""
    folder = tmp_path_factory.mktemp("stored")
    with pipeline(_site(), folder) as pipe:
        assert pipe.run(JANUARY, assets=["raw_issues", *TABLES]).success
    return folder


@pytest.fixture
def pipe(stored: Path, tmp_path: Path) -> Iterator[Pipeline]:
    folder = shutil.copytree(stored, tmp_path / "data")
    with pipeline(_site(), folder) as ready:
        yield ready


def queue() -> Queue:
    return Queue(Settings.load().queue_dir)


def put(month: str, *issue_ids: str, ago: timedelta = timedelta(0), **members: Any) -> None:
    received = datetime.now(UTC) - ago
    queue().put({month: [Item(issue_id, "an event", received, **members) for issue_id in issue_ids]})


def waiting(month: str = JANUARY) -> list[str]:
    return [item.issue_id for item in queue().items(month)]


def queued(pipe: Pipeline, *months: str) -> Run:
    return pipe.run(*(months or (JANUARY,)), assets=["raw_issues"], config=QUEUED_ONLY)


def counts(run: Run, month: str = JANUARY) -> dict[str, Any]:
    metadata = run.metadata("raw_issues", month)
    names = ("issues", "events_settled", "events_waiting", "events_given_up", "deleted_issues")
    return {name: metadata[name] for name in names if name in metadata}


def summaries(pipe: Pipeline) -> dict[str, str]:
    """Of the issues that the raw log holds, deleted ones left out."""
    issues = (issue for month in pipe.raw.months() for issue in pipe.raw.latest(month) if issue.payloads)
    return {issue.issue_id: json.loads(issue.payloads[Part.ISSUE])["fields"]["summary"] for issue in issues}


def test_exactly_the_queued_issues_are_fetched(pipe: Pipeline) -> None:
    for issue_id in (FIRST, SECOND):
        change(pipe.sandbox.site, issue_id, summary="new")
    put(JANUARY, FIRST)
    run = queued(pipe)
    assert run.success, run.errors
    assert summaries(pipe) == {FIRST: "new", SECOND: "Issue 2"}
    assert counts(run) == {
        "issues": 1,
        "events_settled": 1,
        "events_waiting": 0,
        "events_given_up": 0,
        "deleted_issues": 0,
    }
    assert waiting() == []
    assert run.checks()[NO_EVENT_WAITS]


def test_a_run_that_fetches_a_month_whole_says_nothing_of_events(pipe: Pipeline) -> None:
    put(JANUARY, FIRST)
    run = pipe.run(JANUARY, assets=["raw_issues"])
    assert counts(run) == {"issues": 2}
    assert waiting() == [FIRST]


def test_an_event_that_comes_after_the_run_was_asked_for_goes_along(pipe: Pipeline) -> None:
    said = change(pipe.sandbox.site, FIRST, summary="new")
    Inbox(Settings.load().inbox_dir).add([Delivery.arrived("delivery", datetime.now(UTC), None, said)])
    assert counts(queued(pipe))["events_settled"] == 1
    assert summaries(pipe)[FIRST] == "new"


def test_a_month_without_work_asks_for_no_issue(pipe: Pipeline) -> None:
    before = len(pipe.sandbox.requests)
    assert queued(pipe).success
    assert [request.path for request in pipe.sandbox.requests[before:]] == ["/rest/api/3/field"]


def test_a_month_that_was_never_fetched_whole_is(pipe: Pipeline) -> None:
    pipe.sandbox.site.put(full_issue(4, created="2024-02-09T10:00:00.000+0000"))
    put(FEBRUARY, OF_FEBRUARY)
    first = queued(pipe, FEBRUARY)
    assert counts(first, FEBRUARY)["issues"] == 3  # one of them twice
    assert {OF_FEBRUARY, "10004"} <= summaries(pipe).keys()
    put(FEBRUARY, OF_FEBRUARY)
    assert counts(queued(pipe, FEBRUARY), FEBRUARY)["issues"] == 1


def test_a_month_whose_fetch_broke_off_is_not_whole(pipe: Pipeline) -> None:
    put(FEBRUARY, OF_FEBRUARY)
    pipe.sandbox.account.lose_rights(after=6)
    assert not queued(pipe, FEBRUARY).success
    assert not pipe.raw.is_whole(FEBRUARY)
    assert waiting(FEBRUARY) == [OF_FEBRUARY]


def test_a_range_applies_each_of_its_months(pipe: Pipeline) -> None:
    put(JANUARY, FIRST)
    put(FEBRUARY, OF_FEBRUARY)
    run = queued(pipe, JANUARY, FEBRUARY)
    assert [counts(run, month)["events_settled"] for month in (JANUARY, FEBRUARY)] == [1, 1]
    assert queue().months() == []


def test_what_jira_does_not_show_yet_stays_and_the_run_is_green(pipe: Pipeline) -> None:
    pipe.sandbox.site.hold_reads()
    change(pipe.sandbox.site, FIRST, summary="new")
    put(JANUARY, FIRST, expected=Expected(datetime.now(UTC), None))
    run = queued(pipe)
    assert run.success, run.errors
    assert counts(run)["events_waiting"] == 1
    assert waiting() == [FIRST]
    assert run.checks()[NO_EVENT_WAITS]


def test_what_waits_for_too_long_fails_the_check(pipe: Pipeline) -> None:
    put(JANUARY, FIRST, ago=timedelta(minutes=3), expected=NEVER)
    run = queued(pipe)
    assert not run.checks()[NO_EVENT_WAITS]
    assert run.offenders(NO_EVENT_WAITS) == [f"{JANUARY}: 1 waiting"]


def test_what_never_comes_is_given_up_and_the_check_is_well_again(pipe: Pipeline) -> None:
    put(JANUARY, FIRST, ago=timedelta(minutes=61), expected=NEVER)
    run = queued(pipe)
    assert counts(run)["events_given_up"] == 1
    assert waiting() == []
    assert run.checks()[NO_EVENT_WAITS]


def test_defect_8_a_failed_run_keeps_the_items_and_the_rows(pipe: Pipeline) -> None:
    put(JANUARY, FIRST, ago=timedelta(minutes=90))
    pipe.sandbox.faults.add(faults.failing(403), path="issue/bulkfetch")
    run = queued(pipe)
    assert not run.success
    assert waiting() == [FIRST]
    assert summaries(pipe) == {FIRST: "Issue 1", SECOND: "Issue 2"}
    assert pipe.shown_checks()[NO_EVENT_WAITS] == "FAILED"


def test_defect_7_a_part_that_fails_keeps_the_item_and_the_rows(pipe: Pipeline) -> None:
    put(JANUARY, FIRST)
    pipe.sandbox.faults.fail_part(FIRST, "remotelink", 403)
    run = queued(pipe)
    assert waiting() == [FIRST]
    assert run.metadata("raw_issues", JANUARY)["failed_parts"] == 1
    assert len(json.loads(next(pipe.raw.latest(JANUARY, [FIRST])).payloads[Part.REMOTE_LINKS])) == 1


def test_a_deleted_issue_is_gone_and_stays_so_when_all_is_rebuilt(pipe: Pipeline) -> None:
    pipe.sandbox.site.delete(FIRST)
    put(JANUARY, FIRST, is_deletion=True, project="SUP")
    run = queued(pipe)
    assert run.success, run.errors
    assert counts(run)["deleted_issues"] == 1
    rebuild = {"ops": {"jira_tables": {"config": {"rebuild": True}}}}
    assert pipe.run(JANUARY, assets=TABLES, config=rebuild).success
    assert pipe.query("SELECT issue_id FROM jira.issues") == [(SECOND,)]


def test_defect_11_a_backfill_whose_search_still_lists_a_deleted_issue_does_not_bring_it_back(
    pipe: Pipeline,
) -> None:
    pipe.sandbox.site.hold_search()
    pipe.sandbox.site.delete(FIRST)
    put(JANUARY, FIRST, is_deletion=True, project="SUP")
    assert queued(pipe).success
    assert pipe.run(JANUARY, assets=["raw_issues"]).metadata("raw_issues", JANUARY)["issues"] == 2
    assert summaries(pipe).keys() == {SECOND}


def test_an_issue_that_is_there_again_is_stored_again(pipe: Pipeline) -> None:
    issue = pipe.sandbox.site.get(FIRST)
    pipe.sandbox.site.delete(FIRST)
    put(JANUARY, FIRST, is_deletion=True, project="SUP")
    assert queued(pipe).success
    pipe.sandbox.site.put(issue)
    assert pipe.run(JANUARY, assets=["raw_issues"]).success
    assert summaries(pipe).keys() == {FIRST, SECOND}


def test_a_deletion_that_cannot_be_confirmed_removes_nothing(pipe: Pipeline) -> None:
    pipe.sandbox.account.projects = frozenset()
    put(JANUARY, FIRST, is_deletion=True, project="SUP")
    run = queued(pipe)
    assert counts(run)["deleted_issues"] == 0
    assert waiting() == [FIRST]
    assert FIRST in summaries(pipe)
