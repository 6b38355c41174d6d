"""What Dagster's history says of runs and checks that failed, in the words of an alert."""

from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckSeverity,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    EventLogRecord,
    FloatMetadataValue,
    IntMetadataValue,
    RunsFilter,
    RunStatusChangeRecordsFilter,
)

from jira_assets import clock
from jira_assets.defs.upstream import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    WILL_RETRY_TAG,
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
    is_reserved_asset_job_name,
)
from jira_assets.sync.health.alert import check_failed, check_passes, run_failed

Severities = Mapping[str, AssetCheckSeverity]
"""The checks that fail, by name, and the worst that was told of each."""

_RUNS_AT_ONCE = 1000
# Whether Dagster will repeat a failed run is noted a moment after it has failed.
_SETTLED_AFTER_S = 5.0


class ChangeOfChecks(NamedTuple):
    """What is new, and the checks that fail now."""

    lines: list[str]
    failing: Severities


def last_failure(instance: DagsterInstance) -> int:
    """The storage id of the newest failure of a run; 0 if there was none."""
    found = instance.fetch_run_status_changes(DagsterEventType.RUN_FAILURE, limit=1)
    return found.records[0].storage_id if found.records else 0


def failures_after(instance: DagsterInstance, storage_id: int) -> list[EventLogRecord]:
    """The failures that follow, oldest first."""
    following = RunStatusChangeRecordsFilter(DagsterEventType.RUN_FAILURE, after_storage_id=storage_id)
    found = instance.fetch_run_status_changes(following, limit=_RUNS_AT_ONCE, ascending=True)
    now = clock.seconds()  # what happened after it did so before the clock was set back
    return list(takewhile(lambda each: not now - _SETTLED_AFTER_S < each.timestamp <= now, found.records))


def failed_for_good(instance: DagsterInstance, failures: Sequence[EventLogRecord]) -> list[str]:
    """A line for each of these runs, but for those that will be repeated."""
    if not failures:
        return []
    ids = [record.run_id for record in failures]
    runs = {run.run_id: run for run in instance.get_runs(RunsFilter(run_ids=ids))}
    failed = (runs[run_id] for run_id in ids if run_id in runs)  # anybody may have deleted one
    return [
        run_failed(_job(run), run.run_id, _partition(run))
        for run in failed
        if run.tags.get(WILL_RETRY_TAG) != "true"
    ]


def shown_checks(
    instance: DagsterInstance, keys: Collection[AssetCheckKey]
) -> dict[str, AssetCheckExecutionRecord]:
    """The latest record of each check that was ever asked, by name."""
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    return {key.to_user_string(): records[key] for key in sorted(records)}


def change_of_checks(records: Mapping[str, AssetCheckExecutionRecord], before: Severities) -> ChangeOfChecks:
    """What happened to the checks: failed, failed worse, pass again. One that is being asked is as it was."""
    lines = []
    failing = {name: severity for name, severity in before.items() if name in records}
    for name, record in records.items():
        if record.status is AssetCheckExecutionRecordStatus.SUCCEEDED and name in failing:
            lines.append(check_passes(name))
            del failing[name]
        failed = _failure(record)
        if failed is not None and _is_worse(failed.severity, failing.get(name)):
            lines.append(_check_failed(name, failed))
            failing[name] = failed.severity
    return ChangeOfChecks(lines, failing)


def _failure(record: AssetCheckExecutionRecord) -> AssetCheckEvaluation | None:
    """What a check said that failed."""
    has_failed = record.status is AssetCheckExecutionRecordStatus.FAILED
    return record.evaluation if has_failed else None


def _is_worse(severity: AssetCheckSeverity, told: AssetCheckSeverity | None) -> bool:
    return told is None or (told is AssetCheckSeverity.WARN and severity is AssetCheckSeverity.ERROR)


def _check_failed(name: str, evaluation: AssetCheckEvaluation) -> str:
    numbers = {
        name: value.value
        for name, value in evaluation.metadata.items()
        if isinstance(value, IntMetadataValue | FloatMetadataValue) and value.value is not None
    }
    is_error = evaluation.severity is AssetCheckSeverity.ERROR
    return check_failed(name, is_error=is_error, numbers=numbers)


def _job(run: DagsterRun) -> str:
    """Runs that the UI starts have a job whose name means nothing to anybody."""
    return "materialize" if is_reserved_asset_job_name(run.job_name) else run.job_name


def _partition(run: DagsterRun) -> str | None:
    """The month, or the first and the last of a range."""
    first, last = (
        run.tags.get(tag) for tag in (ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG)
    )
    return f"{first} to {last}" if first and last else run.tags.get(PARTITION_NAME_TAG)
