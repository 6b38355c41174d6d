"""The IO manager between assets: what it loads, what it refuses, and how it waits."""

from collections.abc import Iterator

import polars as pl
import pytest
from dagster import AssetExecutionContext, AssetIn, asset, materialize

from jira_assets.definitions import resources
from jira_assets.defs.jira.tables import jira_tables
from jira_assets.defs.keys import asset_key
from jira_assets.defs.partitions import BACKFILL, MONTHS
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.sandbox.site import Site
from jira_assets_tests.default_tables import BY_NAME
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.pipeline import Pipeline, pipeline
from jira_assets_tests.warehouse.holder import held

JANUARY, FEBRUARY = "2024-01", "2024-02"
seen: dict[str, pl.DataFrame] = {}


@asset(
    ins={name: AssetIn(asset_key(name)) for name in ("issues", "comments")},
    partitions_def=MONTHS,
    backfill_policy=BACKFILL,
)
def downstream(context: AssetExecutionContext, issues: pl.DataFrame, comments: pl.DataFrame) -> None:
    context.log.debug("loaded")
    seen.update(issues=issues, comments=comments)


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    site = Site([full_issue(1, comments=3), full_issue(2, created="2024-02-03T10:00:00.000+0000")])
    with pipeline(site, tmp_path_factory.mktemp("io")) as ready:
        run = ready.run(JANUARY, FEBRUARY)
        assert run.success, run.errors
        yield ready


def load(month: str) -> dict[str, pl.DataFrame]:
    """What an asset downstream of two tables is given."""
    given = resources(SiteCopy())
    result = materialize(
        [jira_tables, downstream],
        selection=[downstream],
        partition_key=month,
        resources={**given, "io_manager": given["warehouse"]},
    )
    assert result.success
    return seen


@pytest.mark.usefixtures("pipe")
def test_an_asset_downstream_is_given_its_months_as_frames() -> None:
    frames = load(JANUARY)
    assert frames["issues"].schema == BY_NAME["issues"].schema
    assert frames["issues"]["issue_key"].to_list() == ["SUP-1"]
    assert frames["comments"].height == 3


@pytest.mark.usefixtures("pipe")
def test_a_month_without_rows_is_an_empty_frame_with_all_columns() -> None:
    frames = load(FEBRUARY)
    assert frames["comments"].is_empty()
    assert frames["comments"].schema == BY_NAME["comments"].schema


def test_a_run_waits_while_somebody_holds_the_database(pipe: Pipeline) -> None:
    with held(pipe.database, seconds=1.5):
        run = pipe.run(JANUARY)
    assert run.success, run.errors


def test_somebody_who_keeps_the_database_is_named(pipe: Pipeline) -> None:
    before = pipe.query("SELECT * FROM jira.comments ORDER BY ALL")
    impatient = {"resources": {"warehouse": {"config": {"patience_s": 0.2}}}}
    with held(pipe.database) as holder:
        run = pipe.run(JANUARY, config=impatient)
    assert not run.success
    assert f"is held by process {holder} " in run.errors
    assert "PLANNED" not in pipe.shown_checks().values()
    assert pipe.query("SELECT * FROM jira.comments ORDER BY ALL") == before
    again = pipe.run(JANUARY)
    assert again.success, again.errors


def test_defect_19_an_emptied_month_keeps_its_watermark_and_no_rows(pipe: Pipeline) -> None:
    issue = pipe.sandbox.site.get("10001")
    issue["fields"]["comment"]["comments"] = []
    pipe.sandbox.site.put(issue)
    run = pipe.run(JANUARY)
    assert run.success, run.errors
    assert run.metadata("comments", JANUARY)["dagster/partition_row_count"] == 0
    assert pipe.query("SELECT count(*) FROM jira.comments") == [(0,)]
