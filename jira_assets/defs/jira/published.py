"""`published`: the copy that analysts read, of the months that break none of the rules that block."""

from collections.abc import Iterator, Sequence

import duckdb
from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    DagsterLogManager,
    Failure,
    MaterializeResult,
    asset,
)
from upath import UPath

from jira_assets.checks.evaluate import Evaluation
from jira_assets.defs.checks.months import reason
from jira_assets.defs.checks.reporting import UnplannedChecks
from jira_assets.defs.jira.failed_months import FailedMonths
from jira_assets.defs.keys import asset_key
from jira_assets.defs.partitions import BACKFILL, MONTHS, with_later
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.configuration import catalogue, table_rules
from jira_assets.sync.publishing import publish_table, publish_views
from jira_assets.tables.declare import Table
from jira_assets.warehouse.conform import months_set_aside, set_changed_aside, set_damaged_aside
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.publish import is_published, publish_months
from jira_assets.warehouse.read import built


@asset(
    key=asset_key("published"),
    deps=[asset_key(table.name) for table in catalogue().tables],
    partitions_def=MONTHS,
    backfill_policy=BACKFILL,
    group_name="published",
    kinds={"duckdb", "parquet"},
    description=(
        "The tables as Parquet files, one per table and month, and a small database of views over them "
        "(`jira_issues`, `jira_comments`, …). Query this, never the pipeline's own file. A month whose rows "
        "break a rule keeps its files as they are until it is mended; so does a table of other columns than "
        "those that are declared."
    ),
)
def published(
    context: AssetExecutionContext, site_copy: SiteCopy
) -> Iterator[AssetMaterialization | MaterializeResult[None]]:
    settings = site_copy.ready_settings()
    failed = FailedMonths(context)
    stored = RawLog(settings.raw_dir).months()
    months = failed.remaining(stored)
    views = publish_views(settings)  # what is there has today's columns before anything is put beside it
    folder = settings.published_dir
    for table in (*catalogue().tables, *catalogue().unpartitioned):
        set_changed_aside(folder, table)
    without_view = [table for table in catalogue().tables if not is_published(folder, table)]
    with connect(settings.warehouse_path, read_only=True) as connection:
        found = Evaluation.ask(connection, table_rules(), months, context.run.run_id)
        tables = built(connection, catalogue().tables)
        whole = [table for table in tables if table.name not in found.withheld_tables]
        sizes = dict(_publish(connection, whole, months, found, failed, folder))
        _publish_set_aside(context.log, connection, whole, found, folder)
    found.keep(settings.warehouse_path)
    if any(is_published(folder, table) for table in without_view):
        publish_views(settings)
    red = UnplannedChecks(context, settings).tell(found, with_later(context.partition_keys, stored))
    wrong = failed.wrong
    wrong += [f"{table} is published as it was: {why}" for table, why in found.withheld_tables.items()]
    wrong += [reason(check, months) for check, months in red.items() if months]
    for month, size in sizes.items():
        if month not in context.partition_keys:
            continue
        if wrong:
            yield AssetMaterialization(context.asset_key, partition=month, metadata={"bytes": size})
        else:
            context.add_asset_metadata({"bytes": size}, partition_key=month)
    if wrong:
        raise Failure("; ".join(wrong), allow_retries=False)
    yield MaterializeResult(metadata={"database": str(views)})


def _publish(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    months: Sequence[str],
    found: Evaluation,
    failed: FailedMonths,
    folder: UPath,
) -> Iterator[tuple[str, int]]:
    """Publishes the months that nothing speaks against; gives the bytes of each. The others have failed."""
    for month in months:
        why = found.withheld_month(month)
        if why is None:
            try:
                yield month, publish_months(connection, tables, [month], folder)
            except (OSError, duckdb.Error) as error:
                why = str(error)
        if why is not None:
            failed.add({month: f"it is published as it was: {why}"})


def mend_published(settings: Settings, log: DagsterLogManager) -> None:
    """Look at every published file, and publish anew what is damaged. Raises WarehouseError."""
    folder, tables = settings.published_dir, catalogue().tables
    for table in (*tables, *catalogue().unpartitioned):
        set_damaged_aside(folder, table)
    months = {month for table in tables for month in months_set_aside(folder, table)}
    if months:
        with connect(settings.warehouse_path, read_only=True) as connection:
            found = Evaluation.ask(connection, table_rules(), months)
            whole = [each for each in built(connection, tables) if each.name not in found.withheld_tables]
            _publish_set_aside(log, connection, whole, found, folder)
    for table in catalogue().unpartitioned:
        if months_set_aside(folder, table):
            publish_table(settings, table)


def _publish_set_aside(
    log: DagsterLogManager,
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    found: Evaluation,
    folder: UPath,
) -> None:
    """Publishes anew what was set aside, whatever its month."""
    for table in tables:
        for month in months_set_aside(folder, table):
            if month not in found.by_month or found.withheld_month(month) is not None:
                continue
            try:
                publish_months(connection, [table], [month], folder)
                log.warning("%s of %s was damaged, and is published anew", table.name, month)
            except (OSError, duckdb.Error) as error:  # the next run tries again
                log.error("%s of %s is damaged, and was not published: %s", table.name, month, error)
