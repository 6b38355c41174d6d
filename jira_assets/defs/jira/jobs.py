"""The jobs that bring months up to date from end to end, and those that refresh what has no months."""

from dagster import AssetSelection, define_asset_job

from jira_assets.defs.keys import asset_key
from jira_assets.defs.scheduling import BEFORE_EVENTS, scheduled

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

rebuild_months = define_asset_job(
    "rebuild_months",
    selection=AssetSelection.groups("tables", "published"),
    description="Makes the tables of months anew from what is stored, checks and publishes them.",
)

refresh_slas = define_asset_job(
    "refresh_slas",
    selection=AssetSelection.assets(asset_key("open_ticket_slas")),
    tags=BEFORE_EVENTS,
    description=(
        "Reads the SLAs of all open issues from Jira, publishes them, and queues the issues that have "
        "changed without an event."
    ),
)

refresh_fields = define_asset_job(
    "refresh_fields",
    selection=AssetSelection.assets(asset_key("jira_fields")),
    tags=BEFORE_EVENTS,
    description="Reads which fields the site has, and which of them the columns of `issues` show.",
)

refresh_lookups = define_asset_job(
    "refresh_lookups",
    selection=AssetSelection.groups("lookups"),
    tags=BEFORE_EVENTS,
    description="Reads what the site calls its projects, statuses, versions, people and so on.",
)


sla_refresh = scheduled(
    refresh_slas,
    "sla_refresh",
    "*/15 * * * *",
    "Reads the SLAs of all open issues: elapsed time moves without any event.",
)
daily_fields = scheduled(refresh_fields, "daily_fields", "11 3 * * *", "Finds new and renamed fields.")
daily_lookups = scheduled(
    refresh_lookups, "daily_lookups", "17 3 * * *", "Finds new names of what issues refer to."
)
