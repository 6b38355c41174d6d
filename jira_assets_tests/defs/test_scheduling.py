from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    ScheduleDefinition,
    SkipReason,
    build_schedule_context,
    instance_for_test,
)
from dagster._core.test_utils import create_run_for_test

from jira_assets.definitions import defs
from jira_assets.defs.healing.census import daily_census
from jira_assets.defs.healing.sweep import hourly_reconcile
from jira_assets.defs.health.data_health import hourly_health
from jira_assets.defs.jira.jobs import daily_fields, sla_refresh
from jira_assets.defs.resources.site_copy import SiteCopy

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(
    params=[sla_refresh, hourly_reconcile, daily_census, daily_fields, hourly_health],
    ids=lambda each: each.name,
)
def asked(request: pytest.FixtureRequest) -> ScheduleDefinition:
    return cast(ScheduleDefinition, request.param)


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    """With complete settings, and something that was copied."""
    values = {"DOMAIN": "example.atlassian.net", "EMAIL": "me@example.com", "API_TOKEN": "a-token"}
    for name, value in {**values, "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(f"JIRA_{name}", value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "warehouse.duckdb").touch()
    with instance_for_test() as running:
        yield running


def tick(asked: ScheduleDefinition, instance: DagsterInstance) -> RunRequest | SkipReason:
    evaluated = asked(
        build_schedule_context(
            instance=instance, scheduled_execution_time=AT, resources={"site_copy": SiteCopy()}
        )
    )
    assert isinstance(evaluated, RunRequest | SkipReason)
    return evaluated


def test_a_tick_asks_for_a_run(asked: ScheduleDefinition, instance: DagsterInstance) -> None:
    assert isinstance(tick(asked, instance), RunRequest)


@pytest.mark.parametrize(
    "status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]
)
def test_a_job_never_overlaps_itself(
    asked: ScheduleDefinition, instance: DagsterInstance, status: DagsterRunStatus
) -> None:
    run = create_run_for_test(instance, job_name=asked.job_name, status=status)
    skipped = tick(asked, instance)
    assert isinstance(skipped, SkipReason)
    assert run.run_id in (skipped.skip_message or "")


@pytest.mark.parametrize("status", [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE])
def test_after_a_run_has_ended_there_is_another(
    asked: ScheduleDefinition, instance: DagsterInstance, status: DagsterRunStatus
) -> None:
    create_run_for_test(instance, job_name=asked.job_name, status=status)
    create_run_for_test(instance, job_name="apply_events", status=DagsterRunStatus.STARTED)
    assert isinstance(tick(asked, instance), RunRequest)


def test_without_settings_or_a_copy_it_says_why_not(
    asked: ScheduleDefinition, instance: DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "warehouse.duckdb").unlink()
    skipped = tick(asked, instance)
    assert isinstance(skipped, SkipReason)
    assert "nothing has been copied" in (skipped.skip_message or "")
    monkeypatch.delenv("JIRA_API_TOKEN")
    skipped = tick(asked, instance)
    assert isinstance(skipped, SkipReason)
    assert "JIRA_API_TOKEN" in (skipped.skip_message or "")


def test_it_does_not_wait_for_the_end_of_a_stream_of_events(asked: ScheduleDefinition) -> None:
    assert int(defs.resolve_job_def(asked.job_name).tags["dagster/priority"]) > 1
