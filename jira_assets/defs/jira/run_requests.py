"""Which months with queued work to ask runs for, and when to ask again."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile

from dagster import DagsterInstance, DagsterRunStatus, RunRecord, RunRequest, RunsFilter

from jira_assets import clock
from jira_assets.defs.upstream import PRIORITY_TAG
from jira_assets.inbox.queue import NewestItem

MONTH_TAG = ".dagster/jira_assets.queued_month"
"""On runs that empty the queue of a month: the month."""

NEWEST_TAG = ".dagster/jira_assets.queued_until"
"""And when the newest item that they were asked for was added, in nanoseconds since the epoch."""

# Such a run will look into the queue when it starts, and finds what is there by then.
_NOT_STARTED = {
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.MANAGED,
    DagsterRunStatus.STARTING,
}
_FAILED = (DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)
_UNDER_WAY = {DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING}
_NANOSECONDS = 1e9
_FAILURES_SINCE = timedelta(days=7)  # longer than anybody lets Dagster be down
_FAILURES_COUNTED = 8  # doubled so often, half a minute is an hour


@dataclass(frozen=True, slots=True)
class Delay:
    """Half as long as an item has waited, within bounds, in seconds: so that it grows with each try."""

    shortest: float
    longest: float

    def after(self, waited: float) -> float:
        return min(max(waited / 2, self.shortest), self.longest)


# Jira had not caught up with its own events yet, or never will with what the account may not see.
_AFTER_SUCCESS = Delay(1, 600)
# Something is wrong, with Jira or with us.
_AFTER_FAILURE = Delay(30, 3600)


def requests_for(
    newest: Mapping[str, NewestItem], instance: DagsterInstance, partitions: Collection[str]
) -> Iterator[RunRequest]:
    """One request for each month whose work no run will do, unless it failed too recently.

    The newest items must have been looked up before this is called. At most one run of a month is under way
    and one waits for it to end, however fast events come. What is of a month that has not begun yet, by our
    clock, is the work of the last one's run.
    """
    work: dict[str, NewestItem] = {}
    for month, item in newest.items():
        month = min(month, max(partitions, default=month))
        work[month] = max(item, work.get(month, item))
    for month, item in work.items():
        if month not in partitions:
            continue
        last = _last_run(instance, month)
        if last is None or _is_due(item, last):
            yield _request(month, item, last)


def requests_to_finish(
    instance: DagsterInstance, job_name: str, partitions: Collection[str], but: Collection[str]
) -> Iterator[RunRequest]:
    """A request for each month whose last run failed when the queue was empty already: its tables are behind.

    Not for the months in ``but``, which have work in the queue.
    """
    since = clock.now() - _FAILURES_SINCE
    failures = RunsFilter(job_name=job_name, statuses=list(_FAILED), updated_after=since)
    failed = instance.get_run_records(failures)
    months = {record.dagster_run.tags.get(MONTH_TAG, "") for record in failed}
    for month in sorted(months & {*partitions} - {*but}):
        runs = instance.get_run_records(RunsFilter(tags={MONTH_TAG: month}), limit=_FAILURES_COUNTED)
        in_a_row = list(takewhile(_has_failed, runs))
        if in_a_row and _rested(in_a_row[0]) >= _AFTER_FAILURE.shortest * 2.0 ** (len(in_a_row) - 1):
            tags = {tag: runs[0].dagster_run.tags[tag] for tag in (MONTH_TAG, NEWEST_TAG, PRIORITY_TAG)}
            key = f"{month} after {runs[0].dagster_run.run_id}"
            yield RunRequest(run_key=key, partition_key=month, tags=tags)


def _has_failed(record: RunRecord) -> bool:
    return record.dagster_run.status in _FAILED


def _rested(last: RunRecord) -> float:
    """Seconds since a run ended; for ever, if it ended in what is the future since the clock was set back."""
    rested = clock.seconds() - (last.end_time or 0)
    return rested if rested >= 0 else math.inf


def _is_due(item: NewestItem, last: RunRecord) -> bool:
    status = last.dagster_run.status
    if status in _NOT_STARTED:
        return False
    until = int(last.dagster_run.tags[NEWEST_TAG])
    is_new = item.added > until or until > int(clock.seconds() * 1e9)  # or the clock was set back
    if status in _UNDER_WAY:
        return is_new
    rested = _rested(last)
    if status is DagsterRunStatus.SUCCESS:
        return is_new or rested >= _AFTER_SUCCESS.after(_age(item))
    return rested >= (_AFTER_FAILURE.shortest if is_new else _AFTER_FAILURE.after(_age(item)))


def _age(item: NewestItem) -> float:
    return clock.seconds() - item.added / _NANOSECONDS


def _request(month: str, item: NewestItem, last: RunRecord | None) -> RunRequest:
    """To ask for the same twice, as after a crash, is to ask once; after another run it is to ask anew."""
    after = last.dagster_run.run_id if last is not None else "nothing"
    return RunRequest(
        run_key=f"{month} {item.name} {item.added} after {after}",
        partition_key=month,
        # Before the runs of a backfill, which nobody is waiting for.
        tags={MONTH_TAG: month, NEWEST_TAG: str(item.added), PRIORITY_TAG: "1"},
    )


def _last_run(instance: DagsterInstance, month: str) -> RunRecord | None:
    """The run of the month that was asked for last, of those that empty the queue."""
    records = instance.get_run_records(RunsFilter(tags={MONTH_TAG: month}), limit=1)
    return records[0] if records else None
