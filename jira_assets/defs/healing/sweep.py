"""`sweep_recent`: what was updated in Jira of late, and no event told us, is queued to be fetched."""

from dagster import OpExecutionContext, job, op

from jira_assets.defs.healing.site import RETRIES, compared_copy, listed, observed
from jira_assets.defs.resources.site_copy import JiraConnection, SiteCopy
from jira_assets.defs.scheduling import BEFORE_EVENTS, scheduled
from jira_assets.sync.reconcile.sweep import sweep


@op(retry_policy=RETRIES)
def reconcile_recent(context: OpExecutionContext, site_copy: SiteCopy, jira: JiraConnection) -> None:
    with compared_copy(site_copy, jira) as (settings, scope, spent):
        swept = sweep(scope, settings.reconcile_dir)
    if swept.lost:
        context.log.error("projects that cannot be seen were not looked at: %s", ", ".join(swept.lost))
    if swept.left_out:
        months = ", ".join(f"{month} ({count})" for month, count in sorted(swept.left_out.items()))
        context.log.info("issues of months that nobody has copied are left alone: %s", months)
    context.log_event(
        observed(
            {
                "issues": swept.issues,
                "queued": swept.queued,
                "left_out": swept.left_out.total(),
                "months_left_out": len(swept.left_out),
                "projects_lost": swept.lost,
                **listed("unknown", swept.unknown),
                **listed("outdated", swept.outdated),
                **spent,
            }
        )
    )


@job(
    tags=BEFORE_EVENTS,
    description=(
        "A sweep of what was updated in Jira since the last one, by Jira's own clock. What is not stored "
        "like that, because an event was lost, is queued; the runs that the webhook sensor asks for fetch it."
    ),
)
def sweep_recent() -> None:
    reconcile_recent()


hourly_reconcile = scheduled(
    sweep_recent, "hourly_reconcile", "7 * * * *", "Finds what was changed and no event told us."
)
