"""`audit_published`: is what analysts read what Jira shows? Nothing in between is asked."""

from collections.abc import Iterator

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSpec,
    AssetSelection,
    Config,
    Failure,
    define_asset_job,
    multi_asset_check,
)
from pydantic import Field

from jira_assets.defs.healing.site import RETRIES, SITE, compared_copy, listed, observed
from jira_assets.defs.resources.site_copy import JiraConnection, SiteCopy
from jira_assets.defs.scheduling import BEFORE_EVENTS, scheduled
from jira_assets.sync.reconcile.audit import SAMPLE, Auditor

_SHOWN = 50

PUBLISHED_EQUALS_JIRA = AssetCheckSpec(
    "published_equals_jira",
    asset=SITE.key,
    description=(
        "Issues that Jira shows, a random sample and those that changed last, are published like that: with "
        "their key, status, time of change, texts, and number of children. Fails until the next audit."
    ),
)


class AuditConfig(Config):
    """What the launchpad offers."""

    sample: int = Field(
        default=SAMPLE, ge=1, description="How many issues are chosen at random, and how many newest changes."
    )


@multi_asset_check(
    name="reconcile_audit",
    specs=[PUBLISHED_EQUALS_JIRA],
    retry_policy=RETRIES,
    description=(
        "An audit: issues are read from Jira anew and compared with what is published, past the raw log and "
        "the warehouse. What differs, and has not merely changed since, is named and queued to be fetched."
    ),
)
def reconcile_audit(
    context: AssetCheckExecutionContext, config: AuditConfig, site_copy: SiteCopy, jira: JiraConnection
) -> Iterator[AssetCheckResult]:
    try:
        with compared_copy(site_copy, jira) as (settings, scope, spent):
            audit = Auditor.from_settings(settings, scope, context.log.info).run(config.sample)
    except Failure as failure:
        # What cannot be looked into has not passed, and must not stay as if it were yet to come.
        yield _verdict(passed=False, metadata={"reason": failure.description or ""})
        raise
    compared: dict[str, int | float | list[str]] = {
        "ids": audit.ids,
        "issues": audit.issues,
        "changed_since": len(audit.changed_since),
    }
    different = listed("different", [str(each) for each in audit.differences[:_SHOWN]])
    observation = observed({**compared, **different, "queued": audit.queued, **spent})
    context.op_execution_context.log_event(observation)
    yield _verdict(passed=not audit.differences, metadata={**compared, **different})


def _verdict(*, passed: bool, metadata: dict[str, int | float | str | list[str]]) -> AssetCheckResult:
    spec = PUBLISHED_EQUALS_JIRA
    return AssetCheckResult(
        asset_key=spec.asset_key, check_name=spec.name, passed=passed, metadata=dict(metadata)
    )


audit_published = define_asset_job(
    "audit_published",
    selection=AssetSelection.checks(PUBLISHED_EQUALS_JIRA.key),
    tags=BEFORE_EVENTS,
    description="Compares what is published with Jira itself, issue by issue.",
)

# After the census, which queues what it finds: until that is fetched, it is no silent fault.
daily_audit = scheduled(
    audit_published, "daily_audit", "53 4 * * *", "Finds where what is published is not what Jira shows."
)
