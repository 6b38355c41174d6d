"""The job that brings a month up to date from end to end."""

from dagster import AssetSelection, define_asset_job

from jira_assets.assets.partitions import MONTHS

sync_months = define_asset_job(
    "sync_months",
    selection=AssetSelection.all(),
    partitions_def=MONTHS,
    description="Fetches months from Jira, rebuilds what changed in the tables, checks them, publishes them.",
)
