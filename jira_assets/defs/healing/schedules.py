"""When the copy is compared with Jira."""

from jira_assets.defs.healing.audit import audit_published
from jira_assets.defs.healing.census import take_census
from jira_assets.defs.healing.sweep import sweep_recent
from jira_assets.defs.scheduling import scheduled

hourly_reconcile = scheduled(
    sweep_recent, "hourly_reconcile", "7 * * * *", "Finds what was changed and no event told us."
)
daily_census = scheduled(
    take_census, "daily_census", "23 3 * * *", "Finds what was deleted or is missing, and no event told us."
)
# After the census, which queues what it finds: until that is fetched, it is no silent fault.
daily_audit = scheduled(
    audit_published, "daily_audit", "53 4 * * *", "Finds where what is published is not what Jira shows."
)
