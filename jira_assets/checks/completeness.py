"""Checks that turn a run red without holding anything back: an incomplete issue is still worth publishing."""

from collections.abc import Collection, Iterator

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    Failure,
    multi_asset_check,
)

from jira_assets.checks.evaluate import Metadata, evaluate, specs
from jira_assets.checks.queue import NO_EVENT_WAITS, no_event_waits, overdue
from jira_assets.checks.rules import COMPLETE
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.warehouse.connection import connect

EVERY_PART_FETCHED = AssetCheckSpec(
    "every_part_fetched",
    asset="raw_issues",
    description="The last attempt to fetch each part of each issue succeeded, and the raw log can be read.",
)
_SHOWN = 50


@multi_asset_check(specs=specs([COMPLETE]), can_subset=True)
def completeness_checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
    for result in evaluate([COMPLETE], context.selected_asset_check_keys):
        yield result
        if not result.passed:
            turn_red(context, COMPLETE.name, incomplete_months())


@multi_asset_check(specs=[EVERY_PART_FETCHED, NO_EVENT_WAITS])
def raw_checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
    failed = unfetched()
    yield _verdict(failed)
    yield no_event_waits(overdue(Settings.load()))
    turn_red(context, EVERY_PART_FETCHED.name, failed)


def every_part_fetched(months: Collection[str] | None = None) -> AssetCheckResult:
    """The verdict on the raw log as a whole, or on some months of it."""
    return _verdict(unfetched(months))


def _verdict(failed: dict[str, list[str]]) -> AssetCheckResult:
    failures = [failure for month in failed.values() for failure in month]
    metadata: Metadata = {"count": len(failures), "failures": failures[:_SHOWN]} if failures else {}
    return AssetCheckResult(
        passed=not failures,
        asset_key=EVERY_PART_FETCHED.asset_key,
        check_name=EVERY_PART_FETCHED.name,
        metadata=metadata,
    )


def unfetched(months: Collection[str] | None = None) -> dict[str, list[str]]:
    """What failed to be fetched, or cannot be read, by month, in all months or in some."""
    settings = Settings.load()
    log = RawLog(settings.raw_dir, settings.keyring)
    found: dict[str, list[str]] = {}
    for month in log.months() if months is None else months:
        try:
            texts = [f"{month} {f.issue_id} {f.part}: {f.error}" for f in log.failures([month])]
        except RawLogError as error:
            texts = [f"{month}: {error}"]
        if texts:
            found[month] = texts
    return found


def incomplete_months() -> list[str]:
    """The months with issues of which not all is stored."""
    with connect(Settings.load().warehouse_path, read_only=True) as connection:
        rows = connection.execute(f"SELECT DISTINCT month FROM ({COMPLETE.offenders})").fetchall()
    return [month for (month,) in rows]


def turn_red(
    context: AssetCheckExecutionContext | AssetExecutionContext, check: str, months: Collection[str]
) -> None:
    """Raises Failure if a failed check concerns a month of the run.

    A run is green only if it did what it says; a failed check alone would leave it green.

    The check is about all months, and shown as failed until all are right. A run that did its own months well
    is not to blame for the others.
    """
    if context.has_partition_key or context.has_partition_key_range:
        run = context.partition_key_range
        months = [month for month in months if run.start <= month <= run.end]
    if months:
        reason = f"{check} failed for {', '.join(sorted(months))}: see the check's metadata"
        raise Failure(reason, allow_retries=False)
