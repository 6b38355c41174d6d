"""`published`: the copy that analysts read, written only once the checks of the tables have passed."""

from dagster import AssetExecutionContext, MaterializeResult, asset

from jira_assets.assets.partitions import BACKFILL, MONTHS
from jira_assets.assets.publishing import publish_views
from jira_assets.assets.ready import ready_settings
from jira_assets.checks.silent import SilentChecks
from jira_assets.configuration import catalogue
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.publish import publish_months
from jira_assets.warehouse.read import built


@asset(
    deps=[table.name for table in catalogue().tables],
    partitions_def=MONTHS,
    backfill_policy=BACKFILL,
    group_name="published",
    owners=["team:data"],
    kinds={"duckdb", "parquet"},
    tags={"layer": "published"},
    description=(
        "The tables as Parquet files, one per table and month, and a small database of views over them "
        "(`jira_issues`, `jira_comments`, …). Query this, never the pipeline's own file."
    ),
)
def published(context: AssetExecutionContext) -> MaterializeResult[None]:
    settings = ready_settings()
    folder = settings.published_dir
    checks = SilentChecks(context)
    checks.before_publishing()
    with connect(settings.warehouse_path, read_only=True) as connection:
        tables = built(connection, catalogue().tables)
        for month in context.partition_keys:
            size = publish_months(connection, tables, [month], folder)
            context.add_asset_metadata({"bytes": size}, partition_key=month)
    views = publish_views(settings)
    checks.after_publishing(context.partition_keys)
    return MaterializeResult(metadata={"database": str(views)})
