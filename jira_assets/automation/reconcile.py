"""When the copy is compared with the site: hourly what was updated, daily which issues there are."""

from dagster import (
    DefaultScheduleStatus,
    RunRequest,
    ScheduleEvaluationContext,
    SkipReason,
    define_asset_job,
    schedule,
)

from jira_assets.automation.jobs import SCHEDULED
from jira_assets.automation.readiness import why_not_now

sweep_recent = define_asset_job(
    "sweep_recent",
    selection="reconcile_recent",
    tags=SCHEDULED,
    description="Queues what was updated in Jira of late and is not stored like that.",
)

take_census = define_asset_job(
    "take_census",
    selection="reconcile_census",
    tags=SCHEDULED,
    description="Queues what is in Jira and not here, and what is here and not in Jira.",
)


@schedule(
    job=sweep_recent,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Finds what no event told us. While a run of it is under way no other is asked for.",
)
def hourly_reconcile(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    reason = why_not_now(context.instance, sweep_recent.name)
    return SkipReason(reason) if reason else RunRequest()


@schedule(
    job=take_census,
    cron_schedule="23 3 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Finds what was deleted or is missing. While a run of it is under way no other is asked for.",
)
def daily_census(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    reason = why_not_now(context.instance, take_census.name)
    return SkipReason(reason) if reason else RunRequest()
