"""What is asked for by the clock, unless the last run of it has not come to its end."""

from dagster import (
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from jira_assets.defs.jobs import (
    audit_published,
    measure_health,
    refresh_fields,
    refresh_lookups,
    refresh_slas,
    sweep_recent,
    take_census,
)
from jira_assets.defs.readiness import why_not_now


def _scheduled(job: UnresolvedAssetJobDefinition, name: str, cron: str, why: str) -> ScheduleDefinition:
    """Runs of a job by the clock of UTC, from the start, once something has been copied."""

    @schedule(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description=f"{why} While a run of it is queued or under way no other is asked for.",
    )
    def ask(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        reason = why_not_now(context.instance, job.name)
        return SkipReason(reason) if reason else RunRequest()

    return ask


sla_refresh = _scheduled(
    refresh_slas,
    "sla_refresh",
    "*/15 * * * *",
    "Reads the SLAs of all open issues: elapsed time moves without any event.",
)
hourly_reconcile = _scheduled(
    sweep_recent, "hourly_reconcile", "7 * * * *", "Finds what was changed and no event told us."
)
daily_census = _scheduled(
    take_census, "daily_census", "23 3 * * *", "Finds what was deleted or is missing, and no event told us."
)
# After the census, which queues what it finds: until that is fetched, it is no silent fault.
daily_audit = _scheduled(
    audit_published, "daily_audit", "53 4 * * *", "Finds where what is published is not what Jira shows."
)
daily_fields = _scheduled(refresh_fields, "daily_fields", "11 3 * * *", "Finds new and renamed fields.")
daily_lookups = _scheduled(
    refresh_lookups, "daily_lookups", "17 3 * * *", "Finds new names of what issues refer to."
)
daily_health = _scheduled(
    measure_health, "daily_health", "0 * * * *", "Every hour; the last measurement of a day stays."
)
