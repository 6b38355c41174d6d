"""Which runs Dagster's history can do without.

Deleting a run deletes its events, and with the newest materialization of a month the UI would forget that
there is one. So the runs stay that what is shown now rests on: the newest to have materialized each partition
of each asset, or to have tried, the newest to have asked each check, and the newest of each job and month,
by which sensors and schedules tell what happened last.
"""

import logging
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy
from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, EventLogEntry, RunRecord

from jira_assets.defs.instance.storage import event_log
from jira_assets.defs.upstream import (
    ASSET_EVENTS,
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    AssetCheckExecutionRecordStatus,
    AssetCheckExecutionsTable,
    SqlEventLogStorageTable,
)

_ROUTINE = ("apply_events", "refresh_slas")  # some hundred a day and more
_UNREMARKABLE_DAYS = 3
_FAILURE_DAYS = 90
_RUNS_AT_ONCE = 1000
_KIND = (PARTITION_NAME_TAG, ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG)
_REPEATS = {DagsterEventType.STEP_UP_FOR_RETRY, DagsterEventType.STEP_RESTARTED}
_PROBLEMS = {
    "events_given_up",
    "failed_parts",
    "files_failed",
    "older_states_followed",
    "projects_lost",
    "skipped_issues",
    "unreadable_values",
}
_ANSWERED = (AssetCheckExecutionRecordStatus.SUCCEEDED.value, AssetCheckExecutionRecordStatus.FAILED.value)


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how long runs are kept: for some ``days``, and longer those that have failed.

    Runs of events and of SLAs that did nothing remarkable are kept for three days at most.
    """

    days: int

    def dispensable(self, instance: DagsterInstance, now: datetime) -> list[str]:
        """The ids of the runs that may go, oldest first."""
        needed = _shown(instance)
        changed = _changed_a_check(instance)
        kinds: set[tuple[str | None, ...]] = set()
        dispensable: list[str] = []
        for record in _records(instance):
            run = record.dagster_run
            kind = (run.job_name, *(run.tags.get(tag) for tag in _KIND))
            is_newest = kind not in kinds
            kinds.add(kind)
            is_needed = is_newest or run.run_id in needed or not run.is_finished
            if is_needed or not self._is_over(run, now - _ended(record), instance, changed):
                needed |= {run.run_id, run.root_run_id or run.run_id}
            else:
                dispensable.append(run.run_id)
        return dispensable[::-1]

    def _is_over(
        self, run: DagsterRun, age: timedelta, instance: DagsterInstance, changed: Container[str]
    ) -> bool:
        if run.status is not DagsterRunStatus.SUCCESS:
            return age > timedelta(days=max(self.days, _FAILURE_DAYS))
        if age > timedelta(days=self.days):
            return True
        is_routine = run.job_name in _ROUTINE and age > timedelta(days=_UNREMARKABLE_DAYS)
        return is_routine and run.run_id not in changed and not _is_remarkable(run, instance)


def _is_remarkable(run: DagsterRun, instance: DagsterInstance) -> bool:
    """Whether somebody may want to know of it: it repeats another, had to repeat something, or told of what
    was not as it should be.
    """
    return run.parent_run_id is not None or any(map(_tells, instance.all_logs(run.run_id)))


def _tells(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    if event is None:
        return int(entry.level) >= logging.WARNING
    if event.is_step_materialization:
        metadata = event.step_materialization_data.materialization.metadata
        return any(metadata[name].value for name in _PROBLEMS & metadata.keys())
    return event.event_type in _REPEATS


def _records(instance: DagsterInstance) -> Iterator[RunRecord]:
    """All runs, newest first; a few at once, for each has a body of some kilobytes."""
    cursor: str | None = None
    while records := instance.get_run_records(limit=_RUNS_AT_ONCE, cursor=cursor):
        yield from records
        cursor = records[-1].dagster_run.run_id


def _ended(record: RunRecord) -> datetime:
    """When it ended, or else, if it never began, when it was last heard of."""
    if record.end_time is not None:
        return datetime.fromtimestamp(record.end_time, UTC)
    return record.update_timestamp.replace(tzinfo=UTC)


def _shown(instance: DagsterInstance) -> set[str]:
    """The runs whose events the UI shows as the state of assets and checks."""
    events, checks = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c
    of_assets = events.dagster_event_type.in_([each.value for each in ASSET_EVENTS])
    newest_events = (
        sqlalchemy.select(sqlalchemy.func.max(events.id))
        .where(events.asset_key.is_not(None), of_assets)
        .group_by(events.asset_key, events.dagster_event_type, events.partition)
    )
    newest_checks = sqlalchemy.select(sqlalchemy.func.max(checks.id)).group_by(
        checks.asset_key, checks.check_name, checks.partition
    )
    with event_log(instance).index_connection() as connection:
        return {
            run_id
            for query in (
                sqlalchemy.select(events.run_id).where(events.id.in_(newest_events)),
                sqlalchemy.select(checks.run_id).where(checks.id.in_(newest_checks)),
            )
            for (run_id,) in connection.execute(query)
        }


def _changed_a_check(instance: DagsterInstance) -> set[str]:
    """The runs after which a check was green that had been red, or the other way round."""
    checks = AssetCheckExecutionsTable.c
    before = sqlalchemy.func.lag(checks.execution_status).over(
        partition_by=(checks.asset_key, checks.check_name, checks.partition), order_by=checks.id
    )
    statuses = (
        sqlalchemy.select(checks.run_id, checks.execution_status.label("now"), before.label("before"))
        .where(checks.execution_status.in_(_ANSWERED))
        .subquery()
    )
    changed = sqlalchemy.select(statuses.c.run_id).where(statuses.c.now != statuses.c.before)
    with event_log(instance).index_connection() as connection:
        return {run_id for (run_id,) in connection.execute(changed)}
