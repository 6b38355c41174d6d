"""All checks at once, outside of Dagster's steps: what is true of each, what the UI shows, and telling it.

Every check is about all months and not about what a run did, so anybody may answer it at any time.
"""

from collections.abc import Collection, Iterator, Mapping

from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckResult,
    AssetExecutionContext,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    HookContext,
    failure_hook,
)

from jira_assets.checks.evaluate import Evaluation
from jira_assets.checks.rules import COMPLETE
from jira_assets.defs.checks.completeness import EVERY_PART_FETCHED, every_part_fetched, unfetched
from jira_assets.defs.checks.file_checks import (
    FIELDS_ARE_MAPPED,
    NO_EVENT_WAITS,
    fields_are_mapped,
    no_event_waits,
    overdue,
)
from jira_assets.defs.checks.months import months_of_run
from jira_assets.defs.checks.table_checks import result, results
from jira_assets.defs.keys import check_key
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.defs.upstream import AssetCheckExecutionRecord, AssetCheckExecutionRecordStatus
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.configuration import table_rules

OF_FILES = (EVERY_PART_FETCHED.key, NO_EVENT_WAITS.key, FIELDS_ARE_MAPPED.key)


def shown(instance: DagsterInstance) -> Mapping[AssetCheckKey, AssetCheckExecutionRecord]:
    """The latest record of each check, which is what the UI shows. A check never asked has none."""
    keys = [*OF_FILES, *(check_key(rule) for rule in table_rules())]
    return instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)


def answers(
    settings: Settings,
    keys: Collection[AssetCheckKey],
    months: Collection[str] | None,
    *,
    patience_s: float,
) -> Iterator[AssetCheckResult]:
    """What is true of these checks, these months being looked at, or all."""
    yield from results(settings.warehouse_path, table_rules(), keys, months, patience_s=patience_s)
    yield from answers_of_files(settings, keys, months)


def answers_of_files(
    settings: Settings,
    keys: Collection[AssetCheckKey],
    months: Collection[str] | None,
    run_id: str = "",
) -> Iterator[AssetCheckResult]:
    """What is true of those of these checks that are not about the warehouse."""
    if EVERY_PART_FETCHED.key in keys:
        yield every_part_fetched(unfetched(settings, months, run_id))
    if NO_EVENT_WAITS.key in keys:
        yield no_event_waits(overdue(settings))
    if FIELDS_ARE_MAPPED.key in keys:
        yield fields_are_mapped(settings)


def evaluation(result: AssetCheckResult) -> AssetCheckEvaluation:
    """A result as an event says it."""
    if result.asset_key is None or result.check_name is None:
        raise ValueError(f"{result} does not say which check it is of")
    return AssetCheckEvaluation(
        asset_key=result.asset_key,
        check_name=result.check_name,
        passed=result.passed,
        metadata=result.metadata,
        severity=result.severity,
    )


def tell(instance: DagsterInstance, run_id: str, job_name: str, result: AssetCheckResult) -> None:
    """Record a result as one of a run's."""
    event = DagsterEvent(
        event_type_value=DagsterEventType.ASSET_CHECK_EVALUATION.value,
        job_name=job_name,
        event_specific_data=evaluation(result),
    )
    instance.report_dagster_event(event, run_id)


class UnplannedChecks:
    """The checks that a run neither planned nor evaluated."""

    def __init__(self, context: AssetExecutionContext, settings: Settings) -> None:
        self._context = context
        self._settings = settings
        self._shown = shown(context.instance)
        every = {*OF_FILES, *(check_key(rule) for rule in table_rules())}
        self._unasked = {key for key in every if not self._is_of_this_run(key)}

    def tell(self, tables: Evaluation, months: Collection[str]) -> dict[str, list[str]]:
        """Tells what is news; returns the months in which checks fail that turn runs red, by check.

        ``tables`` is what was found in these months.
        """
        run_id = self._context.run.run_id
        red: dict[str, list[str]] = {}
        for rule in table_rules():
            if check_key(rule) in self._unasked:
                self._tell(result(tables.verdict(rule)))
        if check_key(COMPLETE) in self._unasked:
            red[COMPLETE.name] = tables.failing_months(COMPLETE)
        if EVERY_PART_FETCHED.key in self._unasked:
            failed = unfetched(self._settings, months, run_id)
            self._tell(every_part_fetched(failed))
            red[EVERY_PART_FETCHED.name] = list(failed)
        for answer in answers_of_files(self._settings, self._unasked - {EVERY_PART_FETCHED.key}, months):
            self._tell(answer)
        return {check: [month for month in found if month in months] for check, found in red.items()}

    def _tell(self, result: AssetCheckResult) -> None:
        status = self._status(evaluation(result).asset_check_key)
        if not result.passed or status in (None, AssetCheckExecutionRecordStatus.FAILED):
            tell(self._context.instance, self._context.run.run_id, self._context.run.job_name, result)

    def _status(self, key: AssetCheckKey) -> AssetCheckExecutionRecordStatus | None:
        record = self._shown.get(key)
        return record.status if record else None

    def _is_of_this_run(self, key: AssetCheckKey) -> bool:
        record = self._shown.get(key)
        return record is not None and record.run_id == self._context.run.run_id


_PATIENCE_S = 2.0  # the run has failed already, perhaps because somebody holds the database


@failure_hook(name="evaluate_skipped_checks", required_resource_keys={"site_copy"})
def evaluate_skipped_checks(context: HookContext) -> None:
    """Says of each check that this run planned, and will not come to, what is true of it.

    Dagster skips the checks that follow a failed step, and they stay planned for ever.
    """
    planned = {
        key
        for key, record in shown(context.instance).items()
        if record.run_id == context.run_id and record.status is AssetCheckExecutionRecordStatus.PLANNED
    }
    site_copy: SiteCopy = context.resources.site_copy
    settings = site_copy.settings
    months = months_of_run(context.instance, context.run_id, RawLog(settings.raw_dir))
    for answer in answers(settings, planned, months, patience_s=_PATIENCE_S):
        tell(context.instance, context.run_id, context.job_name, answer)
