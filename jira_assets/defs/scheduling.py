"""Runs that are asked for by the clock: when they are of use, and before what they go."""

from dagster import (
    DagsterInstance,
    DefaultScheduleStatus,
    JobDefinition,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)

from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.defs.upstream import NOT_FINISHED_STATUSES, PRIORITY_TAG, UnresolvedAssetJobDefinition
from jira_assets.jira import auth
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError

BEFORE_EVENTS = {PRIORITY_TAG: "2"}
"""The tags of runs that are short and seldom, and never wait for the end of a stream of events."""


def reason_to_skip(settings: Settings, instance: DagsterInstance, job_name: str) -> str | None:
    """Why a run of this job would be of no use, in words; None if it would be of use."""
    try:
        auth.credential(settings)
        auth.base_url(settings)
        nothing_copied = not settings.warehouse_path.exists()
    except SettingsError as error:
        return f"there is nothing to ask Jira with: {error}"
    if nothing_copied:
        return "nothing has been copied yet: materialise or backfill some months first"
    return unfinished(instance, job_name)


def unfinished(instance: DagsterInstance, job_name: str) -> str | None:
    """Which run of this job has not ended, in words; None if all have."""
    runs = instance.get_runs(RunsFilter(job_name=job_name, statuses=list(NOT_FINISHED_STATUSES)), limit=1)
    return f"the run {runs[0].run_id} has not ended yet" if runs else None


def scheduled(
    job: UnresolvedAssetJobDefinition | JobDefinition, name: str, cron: str, why: str
) -> ScheduleDefinition:
    """Runs of a job by the clock of UTC, from the start, once something has been copied."""

    @schedule(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description=f"{why} While a run of it is queued or under way no other is asked for.",
    )
    def ask(context: ScheduleEvaluationContext, site_copy: SiteCopy) -> RunRequest | SkipReason:
        reason = reason_to_skip(site_copy.settings, context.instance, job.name)
        return SkipReason(reason) if reason else RunRequest()

    return ask
