"""Checks that turn a run red without holding anything back: an incomplete issue is still worth publishing."""

from collections.abc import Iterator

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSpec,
    Failure,
    multi_asset_check,
)

from jira_assets.assets.raw_issues import raw_issues
from jira_assets.checks.evaluate import Metadata, evaluate, specs
from jira_assets.checks.rules import COMPLETE
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings

_SHOWN = 50


@multi_asset_check(specs=specs([COMPLETE]), can_subset=True)
def completeness_checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
    yield from _red_if_failed(evaluate([COMPLETE], context.selected_asset_check_keys))


@multi_asset_check(
    specs=[
        AssetCheckSpec(
            "every_part_fetched",
            asset=raw_issues,
            description="The last attempt to fetch each part of each issue succeeded.",
        )
    ]
)
def raw_checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
    del context
    failures = list(RawLog(Settings.load().raw_dir).failures())
    shown = [f"{failure.month} {failure.issue_id} {failure.part}: {failure.error}" for failure in failures]
    metadata: Metadata = {"count": len(failures), "failures": shown[:_SHOWN]}
    yield from _red_if_failed(iter([AssetCheckResult(passed=not failures, metadata=metadata)]))


def _red_if_failed(results: Iterator[AssetCheckResult]) -> Iterator[AssetCheckResult]:
    """A run is green only if it did what it says. A failed check alone would leave it green."""
    failed = []
    for result in results:
        yield result
        if not result.passed:
            failed.append(result.check_name or "every_part_fetched")
    if failed:
        raise Failure(f"{', '.join(failed)} failed: see the check's metadata", allow_retries=False)
