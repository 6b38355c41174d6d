"""Whether what schedules ask for could be done now."""

from dagster import DagsterInstance, RunsFilter
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from jira_assets.jira import auth
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError


def why_not_now(instance: DagsterInstance, job_name: str) -> str | None:
    """Why a run of this job would be of no use, in words; None if it would be of use."""
    try:
        settings = Settings.load()
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
