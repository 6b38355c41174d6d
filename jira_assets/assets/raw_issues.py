"""`raw_issues`: everything Jira says about the issues of a month, appended to the raw log."""

import time
from collections.abc import Mapping

import msgspec
from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    Backoff,
    Failure,
    Jitter,
    MaterializeResult,
    RetryPolicy,
    asset,
)

from jira_assets.assets.partitions import BACKFILL, MONTHS
from jira_assets.jira.access import AccessGuard
from jira_assets.jira.client import JiraClient, Statistics
from jira_assets.jira.errors import JiraError, ProjectsNotVisible, Unauthorised
from jira_assets.jira.fetch import MonthFetch, fetch_month
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Source
from jira_assets.raw.site import write_fields
from jira_assets.settings import Settings, SettingsError

_KEYS_SHOWN = 50
Metadata = Mapping[str, int | float | str | list[str]]


@asset(
    partitions_def=MONTHS,
    backfill_policy=BACKFILL,
    group_name="raw",
    owners=["team:data"],
    kinds={"jira", "parquet"},
    tags={"layer": "raw"},
    retry_policy=RetryPolicy(max_retries=2, delay=30, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS),
    description=(
        "Everything Jira says about the issues created in a month (UTC): the issues with all comments, "
        "changes, worklogs and remote links, appended to the raw log under `raw/issues/<month>/`. What fails "
        "to be fetched keeps its stored value, and the check `every_part_fetched` says so."
    ),
)
def raw_issues(context: AssetExecutionContext) -> MaterializeResult[None]:
    try:
        settings = Settings.load()
        with JiraClient.from_settings(settings) as client:
            _Download(context, settings, client).run()
    except (SettingsError, Unauthorised, ProjectsNotVisible) as error:
        # Trying again would only lock the account out.
        raise Failure(str(error), allow_retries=False) from error
    return MaterializeResult()


class _Download:
    """The months of one run, one after the other. A month that fails doesn't keep the others from it."""

    def __init__(self, context: AssetExecutionContext, settings: Settings, client: JiraClient) -> None:
        self._context = context
        self._client = client
        self._raw_dir = settings.raw_dir
        self._projects = settings.projects
        self._raw = RawLog(settings.raw_dir)
        self._guard = AccessGuard(client, settings.projects)

    def run(self) -> None:
        write_fields(self._raw_dir, bytes(self._client.get_json("/rest/api/3/field", None, msgspec.Raw)))
        fetched: dict[str, Metadata] = {}
        failed: dict[str, str] = {}
        for month in self._context.partition_keys:
            try:
                fetched[month] = self._month(month)
            except (Unauthorised, ProjectsNotVisible):
                raise
            except (JiraError, RawLogError) as error:
                failed[month] = str(error)
                self._context.log.error("%s: %s", month, error)
        if failed:
            for month, metadata in fetched.items():
                self._context.log_event(
                    AssetMaterialization(self._context.asset_key, partition=month, metadata=metadata)
                )
            raise Failure("; ".join(f"{month}: {error}" for month, error in failed.items()))
        for month, metadata in fetched.items():
            self._context.add_asset_metadata(metadata, partition_key=month)

    def _month(self, month: str) -> Metadata:
        began, before = time.monotonic(), self._client.statistics
        fetch = fetch_month(
            self._client,
            month,
            self._projects,
            Source.BACKFILL,
            lambda line: self._context.log.info("%s: %s", month, line),
            self._guard,
        )
        for records in fetch:
            self._raw.append(month, records)
        self._refuse_sudden_emptiness(month, fetch)
        self._raw.compact(month)
        metadata = _metadata(fetch, before, self._client.statistics, time.monotonic() - began)
        self._context.log.info("%s: %d issues in %s s", month, fetch.issues, metadata["seconds"])
        return metadata

    def _refuse_sudden_emptiness(self, month: str, fetch: MonthFetch) -> None:
        """Without rights Jira answers 200 with nothing: nothing where there was something is no answer."""
        if fetch.issues:
            return
        known = sum(Part.ISSUE in issue.payloads for issue in self._raw.latest(month))
        if known:
            raise RawLogError(
                f"Jira found no issues of {month}, but {known} are stored. Nothing was changed. Unless they "
                "were all deleted, check what the account may see: jira-assets doctor"
            )


def _metadata(fetch: MonthFetch, before: Statistics, after: Statistics, seconds: float) -> Metadata:
    metadata: dict[str, int | float | str | list[str]] = {
        "issues": fetch.issues,
        "requests": after.requests - before.requests,
        "retries": after.retries - before.retries,
        "bytes": after.bytes - before.bytes,
        "seconds": round(seconds, 2),
        "throttled_seconds": round(after.throttled_seconds - before.throttled_seconds, 2),
        "failed_parts": len(fetch.failures),
        "skipped_issues": len(fetch.skipped),
    }
    if fetch.failures:
        shown = fetch.failures[:_KEYS_SHOWN]
        metadata["failures"] = [f"{failure.key} {failure.part}: {failure.error}" for failure in shown]
    if fetch.skipped:
        metadata["skipped"] = [f"{issue.key}: {issue.reason}" for issue in fetch.skipped[:_KEYS_SHOWN]]
    return metadata
