"""The jobs: those that bring months up to date from end to end, and those that schedules ask for."""

from dagster import AssetSelection, define_asset_job
from dagster._core.storage.tags import PRIORITY_TAG

# Short, seldom, and never to wait for the end of a stream of events.
_BEFORE_EVENTS = {PRIORITY_TAG: "2"}
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
    selection="open_ticket_slas",
    tags=_BEFORE_EVENTS,
    description=(
        "Reads the SLAs of all open issues from Jira, publishes them, and queues the issues that have "
        "changed without an event."
    ),
)

sweep_recent = define_asset_job(
    "sweep_recent",
    selection="reconcile_recent",
    tags=_BEFORE_EVENTS,
    description="Queues what was updated in Jira of late and is not stored like that.",
)

take_census = define_asset_job(
    "take_census",
    selection="reconcile_census",
    tags=_BEFORE_EVENTS,
    description="Queues what is in Jira and not here, and what is here and not in Jira.",
)

audit_published = define_asset_job(
    "audit_published",
    selection="reconcile_audit",
    tags=_BEFORE_EVENTS,
    description="Compares what is published with Jira itself, issue by issue.",
)

refresh_fields = define_asset_job(
    "refresh_fields",
    selection="jira_fields",
    tags=_BEFORE_EVENTS,
    description="Reads which fields the site has, and which of them the columns of `issues` show.",
)

refresh_lookups = define_asset_job(
    "refresh_lookups",
    selection=AssetSelection.groups("lookups"),
    tags=_BEFORE_EVENTS,
    description="Reads what the site calls its projects, statuses, versions, people and so on.",
)

measure_health = define_asset_job(
    "measure_health",
    selection="data_health",
    tags=_BEFORE_EVENTS,
    description="Measures how well the copy does, and checks whether that is well enough.",
)
