"""The months that a run is about, and turning it red for what is wrong in them."""

from collections.abc import Collection, Mapping

from dagster import AssetCheckExecutionContext, DagsterInstance, Failure, PartitionKeyRange
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from jira_assets.assets.partitions import MONTHS


def months_of(context: AssetCheckExecutionContext) -> list[str] | None:
    """None for a run that has no partitions: it is about all months."""
    return _months(context.run.tags)


def months_of_run(instance: DagsterInstance, run_id: str) -> list[str] | None:
    """As ``months_of``, for whoever has no more than the id of the run."""
    run = instance.get_run_by_id(run_id)
    return _months(run.tags) if run else None


def _months(tags: Mapping[str, str]) -> list[str] | None:
    if PARTITION_NAME_TAG in tags:
        return [tags[PARTITION_NAME_TAG]]
    first, last = (tags.get(tag) for tag in (ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG))
    if not first or not last:
        return None
    return list(MONTHS.get_partition_keys_in_range(PartitionKeyRange(first, last)))


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
