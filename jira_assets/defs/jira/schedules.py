"""What is refreshed by the clock."""

from jira_assets.defs.jira.jobs import refresh_fields, refresh_lookups, refresh_slas
from jira_assets.defs.scheduling import scheduled

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
