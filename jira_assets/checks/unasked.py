"""Answers to the checks that a failed step keeps from being asked."""

from collections.abc import Iterator

from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckResult,
    DagsterEvent,
    DagsterEventType,
    HookContext,
    failure_hook,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from jira_assets.checks.completeness import EVERY_PART_FETCHED, every_part_fetched
from jira_assets.checks.evaluate import evaluate
from jira_assets.checks.queue import NO_EVENT_WAITS, no_event_waits, overdue
from jira_assets.checks.rules import COMPLETE
from jira_assets.checks.tables import RULES
from jira_assets.settings import Settings

_PATIENCE_S = 2.0  # the run has failed already, perhaps because somebody holds the database


@failure_hook(name="answer_unasked_checks")
def answer_unasked_checks(context: HookContext) -> None:
    """Says of each check that this run planned, and will not come to, what is true of it.

    Dagster skips the checks that follow a failed step, and they stay planned for ever. Ours are about all
    that is stored and not about what a run did, so the answer does not depend on the step that failed.
    """
    for result in _results(_planned(context)):
        if result.asset_key is None or result.check_name is None:
            continue
        evaluation = AssetCheckEvaluation(
            asset_key=result.asset_key,
            check_name=result.check_name,
            passed=result.passed,
            metadata=result.metadata,
            severity=result.severity,
        )
        event = DagsterEvent(
            event_type_value=DagsterEventType.ASSET_CHECK_EVALUATION.value,
            job_name=context.job_name,
            event_specific_data=evaluation,
        )
        context.instance.report_dagster_event(event, context.run_id)


def _planned(context: HookContext) -> set[AssetCheckKey]:
    keys = [EVERY_PART_FETCHED.key, NO_EVENT_WAITS.key, *(rule.key for rule in (*RULES, COMPLETE))]
    latest = context.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    return {
        key
        for key, record in latest.items()
        if record.run_id == context.run_id and record.status is AssetCheckExecutionRecordStatus.PLANNED
    }


def _results(planned: set[AssetCheckKey]) -> Iterator[AssetCheckResult]:
    yield from evaluate((*RULES, COMPLETE), planned, patience_s=_PATIENCE_S)
    if EVERY_PART_FETCHED.key in planned:
        yield every_part_fetched()
    if NO_EVENT_WAITS.key in planned:
        yield no_event_waits(overdue(Settings.load()))
