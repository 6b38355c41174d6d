"""Answers to the checks that a failed step keeps from being asked."""

from dagster import HookContext, failure_hook

from jira_assets.defs.checks.months import months_of_run
from jira_assets.defs.checks.verdicts import answers, shown, tell
from jira_assets.defs.upstream import AssetCheckExecutionRecordStatus

_PATIENCE_S = 2.0  # the run has failed already, perhaps because somebody holds the database


@failure_hook(name="evaluate_skipped_checks")
def evaluate_skipped_checks(context: HookContext) -> None:
    """Says of each check that this run planned, and will not come to, what is true of it.

    Dagster skips the checks that follow a failed step, and they stay planned for ever.
    """
    planned = {
        key
        for key, record in shown(context.instance).items()
        if record.run_id == context.run_id and record.status is AssetCheckExecutionRecordStatus.PLANNED
    }
    months = months_of_run(context.instance, context.run_id)
    for result in answers(planned, months, patience_s=_PATIENCE_S):
        tell(context.instance, context.run_id, context.job_name, result)
