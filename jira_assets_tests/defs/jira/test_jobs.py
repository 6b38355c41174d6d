"""Every job, each as Dagster runs it: with its own selection and its own config."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import DagsterInstance

from jira_assets.definitions import defs
from jira_assets.inbox.queue import Item, Queue
from jira_assets.sandbox.site import Site
from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.pipeline import Pipeline, pipeline

FIRST, SECOND = "10001", "10002"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A site of one month, and a data folder with it."""
    site = Site([full_issue(number, comments=3, remote_links=1) for number in (1, 2)])
    with pipeline(site, tmp_path_factory.mktemp("stored")) as pipe:
        run = pipe.run_job("sync_months", month=MONTH)
        assert run.success, run.errors
        assert run.materialized("published") == [MONTH]
        assert run.checks()["completeness.complete"]
        yield pipe


@pytest.fixture
def pipe(stored: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """A copy of the folder, with a history of its own. At another address the site would be another."""
    sandbox = stored.sandbox
    before = [sandbox.site.get(issue_id) for issue_id in (FIRST, SECOND)]
    sandbox.traffic.requests.clear()
    folder = shutil.copytree(stored.folder, tmp_path / "data")
    monkeypatch.setenv("JIRA_DATA_DIR", str(folder))
    with DagsterInstance.ephemeral() as instance:
        yield Pipeline(sandbox, folder, instance)
    sandbox.faults.clear()
    for issue in before:
        sandbox.site.put(issue)


@pytest.fixture
def queue(pipe: Pipeline) -> Queue:
    return Queue(pipe.folder / "queue")


def ask_for(queue: Queue, *issue_ids: str) -> None:
    queue.put({MONTH: [Item(issue_id, "an event", datetime.now(UTC)) for issue_id in issue_ids]})


def summaries(pipe: Pipeline) -> list[str]:
    rows = pipe.published("SELECT summary FROM jira_issues ORDER BY issue_id")
    return [summary for (summary,) in rows]


def test_the_jobs_are_those_that_tests_execute() -> None:
    assert {job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__")} == {
        "apply_events",
        "audit_published",  # in test_audit.py
        "measure_health",
        "rebuild_months",
        "refresh_fields",
        "refresh_lookups",
        "refresh_slas",
        "retain_history",  # in history/test_deletion.py
        "sweep_recent",
        "sync_months",
        "take_census",
    }


def test_an_event_run_fetches_what_waits_and_nothing_else_and_plans_no_check(
    pipe: Pipeline, queue: Queue
) -> None:
    for issue_id in (FIRST, SECOND):
        change(pipe.sandbox.site, issue_id, summary=f"new {issue_id}")
    ask_for(queue, FIRST)
    run = pipe.run_job("apply_events", month=MONTH)
    assert run.success, run.errors
    assert summaries(pipe) == [f"new {FIRST}", "Issue 2"]
    assert queue.items(MONTH) == []
    assert run.checks() == {}
    assert pipe.failed_checks() == set()


def test_an_event_run_that_cannot_fetch_a_part_is_red_and_publishes_the_rest(
    pipe: Pipeline, queue: Queue
) -> None:
    change(pipe.sandbox.site, FIRST, summary="new")
    pipe.sandbox.faults.fail_part(FIRST, "remotelink", 403)
    ask_for(queue, FIRST)
    run = pipe.run_job("apply_events", month=MONTH)
    assert not run.success
    assert f"every_part_fetched failed for {MONTH}" in run.errors
    assert pipe.failed_checks() == {"raw_issues.every_part_fetched", "completeness.complete"}
    assert summaries(pipe) == ["new", "Issue 2"]
    assert pipe.published("SELECT count(*) FROM jira_remote_links") == [(2,)]
    assert [item.issue_id for item in queue.items(MONTH)] == [FIRST]


def test_an_event_run_of_a_month_that_is_incomplete_is_red(pipe: Pipeline, queue: Queue) -> None:
    pipe.change(
        f"UPDATE jira.completeness SET expected = 4 WHERE part = 'comments' AND issue_id = '{SECOND}'"
    )
    ask_for(queue, FIRST)
    run = pipe.run_job("apply_events", month=MONTH)
    assert not run.success
    assert f"complete failed for {MONTH}" in run.errors
    assert "every_part_fetched" not in run.errors
    assert pipe.failed_checks() == {"completeness.complete"}


def test_an_event_run_of_a_month_whose_log_is_damaged_is_red_and_publishes_nothing(
    pipe: Pipeline, queue: Queue
) -> None:
    (segment, *_) = sorted((pipe.folder / "raw" / "issues" / MONTH).glob("*.parquet"))
    segment.write_bytes(segment.read_bytes()[:100])
    change(pipe.sandbox.site, FIRST, summary="new")
    ask_for(queue, FIRST)
    run = pipe.run_job("apply_events", month=MONTH)
    assert not run.success
    assert str(segment) in run.errors
    assert run.materialized("published") == []
    assert summaries(pipe) == ["Issue 1", "Issue 2"]


def test_an_event_run_of_a_month_whose_rows_break_a_rule_is_red_and_publishes_nothing(
    pipe: Pipeline, queue: Queue
) -> None:
    pipe.change(f"INSERT INTO jira.issues SELECT * FROM jira.issues WHERE issue_id = '{SECOND}'")
    change(pipe.sandbox.site, FIRST, summary="new")
    ask_for(queue, FIRST)
    run = pipe.run_job("apply_events", month=MONTH)
    assert not run.success
    assert f"{MONTH}: it is published as it was: issues.primary_key failed" in run.errors
    assert run.materialized("published") == []
    assert summaries(pipe) == ["Issue 1", "Issue 2"]


def test_months_are_rebuilt_and_published_without_jira(pipe: Pipeline) -> None:
    shutil.rmtree(pipe.folder / "published")
    pipe.database.unlink()
    run = pipe.run_job("rebuild_months", month=MONTH)
    assert run.success, run.errors
    assert summaries(pipe) == ["Issue 1", "Issue 2"]
    assert pipe.sandbox.requests == []


def test_the_sweep_queues_what_was_changed_and_the_census_what_was_deleted(
    pipe: Pipeline, queue: Queue
) -> None:
    change(pipe.sandbox.site, FIRST, summary="nobody told")
    swept = pipe.run_job("sweep_recent")
    assert swept.success, swept.errors
    assert [item.issue_id for item in queue.items(MONTH)] == [FIRST]
    pipe.sandbox.site.delete(SECOND)
    counted = pipe.run_job("take_census")
    assert counted.success, counted.errors
    assert {item.issue_id for item in queue.items(MONTH)} == {FIRST, SECOND}
    assert summaries(pipe) == ["Issue 1", "Issue 2"]


def test_what_is_of_no_month_is_refreshed_each_by_its_own_job(pipe: Pipeline) -> None:
    for job, asset in (
        ("refresh_fields", "jira_fields"),
        ("refresh_lookups", "jira_statuses"),
        ("refresh_slas", "open_ticket_slas"),
        ("measure_health", "data_health"),
    ):
        run = pipe.run_job(job)
        assert run.success, run.errors
        assert run.materialized(asset) == [""], job
    assert pipe.query("SELECT count(*) > 0 FROM jira.jira_fields") == [(True,)]
