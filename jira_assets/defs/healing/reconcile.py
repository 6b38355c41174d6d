"""`reconcile_recent` and `reconcile_census`: what no event told us is found, and queued to be fetched."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    Backoff,
    Failure,
    Jitter,
    MaterializeResult,
    RetryPolicy,
    asset,
)

from jira_assets.defs.ready import ready_settings
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BrokenPaging, JiraError, RateLimited, Unavailable
from jira_assets.raw.errors import RawLogError
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets.sync.reconcile.census import Census, take_census
from jira_assets.sync.reconcile.children import ChildCensus, take_comment_census, take_worklog_census
from jira_assets.sync.reconcile.files import queue_failed_files
from jira_assets.sync.reconcile.recent import sweep
from jira_assets.sync.reconcile.remote import queue_remote_links
from jira_assets.sync.reconcile.scope import DeletionLimit, Scope
from jira_assets.warehouse.connection import WarehouseBusy, WarehouseError

Metadata = Mapping[str, int | float | list[str]]
_KEYS_SHOWN = 50
_MAY_PASS = (BrokenPaging, RateLimited, Unavailable, WarehouseBusy)
RETRIES = RetryPolicy(max_retries=2, delay=30, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)

ACCESS_KEPT = AssetCheckSpec(
    "access_kept",
    asset="reconcile_census",
    description=(
        "The account sees every project that is to be copied, and every project and security level of which "
        "issues are stored."
    ),
)
DELETIONS_PLAUSIBLE = AssetCheckSpec(
    "deletions_plausible",
    asset="reconcile_census",
    description=(
        "Not more is gone than JIRA_MAX_DELETED_PERCENT of what is stored, or than JIRA_MAX_DELETED_ISSUES; "
        "else none is believed."
    ),
)


@asset(
    group_name="healing",
    owners=["team:data"],
    kinds={"jira"},
    tags={"layer": "healing"},
    retry_policy=RETRIES,
    description=(
        "A sweep of what was updated in Jira since the last one, by Jira's own clock. What is not stored "
        "like that, because an event was lost, is queued; the runs that the webhook sensor asks for fetch it."
    ),
)
def reconcile_recent(context: AssetExecutionContext) -> MaterializeResult[None]:
    with compared_copy() as (settings, scope, spent):
        swept = sweep(scope, settings.reconcile_dir)
    if swept.lost:
        context.log.error("projects that cannot be seen were not looked at: %s", ", ".join(swept.lost))
    if swept.left_out:
        months = ", ".join(f"{month} ({count})" for month, count in sorted(swept.left_out.items()))
        context.log.info("issues of months that nobody has copied are left alone: %s", months)
    return MaterializeResult(
        metadata={
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


@asset(
    group_name="healing",
    owners=["team:data"],
    kinds={"jira"},
    tags={"layer": "healing"},
    retry_policy=RETRIES,
    check_specs=[ACCESS_KEPT, DELETIONS_PLAUSIBLE],
    description=(
        "A census of ids: issues, comments and worklogs that are in Jira and not here, or here and not in "
        "Jira, are queued, and so are those whose remote links have not been looked at for a day, and those "
        "of which a file could not be downloaded. Nothing is deleted but by the runs that this causes, each "
        "of which asks for the issue itself."
    ),
)
def reconcile_census() -> Iterator[AssetCheckResult | MaterializeResult[None]]:
    try:
        with compared_copy() as (settings, scope, spent):
            limit = DeletionLimit(settings.max_deleted_percent, settings.max_deleted_issues)
            census = take_census(scope, limit)
            comments = take_comment_census(scope, limit)
            worklogs = take_worklog_census(scope, limit)
            remote_links = queue_remote_links(scope, scope.client.now)
            files = queue_failed_files(scope) if settings.downloads_attachments else 0
    except Failure as failure:
        # What cannot be looked into has not passed, and must not stay as if it were yet to come.
        for spec in (ACCESS_KEPT, DELETIONS_PLAUSIBLE):
            yield _verdict(spec, False, {"reason": failure.description or ""})
        raise
    yield _access_kept(census)
    yield _deletions_plausible(census, {"comments": comments, "worklogs": worklogs}, limit)
    yield MaterializeResult(
        metadata={
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


@contextmanager
def compared_copy() -> Iterator[tuple[Settings, Scope, dict[str, int | float]]]:
    """The configured copy, and what comparing it has cost when the block ends.

    Raises Failure, which is retried where that may help.
    """
    began = time.monotonic()
    spent: dict[str, int | float] = {}
    try:
        settings = ready_settings()
        with JiraClient.from_settings(settings) as client:
            yield settings, Scope.from_settings(settings, client), spent
            statistics = client.statistics
    except (SettingsError, JiraError, RawLogError, WarehouseError) as error:
        raise Failure(str(error), allow_retries=isinstance(error, _MAY_PASS)) from error
    spent["requests"] = statistics.requests
    spent["throttled_seconds"] = round(statistics.throttled_seconds, 2)
    spent["seconds"] = round(time.monotonic() - began, 2)


def listed(name: str, keys: Sequence[str]) -> Metadata:
    """How many, and which of them, the first few."""
    return {name: len(keys), f"{name}_issues": list(keys[:_KEYS_SHOWN])} if keys else {name: 0}


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
