"""Checks that turn a run red without holding anything back: an incomplete issue is still worth publishing."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetCheckSpec, multi_asset_check

from jira_assets.checks.evaluate import OFFENDERS_SHOWN, Metadata, listed
from jira_assets.checks.rules import COMPLETE
from jira_assets.defs.checks.file_checks import NO_EVENT_WAITS, no_event_waits, overdue
from jira_assets.defs.checks.months import months_of, turn_red
from jira_assets.defs.checks.table_checks import results, specs
from jira_assets.defs.keys import asset_key
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.configuration import table_rules
from jira_assets.warehouse.check_results import MonthResult, RuleFinding, read_results, replace_results
from jira_assets.warehouse.connection import WarehouseBusy, WarehouseError, connect

EVERY_PART_FETCHED = AssetCheckSpec(
    "every_part_fetched",
    asset=asset_key("raw_issues"),
    description="The last attempt to fetch each part of each issue succeeded, and the raw log can be read.",
)
_LAYER = "raw"
_PATIENCE_S = 2.0  # for the database, without which all of raw is read
_VERSION = "1"  # of what is looked for in a month


@multi_asset_check(specs=specs([COMPLETE]), can_subset=True)
def completeness_checks(
    context: AssetCheckExecutionContext, site_copy: SiteCopy
) -> Iterator[AssetCheckResult]:
    settings = site_copy.settings
    database, months = settings.warehouse_path, months_of(context, RawLog(settings.raw_dir))
    selected = context.selected_asset_check_keys
    for result in results(database, table_rules(), selected, months, run_id=context.run.run_id):
        yield result
        if not result.passed:
            turn_red(COMPLETE.name, _incomplete_months(database, months))


@multi_asset_check(specs=[EVERY_PART_FETCHED, NO_EVENT_WAITS])
def raw_checks(context: AssetCheckExecutionContext, site_copy: SiteCopy) -> Iterator[AssetCheckResult]:
    settings = site_copy.settings
    months = months_of(context, RawLog(settings.raw_dir))
    failed = unfetched(settings, months, context.run.run_id)
    yield every_part_fetched(failed)
    yield no_event_waits(overdue(settings))
    turn_red(EVERY_PART_FETCHED.name, [month for month in failed if months is None or month in months])


def every_part_fetched(failed: dict[str, RuleFinding]) -> AssetCheckResult:
    """The verdict on the raw log as a whole, by what failed in each month."""
    metadata: Metadata = {}
    if failed:
        failures = [text for finding in failed.values() for text in finding.offenders]
        metadata = {
            "count": sum(finding.count for finding in failed.values()),
            "months": listed(sorted(failed)),
            "failures": failures[:OFFENDERS_SHOWN],
        }
    return AssetCheckResult(
        passed=not failed,
        asset_key=EVERY_PART_FETCHED.asset_key,
        check_name=EVERY_PART_FETCHED.name,
        metadata=metadata,
    )


def unfetched(
    settings: Settings, months: Collection[str] | None = None, run_id: str = ""
) -> dict[str, RuleFinding]:
    """What failed to be fetched, or cannot be read, by month.

    The raw log is read of these months, or of all, and of those of which nothing is known. What others hold
    is as it was when a run looked at them last: nobody but runs appends.
    """
    log = RawLog(settings.raw_dir, settings.keyring)
    known = {} if months is None else _known(settings.warehouse_path)
    logged = log.months()
    asked = [month for month in logged if months is None or month in months or month not in known]
    fresh = {month: MonthResult("", run_id, _failures(log, month)) for month in asked}
    if run_id and settings.warehouse_path.exists():
        with suppress(WarehouseBusy):  # what cannot be kept is asked again
            replace_results(settings.warehouse_path, _LAYER, _VERSION, fresh, patience_s=_PATIENCE_S)
    found = {**known, **fresh}
    return {month: finding for month in logged for finding in found[month].failed}


def _known(database: Path) -> dict[str, MonthResult]:
    if not database.exists():
        return {}
    try:
        with connect(database, read_only=True, patience_s=_PATIENCE_S) as connection:
            return read_results(connection, _LAYER, _VERSION)
    except WarehouseError:
        return {}


def _incomplete_months(database: Path, months: Collection[str] | None) -> list[str]:
    """Those of these months, or of all, with issues of which not all is stored."""
    query = COMPLETE.offenders if months is None else COMPLETE.offenders_in(months)
    with connect(database, read_only=True) as connection:
        rows = connection.execute(f"SELECT DISTINCT month FROM ({query})").fetchall()
    return [month for (month,) in rows]


def _failures(log: RawLog, month: str) -> list[RuleFinding]:
    try:
        texts = [f"{month} {each.issue_id} {each.part}: {each.error}" for each in log.failures([month])]
    except RawLogError as error:
        texts = [f"{month}: {error}"]
    name = EVERY_PART_FETCHED.name
    return [RuleFinding(name, len(texts), texts[:OFFENDERS_SHOWN])] if texts else []
