"""Issues that are of a month without a partition, and issues that leave their month, as Dagster runs them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from jira_assets.inbox.queue import Queue
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.timestamps import month_of
from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.pipeline import pipeline

JANUARY, MARCH = "2024-01", "2024-03"
QUEUED_ONLY = {"ops": {"raw_issues": {"config": {"queued_only": True}}}}
_PLACES = "SELECT issue_key, month FROM {} ORDER BY ALL"


def on(month: str) -> str:
    return f"{month}-01T00:00:00.000+0000"


def test_issues_of_months_that_have_not_begun_are_kept_and_published_with_the_last_one(
    tmp_path: Path,
) -> None:
    last = month_of(datetime.now(UTC))
    with pipeline(
        Site([full_issue(1, created=on(last)), full_issue(2, created=on("2031-05"))]), tmp_path
    ) as pipe:
        run = pipe.run(last)
        assert run.success, run.errors
        expected = [("SUP-1", last), ("SUP-2", "2031-05")]
        assert pipe.query(_PLACES.format("jira.issues")) == expected
        assert pipe.published(_PLACES.format("jira_issues")) == expected
        assert run.materialized("issues") == [last]
        assert run.offenders("issues.month_has_begun") == ["SUP-2, created 2031-05-01 00:00:00+00"]
        assert run.metadata("raw_issues", last)["later_months"] == ["2031-05: 1 issues"]


def test_a_run_of_another_month_leaves_those_alone(tmp_path: Path) -> None:
    with pipeline(Site([full_issue(1), full_issue(2, created=on("2031-05"))]), tmp_path) as pipe:
        assert pipe.run(JANUARY).success
        assert pipe.query(_PLACES.format("jira.issues")) == [("SUP-1", JANUARY)]


@pytest.mark.parametrize("months", [(JANUARY, MARCH), (MARCH, JANUARY)])
def test_an_issue_that_leaves_its_month_is_published_in_its_new_one_only(
    tmp_path: Path, months: tuple[str, str]
) -> None:
    site = Site([full_issue(1), full_issue(2)])
    with pipeline(site, tmp_path) as pipe:
        assert pipe.run(JANUARY).success
        change(site, "10001", created=on(MARCH))
        for month in months:
            run = pipe.run(month)
            assert run.success, run.errors
            assert run.materialized("issues") == [month]
        queue = Queue(Settings.load().queue_dir)
        while waiting := queue.months():
            for month in waiting:
                assert pipe.run(month, config=QUEUED_ONLY).success
        assert pipe.published(_PLACES.format("jira_issues")) == [("SUP-1", MARCH), ("SUP-2", JANUARY)]


def test_an_issue_that_leaves_the_range_that_is_copied_is_named(tmp_path: Path) -> None:
    site = Site([full_issue(1), full_issue(2)])
    with pipeline(site, tmp_path, JIRA_START_MONTH=JANUARY) as pipe:
        assert pipe.run(JANUARY).success
        change(site, "10001", created=on("2023-11"))
        run = pipe.run(JANUARY)
        assert run.success, run.errors
        assert run.metadata("raw_issues", JANUARY)["moved_before_start_month"] == ["SUP-1 (2023-11)"]
        assert pipe.published(_PLACES.format("jira_issues")) == [("SUP-2", JANUARY)]
