"""What the UI shows of a copy that an older version made is shown of the assets' keys of today."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetKey,
    AssetMaterialization,
    DagsterEventType,
    DagsterInstance,
    instance_for_test,
)
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import ScheduleInstigatorData
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from jira_assets.cli import main
from jira_assets.defs.instance.migration import migrate_history
from jira_assets.defs.keys import asset_key
from jira_assets.defs.upstream import InstigatorState, InstigatorStatus

LOADABLE = LoadableTargetOrigin(module_name="jira_assets.definitions")
MONTHS = ("2024-01", "2024-02")


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    """With the history of two months, a table without months, and a check that failed."""
    with instance_for_test() as running:
        for month in MONTHS:
            for count in (1, 2):
                running.report_runless_asset_event(
                    AssetMaterialization("issues", partition=month, metadata={"rows": count})
                )
        running.report_runless_asset_event(AssetMaterialization("data_health", metadata={"behind_s": 7}))
        running.report_runless_asset_event(
            AssetCheckEvaluation(AssetKey("issues"), "fresh", False, {"count": 3})
        )
        running.report_runless_asset_event(AssetMaterialization("of_somebody_else"))
        yield running


def state(instance: DagsterInstance, name: str) -> dict[str, object]:
    """The newest metadata by partition."""
    records = instance.fetch_materializations(asset_key(name), limit=100).records
    found: dict[str, object] = {}
    for record in reversed(records):
        materialization = record.asset_materialization
        assert materialization is not None
        found[materialization.partition or ""] = next(iter(materialization.metadata.values())).value
    return found


def test_materializations_and_checks_have_the_keys_of_today(instance: DagsterInstance) -> None:
    lines: list[str] = []
    migrate_history(instance, lines.append)
    assert state(instance, "issues") == dict.fromkeys(MONTHS, 2)
    assert state(instance, "data_health") == {"": 7}
    assert "issues is jira/issues now: 2 materializations" in lines
    check = AssetCheckKey(asset_key("issues"), "fresh")
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])[check]
    assert record.evaluation is not None
    assert (record.evaluation.passed, record.evaluation.metadata["count"].value) == (False, 3)
    assert AssetKey("issues") not in instance.get_asset_keys()
    assert AssetKey("of_somebody_else") in instance.get_asset_keys()


def test_doing_it_again_changes_nothing_and_newer_events_win(instance: DagsterInstance) -> None:
    instance.report_runless_asset_event(
        AssetMaterialization(asset_key("issues"), partition=MONTHS[0], metadata={"rows": 9})
    )
    for _ in range(2):
        migrate_history(instance, lambda _line: None)
    assert state(instance, "issues") == {MONTHS[0]: 9, MONTHS[1]: 2}
    kind = DagsterEventType.ASSET_MATERIALIZATION
    log = instance.event_log_storage
    assert len(log.get_latest_storage_id_by_partition(asset_key("issues"), kind)) == 2
    assert len(instance.fetch_materializations(asset_key("data_health"), limit=100).records) == 1


def test_a_schedule_that_was_stopped_stays_stopped_under_its_new_name(instance: DagsterInstance) -> None:
    repository = RemoteRepositoryOrigin(InProcessCodeLocationOrigin(LOADABLE), "__repository__")
    state = InstigatorState(
        repository.get_instigator_origin("daily_health"),
        InstigatorType.SCHEDULE,
        InstigatorStatus.STOPPED,
        ScheduleInstigatorData("0 * * * *"),
    )
    instance.add_instigator_state(state)
    for _ in range(2):
        migrate_history(instance, lambda _line: None)
    states = {each.instigator_name: each.status for each in instance.all_instigator_state()}
    assert states == dict.fromkeys(("daily_health", "hourly_health"), InstigatorStatus.STOPPED)


def test_the_command_renames_what_dagster_yaml_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = (
        "run_coordinator:\n  module: jira_assets.automation.run_coordinator\n  class: PromptRunCoordinator\n"
    )
    (tmp_path / "dagster.yaml").write_text(written + "# of ours\n")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main(["migrate"]) == 0
    text = (tmp_path / "dagster.yaml").read_text()
    assert "module: jira_assets.defs.instance.runs" in text
    assert text.endswith("# of ours\n")
    assert "names the modules of this version" in capsys.readouterr().out
