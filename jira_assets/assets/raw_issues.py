"""`raw_issues`: everything Jira says about the issues of a month, appended to the raw log."""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

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
from jira_assets.checks.unasked import answer_unasked_checks
from jira_assets.jira.access import AccessGuard
from jira_assets.jira.client import JiraClient, Statistics
from jira_assets.jira.errors import (
    BrokenPaging,
    JiraError,
    ProjectsNotVisible,
    RateLimited,
    Unauthorised,
    Unavailable,
)
from jira_assets.jira.fetch import MonthFetch, fetch_month
from jira_assets.jira.issue_json import SkippedIssue
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record, Source
from jira_assets.raw.site import write_fields
from jira_assets.settings import Settings, SettingsError

_KEYS_SHOWN = 50
# Trying again, or another month, would only lock the account out.
_ENDS_EVERYTHING = (Unauthorised, ProjectsNotVisible)
_MAY_PASS = (BrokenPaging, RateLimited, Unavailable)
Metadata = Mapping[str, int | float | str | list[str]]


@asset(
    partitions_def=MONTHS,
    backfill_policy=BACKFILL,
    hooks={answer_unasked_checks},
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
def raw_issues(context: AssetExecutionContext) -> Iterator[AssetMaterialization | MaterializeResult[None]]:
    try:
        settings = Settings.load()
        _ = settings.start_month  # a malformed one is told here: the partitions were made without it
        with JiraClient.from_settings(settings) as client:
            download = _Download(context, settings, client)
            download.run()
    except (SettingsError, *_ENDS_EVERYTHING) as error:
        raise Failure(str(error), allow_retries=False) from error
    if download.failed:
        for month, metadata in download.fetched.items():
            yield AssetMaterialization(context.asset_key, partition=month, metadata=metadata)
        raise download.failure()
    for month, metadata in download.fetched.items():
        context.add_asset_metadata(metadata, partition_key=month)
    yield MaterializeResult()


class _Download:
    """The months of one run, one after the other. A month that fails doesn't keep the others from it."""

    def __init__(self, context: AssetExecutionContext, settings: Settings, client: JiraClient) -> None:
        self.fetched: dict[str, Metadata] = {}
        self.failed: dict[str, JiraError | RawLogError] = {}
        self._context = context
        self._client = client
        self._raw_dir = settings.raw_dir
        self._projects = settings.projects
        self._raw = RawLog(settings.raw_dir)
        self._guard = AccessGuard(client, settings.projects)

    def run(self) -> None:
        write_fields(self._raw_dir, bytes(self._client.get_json("/rest/api/3/field", None, msgspec.Raw)))
        for month in self._context.partition_keys:
            try:
                self.fetched[month] = self._month(month)
            except (JiraError, RawLogError) as error:
                self.failed[month] = error
                self._context.log.error("%s: %s", month, error)
                if isinstance(error, _ENDS_EVERYTHING):
                    break

    def failure(self) -> Failure:
        return Failure(
            "; ".join(f"{month}: {error}" for month, error in self.failed.items()),
            allow_retries=all(isinstance(error, _MAY_PASS) for error in self.failed.values()),
        )

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
        self._raw.append(month, _failures(fetch.skipped))
        self._refuse_sudden_emptiness(month, fetch)
        self._raw.compact(month)
        metadata = _metadata(fetch, before, self._client.statistics, time.monotonic() - began)
        self._context.log.info("%s: %d issues in %s s", month, fetch.issues, metadata["seconds"])
        return metadata

    def _refuse_sudden_emptiness(self, month: str, fetch: MonthFetch) -> None:
        """Without rights Jira answers 200 with nothing: nothing where there was something is no answer."""
        if fetch.issues or fetch.skipped:
            return
        known = sum(Part.ISSUE in issue.payloads for issue in self._raw.latest(month))
        if known:
            raise RawLogError(
                f"Jira found no issues of {month}, but {known} are stored. Nothing was changed. Unless they "
                "were all deleted, check what the account may see: jira-assets doctor"
            )


def _failures(skipped: Iterable[SkippedIssue]) -> Iterator[Record]:
    """Issues that Jira lists and nobody could store: the checks speak of them until they can be fetched."""
    now = datetime.now(UTC)
    for issue in skipped:
        if issue.issue_id is not None:
            reason = f"{issue.key}: {issue.reason}"
            yield Record(issue.issue_id, Part.ISSUE, now, now, Source.BACKFILL, None, reason)


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
