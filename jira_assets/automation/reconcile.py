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

reconcile_recent_job = define_asset_job(
    "reconcile_recent",
    selection="reconcile_recent",
    tags=SCHEDULED,
    description="Queues what was updated in Jira of late and is not stored like that.",
)

reconcile_census_job = define_asset_job(
    "reconcile_census",
    selection="reconcile_census",
    tags=SCHEDULED,
    description="Queues what is in Jira and not here, and what is here and not in Jira.",
)


@schedule(
    job=reconcile_recent_job,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Finds what no event told us. While a run of it is under way no other is asked for.",
)
def hourly_reconcile(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    reason = why_not_now(context.instance, reconcile_recent_job.name)
    return SkipReason(reason) if reason else RunRequest()


@schedule(
    job=reconcile_census_job,
    cron_schedule="23 3 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Finds what was deleted or is missing. While a run of it is under way no other is asked for.",
)
def daily_census(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    reason = why_not_now(context.instance, reconcile_census_job.name)
    return SkipReason(reason) if reason else RunRequest()
