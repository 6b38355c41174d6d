"""The table assets, generated from the declarations in `jira_assets.tables`."""

from collections.abc import Iterator
from functools import partial

from dagster import (
    AssetExecutionContext,
    AssetOut,
    Config,
    Failure,
    Jitter,
    Output,
    ResourceParam,
    RetryPolicy,
    multi_asset,
)
from pydantic import Field

from jira_assets.defs.checks.reporting import evaluate_skipped_checks
from jira_assets.defs.jira.failed_months import FailedMonths
from jira_assets.defs.jira.fields import store_changed_fields
from jira_assets.defs.keys import asset_key
from jira_assets.defs.partitions import BACKFILL, MONTHS
from jira_assets.defs.resources.io_manager import TableChange, Warehouse
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.defs.specs import description_of, metadata_of
from jira_assets.inbox.queue import Queue
from jira_assets.raw.log import RawLog
from jira_assets.raw.lookups import LookupStore
from jira_assets.settings import Settings
from jira_assets.sync.configuration import catalogue, outdated, protection, remember, resolution, site
from jira_assets.sync.publishing import publish_lookups
from jira_assets.sync.reconcile.cursors import Cursors
from jira_assets.sync.requeue import requeue_moved, requeue_outdated
from jira_assets.tables.declare import Table
from jira_assets.tables.resolve import FieldResolution
from jira_assets.warehouse.known import Known
from jira_assets.warehouse.purge import purge
from jira_assets.warehouse.refresh import Refresh, Refreshed


class TablesConfig(Config):
    """What the launchpad offers."""

    rebuild: bool = Field(default=False, description="Replace whole months from raw, not only what is new.")


def _out(table: Table) -> AssetOut:
    return AssetOut(
        key=asset_key(table.name),
        description=description_of(table),
        metadata={**metadata_of(table), "partition_expr": "month"},
        io_manager_key="warehouse",
        is_required=False,
        group_name="tables",
        code_version=catalogue().version,
        kinds={"polars", "duckdb"},
    )


@multi_asset(
    name="jira_tables",
    outs={table.name: _out(table) for table in catalogue().tables},
    deps=[asset_key("raw_issues")],
    partitions_def=MONTHS,
    backfill_policy=BACKFILL,
    hooks={evaluate_skipped_checks},
    can_subset=True,
    # For a database file that somebody else holds; what is wrong in the data stays wrong.
    retry_policy=RetryPolicy(max_retries=2, delay=10, jitter=Jitter.PLUS_MINUS),
)
def jira_tables(
    context: AssetExecutionContext,
    config: TablesConfig,
    site_copy: SiteCopy,
    warehouse: ResourceParam[Warehouse],
) -> Iterator[Output[TableChange]]:
    """Issues that were fetched since the last time are read from raw once, for all selected tables."""
    settings = site_copy.ready_settings()
    failed = FailedMonths(context)
    wanted = context.op_execution_context.selected_output_names
    selected = [table for table in catalogue().tables if table.name in wanted]
    resolved = resolution(settings)
    remember(settings, resolved)
    raw = RawLog(settings.raw_dir, settings.keyring)
    refresh = Refresh(
        raw,
        warehouse.path,
        selected,
        site(settings, resolved),
        protection(settings),
        log_differs=partial(_sweep_anew, context, Cursors(settings.reconcile_dir)),
        patience_s=warehouse.patience_s,
    )
    months = failed.remaining(raw.months())
    with refresh.staged(months, rebuild=config.rebuild, progress=context.log.info) as staged:
        if not staged.months:
            raise Failure("; ".join(_left(staged.done)), allow_retries=False)
        for table in selected:
            yield Output(TableChange(table, staged), output_name=table.name)
        refreshed = staged.done
    refresh.give_room_back(refreshed)
    _follow_up(context, settings, resolved, refreshed)
    failed.add({month: f"its tables are as they were: {why}" for month, why in refreshed.failed.items()})
    failed.keep()
    failed.turn_red()


def _left(refreshed: Refreshed) -> Iterator[str]:
    return (f"{month} was left as it is: {why}" for month, why in refreshed.failed.items())


def _follow_up(
    context: AssetExecutionContext, settings: Settings, resolved: FieldResolution, refreshed: Refreshed
) -> None:
    """What else is to be done after tables have changed."""
    is_made_anew = refreshed.protected_anew or refreshed.named_anew
    if is_made_anew and LookupStore(settings.raw_dir, settings.keyring).lists():
        for name, why in publish_lookups(settings).failed.items():
            context.log.warning("%s: %s", name, why)
    if refreshed.protected_anew and not outdated(settings)[1]:
        purge(settings.warehouse_path)  # of what was readable until the last of these months was made anew
    store_changed_fields(context, settings, resolved)
    queue = Queue(settings.queue_dir, settings.keyring)
    requeue_moved(queue, refreshed.left)
    requeued = requeue_outdated(Known(settings.warehouse_path, settings.keyring), queue)
    if requeued:
        context.log.info("%d issues show others as they were: they are in the queue", requeued)


def _sweep_anew(context: AssetExecutionContext, cursors: Cursors, month: str) -> None:
    """What was in a log that is another one now, no sweep would find again from where it has come to."""
    context.log.warning(
        "%s: a segment of its raw log was moved away, put back or replaced since its tables were made: they "
        "are made anew from what is there, and the next sweep begins where the copy did",
        month,
    )
    cursors.reset()
