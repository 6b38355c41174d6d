"""`raw_issues`: everything Jira says about the issues of a month, appended to the raw log."""

from collections.abc import Iterator

from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    AssetOut,
    Backoff,
    Config,
    Failure,
    Jitter,
    MaterializeResult,
    RetryPolicy,
    multi_asset,
)
from pydantic import Field

from jira_assets.defs.checks.reporting import evaluate_skipped_checks
from jira_assets.defs.jira.failed_months import FailedMonths
from jira_assets.defs.keys import asset_key
from jira_assets.defs.partitions import BACKFILL, MONTHS
from jira_assets.defs.resources.site_copy import JiraConnection, SiteCopy
from jira_assets.defs.specs import metadata_of_raw
from jira_assets.privacy.errors import PrivacyError
from jira_assets.settings.environment import SettingsError
from jira_assets.sync.download import ENDS_EVERYTHING, Download

_RETRIES = RetryPolicy(max_retries=2, delay=30, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)


class RawIssuesConfig(Config):
    """What the launchpad offers."""

    queued_only: bool = Field(
        default=False,
        description=(
            "Fetch only the issues that wait in the queue, which is what the webhook sensor asks for. "
            "A month that was never fetched whole is fetched whole all the same."
        ),
    )


_DESCRIPTION = (
    "Everything Jira says about the issues created in a month (UTC): the issues with all comments, "
    "changes, worklogs and remote links, appended to the raw log under `raw/issues/<month>/`. What fails "
    "to be fetched keeps its stored value, and the check `every_part_fetched` says so. The content of "
    "attachments is stored under `attachments/<issue id>/`; what fails is tried again by the next run."
)


@multi_asset(
    name="raw_issues",
    outs={
        "raw_issues": AssetOut(
            key=asset_key("raw_issues"),
            description=_DESCRIPTION,
            metadata=metadata_of_raw(),
            io_manager_key="months",
            group_name="raw",
            kinds={"jira", "parquet"},
        )
    },
    deps=[asset_key("site")],
    partitions_def=MONTHS,
    backfill_policy=BACKFILL,
    hooks={evaluate_skipped_checks},
    retry_policy=_RETRIES,
)
def raw_issues(
    context: AssetExecutionContext, config: RawIssuesConfig, site_copy: SiteCopy, jira: JiraConnection
) -> Iterator[AssetMaterialization | MaterializeResult[list[str]]]:
    try:
        settings = site_copy.ready_settings()
        _ = settings.start_month  # a malformed one is told here: the partitions were made without it
        with jira.open() as client:
            download = Download(settings, client, context.log)
            download.run(context.partition_keys, queued_only=config.queued_only)
    except (SettingsError, PrivacyError, *ENDS_EVERYTHING) as error:
        raise Failure(str(error), allow_retries=False) from error
    fetched = [month for month in context.partition_keys if month in download.fetched]
    unfetched = dict.fromkeys(context.partition_keys, "another month ended the fetching") | download.failed
    failed = FailedMonths(context)
    failed.add({m: f"it was not fetched: {why}" for m, why in unfetched.items() if m not in download.fetched})
    failed.add_lost(download.lost)
    is_tried_again = download.may_pass and _may_be_tried_again(context)
    if failed.wrong and (is_tried_again or not fetched or failed.is_last_step):
        for month in fetched:
            yield AssetMaterialization(context.asset_key, partition=month, metadata=download.fetched[month])
        raise Failure("; ".join(failed.wrong), allow_retries=download.may_pass)
    failed.keep()
    for month in fetched:
        context.add_asset_metadata(download.fetched[month], partition_key=month)
    yield MaterializeResult(value=fetched)


def _may_be_tried_again(context: AssetExecutionContext) -> bool:
    """Whether Dagster repeats this step if it fails now."""
    is_disabled = context.op_execution_context.get_step_execution_context().retry_mode.disabled
    return not is_disabled and context.retry_number < _RETRIES.max_retries
