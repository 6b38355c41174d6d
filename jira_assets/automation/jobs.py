"""The jobs that bring a month up to date from end to end."""

from dagster import AssetSelection, define_asset_job

sync_months = define_asset_job(
    "sync_months",
    selection=AssetSelection.all(),
    description="Fetches months from Jira, rebuilds what changed in the tables, checks them, publishes them.",
)

apply_events = define_asset_job(
    "apply_events",
    # What Dagster's checks would ask, `published` asks itself: see `checks/silent.py`.
    selection=AssetSelection.all().without_checks(),
    config={"ops": {"raw_issues": {"config": {"queued_only": True}}}},
    description=(
        "Fetches the issues of a month that wait in the queue, because of events or of what reconciliation "
        "found, updates the tables and publishes them. The webhook sensor asks for it."
    ),
)
