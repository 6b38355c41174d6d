"""Checks that turn a run red without holding anything back: an incomplete issue is still worth publishing."""

from collections.abc import Collection, Iterator

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetCheckSpec, Failure, multi_asset_check

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
            _turn_red(context, COMPLETE.name, _incomplete_months())


@multi_asset_check(specs=[EVERY_PART_FETCHED, NO_EVENT_WAITS])
def raw_checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
    unfetched = _unfetched()
    yield _verdict(unfetched)
    yield no_event_waits(overdue(Settings.load()))
    _turn_red(context, EVERY_PART_FETCHED.name, unfetched)


def every_part_fetched() -> AssetCheckResult:
    """The verdict on the raw log as a whole."""
    return _verdict(_unfetched())


def _verdict(unfetched: dict[str, list[str]]) -> AssetCheckResult:
    failures = [failure for month in unfetched.values() for failure in month]
    metadata: Metadata = {"count": len(failures), "failures": failures[:_SHOWN]} if failures else {}
    return AssetCheckResult(
        passed=not failures,
        asset_key=EVERY_PART_FETCHED.asset_key,
        check_name=EVERY_PART_FETCHED.name,
        metadata=metadata,
    )


def _unfetched() -> dict[str, list[str]]:
    """What failed to be fetched, or cannot be read, by month."""
    log = RawLog(Settings.load().raw_dir)
    found: dict[str, list[str]] = {}
    for month in log.months():
        try:
            texts = [f"{month} {f.issue_id} {f.part}: {f.error}" for f in log.failures([month])]
        except RawLogError as error:
            texts = [f"{month}: {error}"]
        if texts:
            found[month] = texts
    return found


def _incomplete_months() -> list[str]:
    with connect(Settings.load().warehouse_path, read_only=True) as connection:
        rows = connection.execute(f"SELECT DISTINCT month FROM ({COMPLETE.offenders})").fetchall()
    return [month for (month,) in rows]


def _turn_red(context: AssetCheckExecutionContext, check: str, months: Collection[str]) -> None:
    """A run is green only if it did what it says; a failed check alone would leave it green.

    The check is about all months, and shown as failed until all are right. A run that did its own months well
    is not to blame for the others.
    """
    if context.has_partition_key or context.has_partition_key_range:
        run = context.partition_key_range
        months = [month for month in months if run.start <= month <= run.end]
    if months:
        reason = f"{check} failed for {', '.join(sorted(months))}: see the check's metadata"
        raise Failure(reason, allow_retries=False)
