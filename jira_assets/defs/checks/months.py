"""The months that a run is about, and turning it red for what is wrong in them."""

from collections.abc import Collection, Mapping

from dagster import AssetCheckExecutionContext, DagsterInstance, Failure, PartitionKeyRange

from jira_assets.defs.partitions import MONTHS, with_later
from jira_assets.defs.upstream import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)
from jira_assets.raw.log import RawLog


def months_of(context: AssetCheckExecutionContext, raw: RawLog) -> list[str] | None:
    """With the last one also those of the log that have no partitions. None for a run without partitions: it
    is about all months.
    """
    return _months(context.run.tags, raw)


def months_of_run(instance: DagsterInstance, run_id: str, raw: RawLog) -> list[str] | None:
    """As ``months_of``, for whoever has no more than the id of the run."""
    run = instance.get_run_by_id(run_id)
    return _months(run.tags, raw) if run else None


def _months(tags: Mapping[str, str], raw: RawLog) -> list[str] | None:
    if PARTITION_NAME_TAG in tags:
        return with_later([tags[PARTITION_NAME_TAG]], raw.months())
    first, last = (tags.get(tag) for tag in (ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG))
    if not first or not last:
        return None
    months = MONTHS.get_partition_keys_in_range(PartitionKeyRange(first, last))
    return with_later(months, raw.months())


def turn_red(check: str, months: Collection[str]) -> None:
    """Raises Failure if a check fails in some of the months of the run.

    A run is green only if it did what it says; a failed check alone would leave it green. And a run that did
    its own months well is not to blame for the others.
    """
    if months:
        raise Failure(reason(check, months), allow_retries=False)


def reason(check: str, months: Collection[str]) -> str:
    """Why a run is red for what a check found."""
    return f"{check} failed for {', '.join(sorted(months))}: see the check's metadata"
