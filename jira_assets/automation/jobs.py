"""The job that brings a month up to date from end to end."""

from dagster import AssetSelection, define_asset_job

sync_months = define_asset_job(
    "sync_months",
    selection=AssetSelection.all(),
    description="Fetches months from Jira, rebuilds what changed in the tables, checks them, publishes them.",
)
