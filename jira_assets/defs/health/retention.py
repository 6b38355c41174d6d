"""`daily_retention`: what Dagster remembers of old runs is deleted, and room is given back."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import duckdb
from dagster import (
    DefaultScheduleStatus,
    Failure,
    OpExecutionContext,
    RunRequest,
    ScheduleEvaluationContext,
    SkipReason,
    job,
    op,
    schedule,
)

from jira_assets import clock
from jira_assets.defs.instance.deletion import compact, delete_leftovers, delete_run, delete_tick_logs
from jira_assets.defs.instance.dispensable import Keeping
from jira_assets.defs.instance.storage import databases, size
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.defs.scheduling import BEFORE_EVENTS, unfinished
from jira_assets.settings.environment import SettingsError
from jira_assets.warehouse.connection import WarehouseError
from jira_assets.warehouse.known import Known
from jira_assets.warehouse.purge import compact as compact_warehouse

_TOLD_EVERY = 500  # runs; the first time may take some minutes


@op(
    description=(
        "Deletes runs that are older than JIRA_HISTORY_DAYS, those of events and SLAs that did nothing "
        "remarkable after three days, and failed ones after 90. What the UI shows as the state of assets and "
        "checks stays: the runs that it rests on are kept."
    )
)
def forget_old_runs(context: OpExecutionContext, site_copy: SiteCopy) -> None:
    settings = site_copy.settings
    try:
        days, warehouse = settings.history_days, settings.warehouse_path
    except SettingsError as error:
        raise Failure(str(error), allow_retries=False) from error
    instance = context.instance
    before = size(instance)
    runs = Keeping(days).dispensable(instance, Known(warehouse).surely_past(clock.now()))
    for number, run_id in enumerate(runs, start=1):
        delete_run(instance, run_id)
        if number % _TOLD_EVERY == 0:
            context.log.info("%d of %d runs deleted", number, len(runs))
    leftovers, tick_logs = delete_leftovers(instance), delete_tick_logs(instance, days)
    _give_room_back(context, warehouse, databases(instance))
    context.add_output_metadata(
        {
            "runs_deleted": len(runs),
            "leftovers_deleted": leftovers,
            "tick_logs_deleted": tick_logs,
            "bytes_before": before,
            "bytes_after": size(instance),
        }
    )


def _give_room_back(context: OpExecutionContext, warehouse: Path, history: Sequence[Path]) -> None:
    path = warehouse
    try:
        compact_warehouse(warehouse)
        for path in history:
            if not compact(path):
                context.log.info("%s is in use; it is compacted another day", path)
    except (sqlite3.Error, duckdb.Error, WarehouseError, OSError) as error:
        raise Failure(f"{path} cannot be compacted, and is as it was: {error}") from error


@job(
    tags=BEFORE_EVENTS,
    description="Deletes what nobody needs any more of Dagster's history, and gives the room back.",
)
def retain_history() -> None:
    forget_old_runs()


@schedule(
    job=retain_history,
    cron_schedule="41 2 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Once a day. While a run of it is queued or under way no other is asked for.",
)
def daily_retention(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    reason = unfinished(context.instance, retain_history.name)
    return SkipReason(reason) if reason else RunRequest()
