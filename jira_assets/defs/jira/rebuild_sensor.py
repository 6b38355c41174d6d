"""`rebuild_sensor`: months of another version, or with names that have changed, are made anew from raw."""

from collections.abc import Collection, Sequence
from itertools import dropwhile, takewhile

from dagster import (
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from jira_assets.defs.jira.jobs import rebuild_months
from jira_assets.defs.partitions import MONTHS
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.defs.upstream import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    NOT_FINISHED_STATUSES,
)
from jira_assets.raw.errors import RawLogError
from jira_assets.sync.configuration import outdated
from jira_assets.warehouse.connection import WarehouseBusy


@sensor(
    job=rebuild_months,
    minimum_interval_seconds=60,
    default_status=DefaultSensorStatus.RUNNING,
    description=(
        "After a change of the mapping of fields, of the privacy policy, of the key that writes, of our own "
        "code, or of a name that issues show, asks for a run that makes the tables of the months that this "
        "concerns anew, without a request to Jira."
    ),
)
def rebuild_sensor(context: SensorEvaluationContext, site_copy: SiteCopy) -> RunRequest | SkipReason:
    # Some are under way already, or wait: one after the other, since each writes the same file.
    unfinished = RunsFilter(job_name=rebuild_months.name, statuses=list(NOT_FINISHED_STATUSES))
    if context.instance.get_runs(unfinished, limit=1):
        return SkipReason("months are being made anew")
    try:
        version, found = outdated(site_copy.settings)
    except (RawLogError, WarehouseBusy) as error:
        return SkipReason(str(error))
    months = _first_in_a_row(found, MONTHS.get_partition_keys())
    if not months:
        return SkipReason("all months are of this version")
    tags = {ASSET_PARTITION_RANGE_START_TAG: months[0], ASSET_PARTITION_RANGE_END_TAG: months[-1]}
    # A run that fails is not asked for again and again, but once there is less to do, or something else.
    # After one that went well the same may be due again: an older version is back, or an older warehouse.
    done = RunsFilter(job_name=rebuild_months.name, statuses=[DagsterRunStatus.SUCCESS])
    after = [run.run_id for run in context.instance.get_runs(done, limit=1)]
    key = " ".join([version, months[0], months[-1], str(len(months)), *after])
    return RunRequest(run_key=key, tags=tags)


def _first_in_a_row(found: Collection[str], partitions: Sequence[str]) -> list[str]:
    """The first of these months, with those that follow it without a gap: a run has a range of months."""
    rest = dropwhile(lambda month: month not in found, partitions)
    return list(takewhile(lambda month: month in found, rest))
