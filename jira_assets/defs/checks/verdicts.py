"""All checks at once, outside of Dagster's steps: what is true of each, what the UI shows, and telling it.

Every check is about all months and not about what a run did, so anybody may answer it at any time.
"""

from collections.abc import Collection, Iterator, Mapping

from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckResult,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
)

from jira_assets.defs.checks.completeness import EVERY_PART_FETCHED, every_part_fetched, unfetched
from jira_assets.defs.checks.fields import FIELDS_ARE_MAPPED, fields_are_mapped
from jira_assets.defs.checks.queue import NO_EVENT_WAITS, no_event_waits, overdue
from jira_assets.defs.checks.table_checks import results
from jira_assets.defs.keys import check_key
from jira_assets.defs.upstream import AssetCheckExecutionRecord
from jira_assets.settings import Settings
from jira_assets.sync.configuration import table_rules

OF_FILES = (EVERY_PART_FETCHED.key, NO_EVENT_WAITS.key, FIELDS_ARE_MAPPED.key)


def shown(instance: DagsterInstance) -> Mapping[AssetCheckKey, AssetCheckExecutionRecord]:
    """The latest record of each check, which is what the UI shows. A check never asked has none."""
    keys = [*OF_FILES, *(check_key(rule) for rule in table_rules())]
    return instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)


def answers(
    keys: Collection[AssetCheckKey], months: Collection[str] | None, *, patience_s: float
) -> Iterator[AssetCheckResult]:
    """What is true of these checks, these months being looked at, or all."""
    yield from results(table_rules(), keys, months, patience_s=patience_s)
    yield from answers_of_files(keys, months)


def answers_of_files(
    keys: Collection[AssetCheckKey], months: Collection[str] | None, run_id: str = ""
) -> Iterator[AssetCheckResult]:
    """What is true of those of these checks that are not about the warehouse."""
    if EVERY_PART_FETCHED.key in keys:
        yield every_part_fetched(unfetched(months, run_id))
    if NO_EVENT_WAITS.key in keys:
        yield no_event_waits(overdue(Settings.load()))
    if FIELDS_ARE_MAPPED.key in keys:
        yield fields_are_mapped(Settings.load())


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
