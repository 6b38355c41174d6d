from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jira_assets.sandbox.generate import generated_site
from jira_assets_tests.pipeline import Pipeline, pipeline

MONTH = "2026-10"
DRY = {"ops": {"jira__open_ticket_slas": {"config": {"dry_run": True}}}}


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipeline]:
    """A month of a service desk, copied and published, whose clocks run."""
    site = generated_site(80)
    site.slas_run = True
    with pipeline(site, tmp_path) as running:
        assert running.run(MONTH).success
        yield running


def analyst(pipe: Pipeline, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(pipe.folder / "published" / "jira.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_refresh_writes_one_small_table_and_publishes_it(pipe: Pipeline) -> None:
    run = pipe.run_job("refresh_slas")
    assert run.success, run.errors
    (rows,) = pipe.query("SELECT count(*) FROM jira.open_ticket_slas")[0]
    (still_open,) = pipe.query(
        "SELECT count(*) FROM jira.sla_cycles JOIN jira.issues USING (issue_id) "
        "WHERE is_ongoing AND status_category_key <> 'done'"
    )[0]
    assert rows >= still_open > 0
    assert analyst(pipe, "SELECT count(*) FROM jira_open_ticket_slas") == [(rows,)]
    metadata = run.metadata("open_ticket_slas", "")
    assert metadata["dagster/row_count"] == rows
    assert (metadata["healed"], metadata["failed"]) == (0, 0)
    assert all(run.checks().values())
    assert {"open_ticket_slas.schema", "open_ticket_slas.primary_key"} <= run.checks().keys()


def test_analysts_see_the_newer_readings_among_the_issues(pipe: Pipeline) -> None:
    elapsed = (
        "SELECT issue_id, time_to_resolution_elapsed_millis FROM jira_issues "
        "JOIN jira_sla_cycles cycle USING (issue_id) "
        "WHERE is_ongoing AND within_calendar_hours AND sla_field_id = 'customfield_10071' ORDER BY ALL"
    )
    before = analyst(pipe, elapsed)
    assert pipe.run_job("refresh_slas").success
    after = analyst(pipe, elapsed)
    assert [issue_id for issue_id, _ in after] == [issue_id for issue_id, _ in before] != []
    assert all(later > earlier for (_, later), (_, earlier) in zip(after, before, strict=True))


def test_a_dry_run_from_the_launchpad_changes_nothing(pipe: Pipeline) -> None:
    run = pipe.run_job("refresh_slas", DRY)
    assert run.success, run.errors
    assert run.materialized("open_ticket_slas") == []
    (observed,) = run.result.get_asset_observation_events()
    assert "updated" in observed.asset_observation_data.asset_observation.metadata
    assert not (pipe.folder / "published" / "open_ticket_slas").exists()


def test_a_refused_credential_fails_the_run_and_says_what_to_do(pipe: Pipeline) -> None:
    pipe.sandbox.account.revoke()
    run = pipe.run_job("refresh_slas")
    assert not run.success
    assert "401" in run.errors
