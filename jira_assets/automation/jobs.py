"""The jobs that bring a month up to date from end to end."""

from dagster import AssetSelection, define_asset_job
from dagster._core.storage.tags import PRIORITY_TAG

# Of what is asked for on schedule: short, seldom, and never to wait for the end of a stream of events.
SCHEDULED = {PRIORITY_TAG: "2"}
_MONTHS = AssetSelection.groups("raw", "tables", "published")

sync_months = define_asset_job(
    "sync_months",
    selection=_MONTHS,
    description="Fetches months from Jira, rebuilds what changed in the tables, checks them, publishes them.",
)

apply_events = define_asset_job(
    "apply_events",
    # What Dagster's checks would ask, `published` asks itself: see `checks/silent.py`.
    selection=_MONTHS.without_checks(),
    config={"ops": {"raw_issues": {"config": {"queued_only": True}}}},
    description=(
        "Fetches the issues of a month that wait in the queue, because of events or of what reconciliation "
        "found, updates the tables and publishes them. The webhook sensor asks for it."
    ),
)

refresh_slas = define_asset_job(
    "refresh_slas",
    selection=AssetSelection.assets("open_ticket_slas"),
    tags=SCHEDULED,
    description=(
        "Reads the SLAs of all open issues from Jira, publishes them, and queues the issues that have "
        "changed without an event. The schedule sla_refresh asks for it."
    ),
)
