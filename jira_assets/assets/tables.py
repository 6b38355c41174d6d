"""The table assets, generated from the declarations in `jira_assets.tables`."""

from collections.abc import Iterator

from dagster import (
    AssetExecutionContext,
    AssetOut,
    Config,
    Jitter,
    Output,
    RetryPolicy,
    multi_asset,
)
from pydantic import Field

from jira_assets.assets.columns import metadata_of
from jira_assets.assets.partitions import BACKFILL, MONTHS
from jira_assets.assets.raw_issues import raw_issues
from jira_assets.checks.unasked import answer_unasked_checks
from jira_assets.environment import SettingsError
from jira_assets.events.neighbours import requeue_outdated
from jira_assets.events.queue import Queue
from jira_assets.raw.log import RawLog
from jira_assets.raw.site import read_fields
from jira_assets.settings import Settings
from jira_assets.tables.catalogue import TABLES, code_version
from jira_assets.tables.declare import Table
from jira_assets.tables.issue import Site
from jira_assets.warehouse.io_manager import TableOutput, TableRefresh
from jira_assets.warehouse.known import Known


class TablesConfig(Config):
    """What the launchpad offers."""

    rebuild: bool = Field(default=False, description="Replace whole months from raw, not only what is new.")


def _out(table: Table) -> AssetOut:
    return AssetOut(
        description=table.description,
        metadata={**metadata_of(table), "partition_expr": "month"},
        io_manager_key="warehouse",
        is_required=False,
        group_name="tables",
        code_version=code_version(),
        owners=["team:data"],
        kinds={"polars", "duckdb"},
        tags={"layer": "table"},
    )


@multi_asset(
    name="jira_tables",
    outs={table.name: _out(table) for table in TABLES},
    deps=[raw_issues],
    partitions_def=MONTHS,
    backfill_policy=BACKFILL,
    hooks={answer_unasked_checks},
    can_subset=True,
    # For a database file that somebody else holds; what is wrong in the data stays wrong.
    retry_policy=RetryPolicy(max_retries=2, delay=10, jitter=Jitter.PLUS_MINUS),
)
def jira_tables(context: AssetExecutionContext, config: TablesConfig) -> Iterator[Output[TableOutput]]:
    """Issues that were fetched since the last time are read from raw once, for all selected tables."""
    settings = Settings.load()
    wanted = context.op_execution_context.selected_output_names
    selected = [table for table in TABLES if table.name in wanted]
    refresh = TableRefresh(
        raw=RawLog(settings.raw_dir),
        site=_site(settings),
        tables=selected,
        months=list(context.partition_keys),
        rebuild=config.rebuild,
        progress=context.log.info,
    )
    for table in selected:
        yield Output(TableOutput(refresh, table), output_name=table.name)
    requeued = requeue_outdated(Known(settings.warehouse_path), Queue(settings.queue_dir))
    if requeued:
        context.log.info("%d issues show others as they were: they are in the queue", requeued)


def _site(settings: Settings) -> Site:
    # Rebuilding needs no access to Jira; only addresses of issues behind the gateway need the domain.
    try:
        url: str | None = f"https://{settings.domain}"
    except SettingsError:
        url = None
    return Site(url, read_fields(settings.raw_dir))
