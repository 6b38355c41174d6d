"""`sla_refresh`: every 15 minutes, unless the last run has not come to its end."""

from dagster import DefaultScheduleStatus, RunRequest, ScheduleEvaluationContext, SkipReason, schedule

from jira_assets.automation.jobs import refresh_slas
from jira_assets.automation.readiness import why_not_now


@schedule(
    job=refresh_slas,
    cron_schedule="*/15 * * * *",
    default_status=DefaultScheduleStatus.RUNNING,
    description=(
        "Reads the SLAs of all open issues: elapsed time moves without any event. While a run of it is "
        "queued or under way no other is asked for."
    ),
)
def sla_refresh(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    reason = why_not_now(context.instance, refresh_slas.name)
    return SkipReason(reason) if reason else RunRequest()
