"""In a run of many months one fails: the others are stored, built and published, and the run names it."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dagster._core.execution.plan import active

from jira_assets.inbox.queue import Item, Queue
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.timestamps import month_of
from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, Hook, odd_pipeline
from jira_assets_tests.pipeline import Pipeline

JANUARY, FEBRUARY, MARCH = "2024-01", "2024-02", "2024-03"
REBUILD = {"ops": {"jira_tables": {"config": {"rebuild": True}}}}
ASSETS = ("raw_issues", "issues", "published")


def _issues() -> list[dict[str, Any]]:
    return [full_issue(n, created=f"2024-0{n}-02T10:00:00.000+0000", comments=2) for n in (1, 2, 3)]


class Refusal:
    """Refuses whatever holds the issue of February, or with status 200 lets its pages never end."""

    status: int | None = 400

    def __call__(self, asked: Asked, answered: Answered) -> None:
        is_february = any(issue["id"] == "10002" for issue in answered.issues)
        if self.status == 200 and (is_february or "again" in str(asked.body)):
            answered.status, answered.json = 200, {"issues": [], "nextPageToken": "again", "isLast": False}
        elif self.status not in (None, 200) and is_february:
            answered.refuse(self.status, "Nothing for you.")


@pytest.fixture
def refusal() -> Refusal:
    return Refusal()


@pytest.fixture
def pipe(refusal: Refusal, tmp_path: Path) -> Iterator[Pipeline]:
    with odd_pipeline(_issues(), tmp_path, refusal) as ready:
        yield ready


def shown(pipe: Pipeline) -> list[str]:
    return [key for (key,) in pipe.published("SELECT issue_key FROM jira_issues ORDER BY ALL")]


@pytest.mark.parametrize("status", [400, 401], ids=["refused", "wrong token"])
def test_months_that_were_fetched_are_built_and_published(
    pipe: Pipeline, refusal: Refusal, status: int
) -> None:
    refusal.status = status
    run = pipe.run(JANUARY, MARCH)
    fetched = [JANUARY, MARCH] if status == 400 else [JANUARY]
    assert not run.success
    assert f"{FEBRUARY}: it was not fetched: " in run.errors
    assert "Nothing for you." in run.errors
    assert {asset: run.materialized(asset) for asset in ASSETS} == dict.fromkeys(ASSETS, fetched)
    failed = {FEBRUARY, MARCH} - {*fetched}
    assert {asset: pipe.failed_partitions(asset) for asset in ASSETS} == dict.fromkeys(ASSETS, failed)
    assert run.metadata("raw_issues", JANUARY)["issues"] == 1
    assert run.metadata("issues", JANUARY)["dagster/partition_row_count"] == 1
    assert shown(pipe) == [f"SUP-{month[-1]}" for month in fetched]
    assert "PLANNED" not in pipe.shown_checks().values()
    refusal.status = None
    assert pipe.run(JANUARY, MARCH).success
    assert shown(pipe) == ["SUP-1", "SUP-2", "SUP-3"]
    assert pipe.failed_partitions("raw_issues") == set()


def test_what_may_pass_is_tried_again_before_the_others_go_on_without_it(
    pipe: Pipeline, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal.status = 200
    clock = FastClock()
    monkeypatch.setattr(active, "time", clock)
    run = pipe.run(JANUARY, MARCH, config={"execution": {"config": {"retries": {"enabled": {}}}}})
    assert len(clock.slept) == 2
    assert not run.success
    assert "the same page token twice" in run.errors
    assert run.materialized("published") == [JANUARY, MARCH]


def test_what_passed_when_it_was_tried_again_is_no_failure(
    pipe: Pipeline, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal.status = 200
    monkeypatch.setattr(active, "time", FastClock(lambda: setattr(refusal, "status", None)))
    monkeypatch.setenv("JIRA_PROJECTS", "SUP,NOPE")
    run = pipe.run(JANUARY, MARCH, config={"execution": {"config": {"retries": {"enabled": {}}}}})
    assert not run.success
    assert run.errors.endswith("Failure: NOPE cannot be seen: only the other projects were copied\n")
    assert run.materialized("published") == [JANUARY, FEBRUARY, MARCH]


def test_a_run_that_repeats_another_has_not_failed_where_that_one_did(
    pipe: Pipeline, refusal: Refusal
) -> None:
    assert not pipe.run(JANUARY, MARCH).success
    (first,) = pipe.instance.get_runs()
    assert any("failed_in_raw_issues" in tag for tag in first.tags)
    refusal.status = None
    again = pipe.run(JANUARY, MARCH, tags=first.tags)
    assert again.success, again.errors
    assert again.materialized("published") == [JANUARY, FEBRUARY, MARCH]


def refuse_its_month(asked: Asked, answered: Answered) -> None:
    """Refuses what lists issue 10002 between two dates."""
    if "created <" in str(asked.body) and any(issue["id"] == "10002" for issue in answered.issues):
        answered.refuse(400, "Nothing for you.")


@pytest.mark.parametrize(
    ("hook", "named"), [(refuse_its_month, "2031-05"), (Refusal(), "later than ")], ids=["read", "looked for"]
)
@pytest.mark.parametrize("assets", [(), ("raw_issues",)], ids=["all", "raw_issues"])
def test_what_has_not_begun_and_cannot_be_fetched_keeps_the_last_month_from_nothing(
    tmp_path: Path, hook: Hook, named: str, assets: tuple[str, ...]
) -> None:
    last = month_of(datetime.now(UTC))
    begun, later = (
        full_issue(n, created=f"{month}-01T00:00:00.000+0000") for n, month in ((1, last), (2, "2031-05"))
    )
    with odd_pipeline([begun, later], tmp_path, hook) as pipe:
        run = pipe.run(last, assets=assets)
        assert not run.success
        assert named in run.errors
        assert ": it was not fetched: POST /rest/api/3/search/jql: 400, Nothing for you." in run.errors
        assert run.materialized("raw_issues") == [last]
        assert run.metadata("raw_issues", last)["issues"] == 1
        if not assets:
            assert run.materialized("published") == [last]
            assert shown(pipe) == ["SUP-1"]


def test_a_month_that_has_not_begun_turns_the_run_of_the_last_one_red_while_a_part_is_missing(
    tmp_path: Path,
) -> None:
    last = month_of(datetime.now(UTC))
    later = full_issue(2, created="2031-05-01T00:00:00.000+0000", comments=120)
    with odd_pipeline([full_issue(1, created=f"{last}-01T00:00:00.000+0000"), later], tmp_path) as pipe:
        pipe.sandbox.faults.fail_part("10002", "remotelink", 403)
        run = pipe.run(last)
        assert not run.success
        assert "every_part_fetched failed for 2031-05" in run.errors
        pipe.sandbox.faults.clear()
        run = pipe.run(last)
        assert run.success, run.errors
        assert "raw_issues.every_part_fetched" not in pipe.failed_checks()


class FastClock:
    """For whoever waits with `time`: it does not take long."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.slept: list[float] = []
        self._meanwhile = meanwhile

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._meanwhile()

    def time(self) -> float:
        return time.time() + sum(self.slept)


def test_a_run_of_which_every_month_fails_ends_at_once(pipe: Pipeline) -> None:
    run = pipe.run(FEBRUARY)
    assert not run.success
    assert "Nothing for you." in run.errors
    assert {asset: run.materialized(asset) for asset in ASSETS} == {asset: [] for asset in ASSETS}
    assert "PLANNED" not in pipe.shown_checks().values()


def test_a_run_without_tables_is_red_as_well(pipe: Pipeline) -> None:
    run = pipe.run(JANUARY, MARCH, assets=["raw_issues"])
    assert not run.success
    assert "Nothing for you." in run.errors
    assert run.materialized("raw_issues") == [JANUARY, MARCH]
    tables = pipe.run(JANUARY, MARCH, assets=["issues"])
    assert tables.success, tables.errors


def test_an_issue_whose_log_cannot_be_read_holds_up_its_own_month(pipe: Pipeline, refusal: Refusal) -> None:
    refusal.status = None
    assert pipe.run(JANUARY, MARCH).success
    (segment,) = (pipe.folder / "raw" / "issues" / JANUARY).glob("*.parquet")
    segment.write_bytes(segment.read_bytes()[:100])
    run = pipe.run(JANUARY, MARCH, assets=["issues", "published"], config=REBUILD)
    assert not run.success
    assert str(segment) in run.errors
    for asset in ("issues", "published"):
        assert run.materialized(asset) == [FEBRUARY, MARCH]
        assert pipe.failed_partitions(asset) == {JANUARY}
    assert shown(pipe) == ["SUP-1", "SUP-2", "SUP-3"]


def test_what_was_not_foreseen_in_a_month_harms_no_other(
    pipe: Pipeline, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal.status = None
    mark_whole = RawLog.mark_whole

    def on_a_full_disk(raw: RawLog, month: str) -> None:
        if month == FEBRUARY:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        mark_whole(raw, month)

    monkeypatch.setattr(RawLog, "mark_whole", on_a_full_disk)
    run = pipe.run(JANUARY, MARCH)
    assert f"{FEBRUARY}: it was not fetched: OSError: [Errno 28] No space left on device" in run.errors
    assert run.materialized("published") == [JANUARY, MARCH]


def test_an_event_is_applied_while_another_month_is_broken(pipe: Pipeline, refusal: Refusal) -> None:
    refusal.status = None
    assert pipe.run(JANUARY, MARCH).success
    pipe.change("INSERT INTO jira.issues SELECT * FROM jira.issues WHERE month = '2024-01'")
    assert not pipe.run(JANUARY, assets=["published"]).success
    change(pipe.sandbox.site, "10003", summary="new")
    Queue(Settings.load().queue_dir).put({MARCH: [Item("10003", "an event", datetime.now(UTC))]})
    run = pipe.run_job("apply_events", month=MARCH)
    assert run.success, run.errors
    assert run.materialized("published") == [MARCH]
    summaries = pipe.published("SELECT summary FROM jira_issues ORDER BY issue_id")
    assert summaries == [("Issue 1",), ("Issue 2",), ("new",)]
    assert "issues.primary_key" in pipe.failed_checks()


def test_a_table_of_other_columns_is_the_only_one_that_is_held_back(pipe: Pipeline, refusal: Refusal) -> None:
    refusal.status = None
    assert pipe.run(JANUARY).success
    pipe.change("ALTER TABLE jira.comments ADD COLUMN surprise INTEGER; UPDATE jira.issues SET summary = 'x'")
    run = pipe.run(JANUARY, assets=["published"])
    assert not run.success
    assert "comments is published as it was: comments.schema failed (surprise is INTEGER" in run.errors
    assert pipe.published("SELECT summary FROM jira_issues") == [("x",)]
    assert pipe.published("SELECT count(*) FROM jira_comments") == [(2,)]


def test_a_damaged_published_file_is_published_anew_by_whatever_month_is_next(
    pipe: Pipeline, refusal: Refusal
) -> None:
    refusal.status = None
    assert pipe.run(JANUARY, MARCH).success
    file = pipe.folder / "published" / "issues" / f"{JANUARY}.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    run = pipe.run(MARCH)
    assert run.success, run.errors
    assert file.read_bytes() == whole
    assert shown(pipe) == ["SUP-1", "SUP-2", "SUP-3"]
    assert [path.name for path in file.parent.iterdir() if path.suffix != ".parquet"] == []
