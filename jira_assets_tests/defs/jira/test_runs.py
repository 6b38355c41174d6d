"""Runs of one month, of a range and of some tables, over one generated site."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from jira_assets.sandbox.generate import generated_site
from jira_assets_tests.default_tables import TABLES
from jira_assets_tests.pipeline import Pipeline, Run, pipeline

REBUILD = {"ops": {"jira_tables": {"config": {"rebuild": True}}}}


@dataclass
class Runs:
    """The same pipeline after a run of its second month, and then of the range that it is in."""

    pipeline: Pipeline
    months: list[str]
    single: Run
    shown_after_single: dict[str, str]
    ranged: Run

    @property
    def everything(self) -> list[dict[str, Any]]:
        site = self.pipeline.sandbox.site
        return [site.get(issue.id) for issue in site]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with pipeline(generated_site(60), tmp_path_factory.mktemp("runs")) as pipe:
        months = [f"2026-{number:02}" for number in range(1, 11)]
        single = pipe.run(months[1])
        shown = pipe.shown_checks()
        yield Runs(pipe, months, single, shown, pipe.run(months[0], months[-1]))


def test_runs_succeed(runs: Runs) -> None:
    assert runs.single.success, runs.single.errors
    assert runs.ranged.success, runs.ranged.errors


def test_a_run_records_its_month_only(runs: Runs) -> None:
    for asset in ("raw_issues", "issues", "remote_links", "published"):
        assert runs.single.materialized(asset) == [runs.months[1]]


def test_a_range_records_each_of_its_months_even_those_without_issues(runs: Runs) -> None:
    for asset in ("raw_issues", "issues", "remote_links", "published"):
        assert runs.ranged.materialized(asset) == runs.months
    assert runs.ranged.metadata("issues", "2026-04")["dagster/partition_row_count"] == 0


def _cycles(issue: dict[str, Any]) -> int:
    slas = [each for each in issue["fields"].values() if isinstance(each, dict) and "completedCycles" in each]
    return sum(len(sla["completedCycles"]) + bool(sla.get("ongoingCycle")) for sla in slas)


def test_every_issue_of_the_site_is_there_with_all_that_it_has(runs: Runs) -> None:
    issues = runs.everything
    expected = {
        "issues": len(issues),
        "comments": sum(len((issue["fields"]["comment"] or {}).get("comments", ())) for issue in issues),
        "attachments": sum(len(issue["fields"]["attachment"] or ()) for issue in issues),
        "changelog": sum(len(h["items"]) for issue in issues for h in issue["changelog"]["histories"]),
        "issuelinks": sum(len(issue["fields"]["issuelinks"] or ()) for issue in issues),
        "remote_links": sum(len(issue["remotelinks"]) for issue in issues),
        "worklogs": sum(len(issue["fields"]["worklog"]["worklogs"]) for issue in issues),
        "sla_cycles": sum(map(_cycles, issues)),
        "completeness": 6 * len(issues),
        "unreadable_values": 0,
        "deleted_issues": 0,
    }
    stored = {table.name: runs.pipeline.query(f"SELECT count(*) FROM jira.{table.name}") for table in TABLES}
    assert stored == {name: [(count,)] for name, count in expected.items()}


def test_the_published_copy_is_the_tables(runs: Runs) -> None:
    for table in TABLES:
        query = "SELECT month, issue_id, count(*) FROM {} GROUP BY ALL ORDER BY ALL"
        stored = runs.pipeline.query(query.format(f"jira.{table.name}"))
        assert runs.pipeline.published(query.format(f"jira_{table.name}")) == stored


def test_metadata_count_the_rows_of_each_month(runs: Runs) -> None:
    for table in ("issues", "changelog"):
        stored = dict(runs.pipeline.query(f"SELECT month, count(*) FROM jira.{table} GROUP BY ALL"))
        shown = {
            month: runs.ranged.metadata(table, month)["dagster/partition_row_count"] for month in runs.months
        }
        assert shown == {month: stored.get(month, 0) for month in runs.months}


def test_metadata_tell_what_a_fetch_cost(runs: Runs) -> None:
    metadata = runs.single.metadata("raw_issues", runs.months[1])
    assert metadata["issues"] == runs.single.metadata("issues", runs.months[1])["dagster/partition_row_count"]
    assert metadata["requests"] > 0
    assert metadata["bytes"] > 0
    assert {"seconds", "throttled_seconds", "retries"} <= metadata.keys()


def test_the_query_in_the_metadata_gives_the_rows_of_the_run(runs: Runs) -> None:
    month = runs.months[1]
    found = runs.pipeline.query(runs.single.metadata("comments", month)["Query"])
    assert len(found) == runs.single.metadata("comments", month)["dagster/partition_row_count"]


@pytest.mark.parametrize("which", ["single", "range"])
def test_after_a_run_every_check_is_shown_as_it_was_found(runs: Runs, which: str) -> None:
    run = runs.single if which == "single" else runs.ranged
    shown = runs.shown_after_single if which == "single" else runs.pipeline.shown_checks()
    verdicts = {name: "SUCCEEDED" if passed else "FAILED" for name, passed in run.checks().items()}
    assert shown == verdicts
    assert {name for name, status in shown.items() if status != "SUCCEEDED"} == {"issues.fresh"}


def test_tables_are_rebuilt_from_raw_without_calling_jira(runs: Runs) -> None:
    before = runs.pipeline.query("SELECT * FROM jira.changelog ORDER BY ALL")
    runs.pipeline.change("DELETE FROM jira.changelog")
    requests = len(runs.pipeline.sandbox.requests)
    run = runs.pipeline.run(
        runs.months[0], runs.months[-1], assets=[table.name for table in TABLES], config=REBUILD
    )
    assert run.success, run.errors
    assert len(runs.pipeline.sandbox.requests) == requests
    assert runs.pipeline.query("SELECT * FROM jira.changelog ORDER BY ALL") == before
    assert run.materialized("raw_issues") == []


def test_some_tables_are_rebuilt_and_the_others_left_alone(runs: Runs) -> None:
    month = runs.months[-1]
    runs.pipeline.change(
        "UPDATE jira.comments SET author_name = 'x'; UPDATE jira.changelog SET author_name = 'x'"
    )
    run = runs.pipeline.run(month, assets=["issues", "comments"], config=REBUILD)
    assert run.success, run.errors
    assert run.materialized("comments") == [month]
    assert run.materialized("changelog") == []
    spoiled = "SELECT count(*) > 0 FROM jira.{} WHERE month = '{}' AND author_name = 'x'"
    assert runs.pipeline.query(spoiled.format("comments", month)) == [(False,)]
    assert runs.pipeline.query(spoiled.format("changelog", month)) == [(True,)]
    assert {name.split(".")[0] for name in run.checks()} == {"issues", "comments"}


def test_what_has_not_changed_is_not_written_again(runs: Runs) -> None:
    month = runs.months[1]
    run = runs.pipeline.run(month, assets=["issues", "comments"])
    assert run.success, run.errors
    assert run.metadata("issues", month)["rows_written_by_run"] == 0
    assert run.metadata("issues", month)["dagster/partition_row_count"] > 0
