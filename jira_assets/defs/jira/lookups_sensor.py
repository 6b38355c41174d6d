"""`lookups_sensor`: lists of the site's of which an event has told a change are read again."""

from dagster import (
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from jira_assets import clock
from jira_assets.defs.jira.jobs import refresh_lookups
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.defs.scheduling import reason_to_skip
from jira_assets.inbox.due_lookups import DueLists

_REST_AFTER_FAILURE_S = 600.0
_DUE_ONLY = {"ops": {"jira_lookups": {"config": {"due_only": True}}}}


@sensor(
    job=refresh_lookups,
    minimum_interval_seconds=30,
    default_status=DefaultSensorStatus.RUNNING,
    description=(
        "After an event about a project, a version, a sprint, a board or a user, asks for a run that reads "
        "the lists of those again. Its state is what lies in `lookups_due`. While a run is queued or under "
        "way no other is asked for, and none within ten minutes of one that failed."
    ),
)
def lookups_sensor(context: SensorEvaluationContext, site_copy: SiteCopy) -> RunRequest | SkipReason:
    settings = site_copy.settings
    due = DueLists(settings.lookups_due_dir).names()
    if not due:
        return SkipReason("no event has told of a new name")
    reason = reason_to_skip(settings, context.instance, refresh_lookups.name)
    if reason:
        return SkipReason(reason)
    last = context.instance.get_run_records(RunsFilter(job_name=refresh_lookups.name), limit=1)
    has_failed = last and last[0].dagster_run.status is DagsterRunStatus.FAILURE
    # One that ended in the future did so before the clock was set back.
    if has_failed and 0 <= clock.seconds() - (last[0].end_time or 0) < _REST_AFTER_FAILURE_S:
        return SkipReason(f"the last run has failed; {', '.join(due)} can wait")
    return RunRequest(run_config=_DUE_ONLY)
