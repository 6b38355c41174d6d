"""What is leaned on of Dagster that is private there. Where one of these fails, upstream changed."""

from pathlib import Path

import pytest
from dagster import (
    AssetMaterialization,
    DagsterRunStatus,
    QueuedRunCoordinator,
    instance_for_test,
)

from jira_assets.defs import upstream
from jira_assets.defs.upstream import (
    AssetCheckExecutionRecordStatus,
    DefaultRunLauncher,
    SqlEventLogStorage,
    SqlRunStorage,
    SqlScheduleStorage,
    is_reserved_asset_job_name,
)

TAGS = {
    "PARTITION_NAME_TAG": "dagster/partition",
    "ASSET_PARTITION_RANGE_START_TAG": "dagster/asset_partition_range_start",
    "ASSET_PARTITION_RANGE_END_TAG": "dagster/asset_partition_range_end",
    "PRIORITY_TAG": "dagster/priority",
    "WILL_RETRY_TAG": "dagster/will_retry",
}


def test_tags_are_called_as_stored_runs_call_them() -> None:
    assert {name: getattr(upstream, name) for name in TAGS} == TAGS


def test_a_run_is_finished_when_it_has_succeeded_failed_or_was_canceled() -> None:
    finished = {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}
    unused = {DagsterRunStatus.MANAGED}
    assert {*upstream.NOT_FINISHED_STATUSES} == {*DagsterRunStatus} - finished - unused


def test_a_check_is_planned_until_it_has_passed_or_failed() -> None:
    assert [status.value for status in AssetCheckExecutionRecordStatus] == ["PLANNED", "SUCCEEDED", "FAILED"]


def test_the_job_of_the_buttons_of_the_ui_is_reserved() -> None:
    assert is_reserved_asset_job_name("__ASSET_JOB")
    assert not is_reserved_asset_job_name("sync_months")


def test_the_stock_launcher_cannot_tell_whether_a_run_lives_and_has_what_ours_asks() -> None:
    launcher = DefaultRunLauncher()
    assert not launcher.supports_check_run_worker_health
    assert callable(launcher._get_grpc_client_for_termination)


def test_the_stock_queue_looks_at_whole_seconds_only() -> None:
    assert isinstance(QueuedRunCoordinator.dequeue_interval_seconds, property)


def test_history_is_in_sql_and_keeps_the_events_of_wiped_assets(tmp_path: Path) -> None:
    with instance_for_test(temp_dir=str(tmp_path)) as instance:
        kinds = (instance.event_log_storage, instance.run_storage, instance.schedule_storage)
        sql = (SqlEventLogStorage, SqlRunStorage, SqlScheduleStorage)
        assert all(isinstance(each, kind) for each, kind in zip(kinds, sql, strict=True))
        instance.report_runless_asset_event(AssetMaterialization("old"))
        [key] = instance.get_asset_keys()
        instance.wipe_assets([key])
        assert instance.get_asset_keys() == []


@pytest.mark.parametrize("name", upstream.__all__)
def test_what_is_named_is_used(name: str) -> None:
    source = Path(upstream.__file__)
    others = (path for path in source.parent.rglob("*.py") if path != source)
    assert any(name in path.read_text() for path in others)
