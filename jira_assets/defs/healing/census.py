"""`take_census`: what is in Jira and not here, or here and not in Jira, is queued to be fetched."""

from collections.abc import Iterator, Mapping

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSpec,
    AssetSelection,
    Failure,
    define_asset_job,
    multi_asset_check,
)

from jira_assets.defs.healing.site import RETRIES, SITE, compared_copy, listed, observed
from jira_assets.defs.resources.site_copy import JiraConnection, SiteCopy
from jira_assets.defs.scheduling import BEFORE_EVENTS, scheduled
from jira_assets.sync.reconcile.census import Census
from jira_assets.sync.reconcile.census import take_census as take_issue_census
from jira_assets.sync.reconcile.children import (
    ChildCensus,
    queue_failed_files,
    queue_remote_links,
    take_comment_census,
    take_worklog_census,
)
from jira_assets.sync.reconcile.scope import DeletionLimit

_KEYS_SHOWN = 50

ACCESS_KEPT = AssetCheckSpec(
    "access_kept",
    asset=SITE.key,
    description=(
        "The account sees every project that is to be copied, and every project and security level of which "
        "issues are stored."
    ),
)
DELETIONS_PLAUSIBLE = AssetCheckSpec(
    "deletions_plausible",
    asset=SITE.key,
    description=(
        "Not more is gone than JIRA_MAX_DELETED_PERCENT of what is stored, or than JIRA_MAX_DELETED_ISSUES; "
        "else none is believed."
    ),
)


@multi_asset_check(
    name="reconcile_census",
    specs=[ACCESS_KEPT, DELETIONS_PLAUSIBLE],
    retry_policy=RETRIES,
    description=(
        "A census of ids: issues, comments and worklogs that are in Jira and not here, or here and not in "
        "Jira, are queued, and so are those whose remote links have not been looked at for a day, and those "
        "of which a file could not be downloaded. Nothing is deleted but by the runs that this causes, each "
        "of which asks for the issue itself."
    ),
)
def reconcile_census(
    context: AssetCheckExecutionContext, site_copy: SiteCopy, jira: JiraConnection
) -> Iterator[AssetCheckResult]:
    try:
        with compared_copy(site_copy, jira) as (settings, scope, spent):
            limit = DeletionLimit(settings.max_deleted_percent, settings.max_deleted_issues)
            census = take_issue_census(scope, limit)
            comments = take_comment_census(scope, limit)
            worklogs = take_worklog_census(scope, limit)
            remote_links = queue_remote_links(scope, scope.client.now)
            files = queue_failed_files(scope) if settings.downloads_attachments else 0
    except Failure as failure:
        # What cannot be looked into has not passed, and must not stay as if it were yet to come.
        for spec in (ACCESS_KEPT, DELETIONS_PLAUSIBLE):
            yield _verdict(spec, False, {"reason": failure.description or ""})
        raise
    context.op_execution_context.log_event(
        observed(
            {
                "listed": census.listed,
                "stored": census.stored,
                "queued": census.queued,
                **listed("unknown", census.unknown),
                **listed("outdated", census.outdated),
                **listed("hidden", census.hidden),
                **listed("gone", census.gone),
                "access_lost": census.access_lost.total(),
                "projects_lost": census.lost,
                "comments": comments.stored,
                "comments_gone": comments.gone,
                "queued_for_comments": comments.queued,
                "worklogs": worklogs.stored,
                "worklogs_gone": worklogs.gone,
                "queued_for_worklogs": worklogs.queued,
                "queued_for_remote_links": remote_links,
                "queued_for_files": files,
                **spent,
            }
        )
    )
    yield _access_kept(census)
    yield _deletions_plausible(census, {"comments": comments, "worklogs": worklogs}, limit)


def _access_kept(census: Census) -> AssetCheckResult:
    lost = [f"{project}: cannot be seen" for project in census.lost]
    lost += [f"{what}: {count} issues stored" for what, count in sorted(census.access_lost.items())]
    metadata: dict[str, int | str | list[str]] = {"count": census.access_lost.total()}
    if lost:
        metadata["lost"] = lost
        metadata["what_to_do"] = (
            "Nothing was deleted here. Give the account its permission back; or, if the project is not to be "
            "copied any more, name the others in JIRA_PROJECTS. If it was deleted in Jira: "
            "jira-assets deleted-project."
        )
    return _verdict(ACCESS_KEPT, not lost, metadata)


def _deletions_plausible(
    census: Census, children: Mapping[str, ChildCensus], limit: DeletionLimit
) -> AssetCheckResult:
    reasons = []
    if not census.is_believed:
        reasons.append(f"{len(census.gone)} of {census.stored} issues are gone, more than {limit}")
    for what, of_children in children.items():
        if not of_children.is_believed:
            reasons.append(f"{of_children.gone} of {of_children.stored} {what} are gone, more than {limit}")
    metadata: dict[str, int | str | list[str]] = {"issues": len(census.gone)}
    metadata |= {what: of_children.gone for what, of_children in children.items()}
    if reasons:
        metadata["reasons"] = reasons
        metadata["what_to_do"] = (
            "Nothing was deleted here. Look in Jira whether they are gone. If so, raise "
            "JIRA_MAX_DELETED_PERCENT or JIRA_MAX_DELETED_ISSUES, run the census again, and set it back."
        )
        metadata["gone"] = census.gone[:_KEYS_SHOWN]
    return _verdict(DELETIONS_PLAUSIBLE, not reasons, metadata)


def _verdict(
    spec: AssetCheckSpec, passed: bool, metadata: Mapping[str, int | str | list[str]]
) -> AssetCheckResult:
    return AssetCheckResult(
        asset_key=spec.asset_key, check_name=spec.name, passed=passed, metadata=dict(metadata)
    )


take_census = define_asset_job(
    "take_census",
    selection=AssetSelection.checks(ACCESS_KEPT.key, DELETIONS_PLAUSIBLE.key),
    tags=BEFORE_EVENTS,
    description="Queues what is in Jira and not here, and what is here and not in Jira.",
)

daily_census = scheduled(
    take_census, "daily_census", "23 3 * * *", "Finds what was deleted or is missing, and no event told us."
)
