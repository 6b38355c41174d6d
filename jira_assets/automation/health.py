"""The job that measures the health of the copy, and when it runs."""

from dagster import (
    AssetSelection,
    DefaultScheduleStatus,
    RunRequest,
    ScheduleEvaluationContext,
    SkipReason,
    define_asset_job,
    schedule,
)

from jira_assets.automation.jobs import SCHEDULED
from jira_assets.automation.readiness import why_not_now
from jira_assets.tables.data_health import DATA_HEALTH

measure_health = define_asset_job(
    "measure_health",
    selection=AssetSelection.assets(DATA_HEALTH.name),
    tags=SCHEDULED,
    description="Measures how well the copy does, and checks whether that is well enough.",
)


@schedule(
    job=measure_health,
    cron_schedule="0 * * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every hour, once something has been copied; the last measurement of a day stays.",
)
def daily_health(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    reason = why_not_now(context.instance, measure_health.name)
    return SkipReason(reason) if reason else RunRequest()
