import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import ExecuteInProcessResult, materialize

from jira_assets.definitions import resources
from jira_assets.defs.checks.health import HEALTH_CHECKS
from jira_assets.defs.health import data_health as module
from jira_assets.defs.health.data_health import data_health
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.sandbox import faults
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.tables.data_health import DATA_HEALTH
from jira_assets.warehouse.unpartitioned import read_table
from jira_assets_tests.jira.connection import QUICK
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.pipeline import Pipeline, pipeline

TODAY = datetime.now(UTC).date()


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    monkeypatch.setattr(module, "_PATIENCE", QUICK)
    with pipeline(Site([full_issue(1)]), tmp_path) as ready:
        yield ready


def run(pipe: Pipeline) -> ExecuteInProcessResult:
    return materialize(
        [data_health], instance=pipe.instance, resources=resources(SiteCopy()), raise_on_error=False
    )


def checks(result: ExecuteInProcessResult) -> dict[str, bool]:
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


def metadata(result: ExecuteInProcessResult) -> Mapping[str, Any]:
    (materialization,) = result.asset_materializations_for_node("jira__data_health")
    return {name: value.value for name, value in materialization.metadata.items()}


def rows() -> list[dict[str, Any]]:
    return read_table(Settings.load().warehouse_path, DATA_HEALTH).to_dicts()


def copy(pipe: Pipeline) -> None:
    assert pipe.run("2024-01", assets=["raw_issues", "issues", "completeness"]).success


def test_a_measurement_is_a_row_metadata_and_an_answer_to_every_check(pipe: Pipeline) -> None:
    copy(pipe)
    result = run(pipe)
    assert result.success
    assert checks(result) == {check.name: True for check in HEALTH_CHECKS}
    (row,) = rows()
    assert (row["day"], row["behind_s"], row["incomplete_issues"]) == (TODAY, 0, 0)
    told = metadata(result)
    assert told.keys() >= DATA_HEALTH.schema.keys()
    assert (told["behind_s"], told["token_days_left"]) == (0, None)
    assert told["newest_update_in_jira"] == row["newest_update_in_jira"].timestamp()


def test_the_row_of_a_day_is_replaced_and_those_of_other_days_stay(pipe: Pipeline) -> None:
    copy(pipe)
    run(pipe)
    pipe.change("UPDATE jira.data_health SET day = day - 1")
    run(pipe)
    run(pipe)
    assert sorted(row["day"] for row in rows()) == [TODAY - timedelta(days=1), TODAY]


def test_every_published_file_is_looked_at_and_what_is_damaged_is_published_anew(pipe: Pipeline) -> None:
    assert pipe.run_job("apply_events", month="2024-01").success  # which plans no checks
    file = pipe.folder / "published" / "issues" / "2024-01.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    os.utime(file.parent)  # so runs that publish other months need not look at it
    assert run(pipe).success
    assert file.read_bytes() == whole


def test_it_is_published(pipe: Pipeline) -> None:
    copy(pipe)
    run(pipe)
    (published,) = (pipe.folder / "published" / DATA_HEALTH.name).iterdir()
    assert pipe.query(f"SELECT day, behind_s FROM read_parquet('{published}')") == [(TODAY, 0)]


def test_a_jira_that_is_down_fails_a_check_and_not_the_run(pipe: Pipeline) -> None:
    copy(pipe)
    pipe.sandbox.faults.add(faults.unavailable())
    result = run(pipe)
    assert result.success
    assert [name for name, passed in checks(result).items() if not passed] == ["jira_reachable"]
    (row,) = rows()
    assert (row["behind_s"], row["incomplete_issues"]) == (None, 0)


def test_a_refused_token_fails_a_check_and_not_the_run(
    pipe: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(pipe)
    monkeypatch.setenv("JIRA_API_TOKEN", "revoked")
    monkeypatch.setenv("JIRA_TOKEN_EXPIRES", f"{TODAY - timedelta(days=1)}")
    result = run(pipe)
    assert result.success
    assert {name for name, passed in checks(result).items() if not passed} == {
        "jira_reachable",
        "token_lives",
    }
