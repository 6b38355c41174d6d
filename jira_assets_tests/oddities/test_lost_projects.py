"""A project that is archived, renamed, misspelt or out of sight stops only itself."""

import logging
from pathlib import Path

import pytest

from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.sync.download import Download
from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import odd_copy
from jira_assets_tests.pipeline import pipeline

FEBRUARY = "2024-02"


def test_sweeps_polls_and_censuses_of_the_others_go_on(tmp_path: Path) -> None:
    open_ = {"name": "Open", "statusCategory": {"key": "new", "name": "To Do"}}
    issues = [full_issue(1, status=open_), full_issue(2), full_issue(3, project="ENG", status=open_)]
    with odd_copy(issues, tmp_path, projects=["SUP", "ENG"]) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        copy.sandbox.account.projects = frozenset({"SUP"})
        change(site, "10001", summary="new")
        copy.poll()
        assert copy.queued() == ["10001"]
        site.put(full_issue(4))
        assert copy.sweep().lost == ["ENG"]
        assert copy.take_census().unknown == ["SUP-4"]
        copy.backfill([FEBRUARY])
        copy.catch_up()
        keys = [key for (key,) in copy.rows("SELECT issue_key FROM jira.issues ORDER BY 1")]
        assert keys == ["ENG-3", "SUP-1", "SUP-2", "SUP-4"]


@pytest.mark.parametrize("configured", [[], ["SUP", "ENG"]])
@pytest.mark.parametrize("after", [4, 7, 10])
def test_a_project_that_is_lost_midway_costs_one_month(
    tmp_path: Path, after: int, configured: list[str]
) -> None:
    issues = [full_issue(n, created=f"2024-0{n}-02T10:00:00.000+0000") for n in (1, 2, 3)]
    issues += [full_issue(n + 3, project="ENG", created=f"2024-0{n}-03T10:00:00.000+0000") for n in (1, 2, 3)]
    with odd_copy(issues, tmp_path, projects=configured) as (_, copy), copy.client() as client:
        copy.sandbox.account.lose_rights(frozenset({"SUP"}), after=after)
        download = Download(Settings(copy.variables), client, logging.getLogger(__name__))
        download.run([MONTH, FEBRUARY, "2024-03"], queued_only=False)
        (error,) = download.failed.values()
        assert "ENG could be seen before this month was read" in str(error)
        assert len(download.fetched) == 2
        assert not any(copy.raw.is_whole(month) for month in download.failed)


def test_what_was_not_seen_is_copied_when_it_is_seen_again(tmp_path: Path) -> None:
    issues = [full_issue(1), full_issue(3, project="ENG")]
    with odd_copy(issues, tmp_path, projects=["SUP", "ENG"]) as (_, copy):
        copy.sandbox.account.projects = frozenset({"SUP"})
        copy.backfill([MONTH])
        copy.build()
        assert copy.take_census().lost == ["ENG"]
        copy.sandbox.account.projects = None
        assert copy.take_census().unknown == ["ENG-3"]
        copy.catch_up()
        assert len(copy.rows("SELECT * FROM jira.issues")) == 2


def test_a_run_copies_and_publishes_the_others_and_names_the_lost_one(tmp_path: Path) -> None:
    site = Site([full_issue(1), full_issue(2, created="2024-02-02T10:00:00.000+0000")])
    with pipeline(site, tmp_path, JIRA_PROJECTS="SUP,NOPE") as pipe:
        run = pipe.run(MONTH, FEBRUARY)
        assert run.materialized("raw_issues") == [MONTH, FEBRUARY]
        assert pipe.published("SELECT count(*) FROM jira_issues") == [(2,)]
        assert run.metadata("raw_issues", MONTH)["projects_lost"] == ["NOPE"]
        assert not run.success
        assert "NOPE cannot be seen" in run.errors
        assert not pipe.run(MONTH, assets=["raw_issues"]).success
        health = pipe.run_job("measure_health")
        assert [name for name, passed in health.checks().items() if not passed] == [
            "data_health.projects_visible"
        ]
