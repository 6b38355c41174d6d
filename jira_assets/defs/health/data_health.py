"""`data_health`: measures how well the copy does, and keeps a row of every day."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    AssetSelection,
    Failure,
    Jitter,
    MaterializeResult,
    MetadataValue,
    RetryPolicy,
    asset,
    define_asset_job,
)

from jira_assets import clock
from jira_assets.defs.checks.health import HEALTH_CHECKS, verdicts
from jira_assets.defs.instance.storage import size
from jira_assets.defs.jira.published import mend_published
from jira_assets.defs.keys import asset_key
from jira_assets.defs.resources.site_copy import JiraConnection, SiteCopy
from jira_assets.defs.scheduling import BEFORE_EVENTS, scheduled
from jira_assets.defs.specs import description_of, metadata_of
from jira_assets.http.throttle import Patience, Throttle
from jira_assets.settings.environment import SettingsError
from jira_assets.sync.health.measure import Measurement, Value, measure
from jira_assets.sync.publishing import publish_table
from jira_assets.tables.completeness import COMPLETENESS
from jira_assets.tables.data_health import DATA_HEALTH
from jira_assets.tables.issues import ISSUES
from jira_assets.upkeep.stores import disk_usage
from jira_assets.warehouse.unpartitioned import replace_rows

# That Jira is down is what is to be found out; nobody needs to outwait it.
_PATIENCE = Patience(tries=3, base_seconds=1, total_seconds=30)


@asset(
    key=asset_key(DATA_HEALTH.name),
    deps=[asset_key(ISSUES.name), asset_key(COMPLETENESS.name)],
    check_specs=[check.spec for check in HEALTH_CHECKS],
    group_name="health",
    kinds={"jira", "duckdb"},
    metadata=metadata_of(DATA_HEALTH),
    # For a database file that somebody else holds. A Jira that cannot be asked is no failure, but a finding.
    retry_policy=RetryPolicy(max_retries=2, delay=10, jitter=Jitter.PLUS_MINUS),
    description=description_of(DATA_HEALTH, "Measured every hour; the row of the day is replaced."),
)
def data_health(
    context: AssetExecutionContext, site_copy: SiteCopy, jira: JiraConnection
) -> Iterator[AssetCheckResult | MaterializeResult[None]]:
    settings = site_copy.ready_settings()
    measured = measure(
        settings,
        lambda: jira.open(Throttle(patience=_PATIENCE)),
        clock.now(),
        lambda: disk_usage(settings),
        history_bytes=size(context.instance),
    )
    for what, why in measured.unknown.items():
        context.log.warning("%s: %s", what, why)
    yield from verdicts(measured)
    try:
        replace_rows(settings.warehouse_path, DATA_HEALTH, measured.frame)
        publish_table(settings, DATA_HEALTH)
        mend_published(settings, context.log)
    except SettingsError as error:
        raise Failure(str(error), allow_retries=False) from error
    yield MaterializeResult(metadata=_metadata(measured))


def _metadata(measured: Measurement) -> Mapping[str, MetadataValue]:
    """Numbers as numbers, which Dagster draws over time."""
    return {column: _shown(value) for column, value in measured.values.items()}


def _shown(value: Value) -> MetadataValue:
    if value is None:
        return MetadataValue.null()
    if isinstance(value, datetime):
        return MetadataValue.timestamp(value)
    return MetadataValue.text(f"{value}") if isinstance(value, date) else MetadataValue.int(value)


measure_health = define_asset_job(
    "measure_health",
    selection=AssetSelection.assets(asset_key("data_health")),
    tags=BEFORE_EVENTS,
    description="Measures how well the copy does, and checks whether that is well enough.",
)

hourly_health = scheduled(
    measure_health, "hourly_health", "0 * * * *", "The last measurement of a day stays."
)
