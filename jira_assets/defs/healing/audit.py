"""`reconcile_audit`: is what analysts read what Jira shows? Nothing in between is asked."""

from collections.abc import Iterator

from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    Config,
    Failure,
    MaterializeResult,
    asset,
)
from pydantic import Field

from jira_assets.defs.healing.reconcile import RETRIES, compared_copy, listed
from jira_assets.sync.reconcile.audit import SAMPLE, Auditor

_SHOWN = 50

PUBLISHED_EQUALS_JIRA = AssetCheckSpec(
    "published_equals_jira",
    asset="reconcile_audit",
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


@asset(
    group_name="healing",
    owners=["team:data"],
    kinds={"jira"},
    tags={"layer": "healing"},
    retry_policy=RETRIES,
    check_specs=[PUBLISHED_EQUALS_JIRA],
    description=(
        "An audit: issues are read from Jira anew and compared with what is published, past the raw log and "
        "the warehouse. What differs, and has not merely changed since, is named and queued to be fetched."
    ),
)
def reconcile_audit(
    context: AssetExecutionContext, config: AuditConfig
) -> Iterator[AssetCheckResult | MaterializeResult[None]]:
    try:
        with compared_copy() as (settings, scope, spent):
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
    yield _verdict(passed=not audit.differences, metadata={**compared, **different})
    yield MaterializeResult(metadata={**compared, **different, "queued": audit.queued, **spent})


def _verdict(*, passed: bool, metadata: dict[str, int | float | str | list[str]]) -> AssetCheckResult:
    spec = PUBLISHED_EQUALS_JIRA
    return AssetCheckResult(
        asset_key=spec.asset_key, check_name=spec.name, passed=passed, metadata=dict(metadata)
    )
