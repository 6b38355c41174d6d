"""`webhook_sensor`: from events in the inbox to runs that fetch what changed."""

import time
from collections.abc import Mapping

from dagster import (
    AssetCheckEvaluation,
    DagsterInstance,
    DefaultSensorStatus,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from jira_assets.defs.checks.file_checks import NO_EVENT_WAITS, no_event_waits, overdue
from jira_assets.defs.checks.reporting import evaluation, shown
from jira_assets.defs.jira.jobs import apply_events
from jira_assets.defs.jira.run_requests import requests_for, requests_to_finish
from jira_assets.defs.partitions import MONTHS
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.defs.upstream import AssetCheckExecutionRecordStatus
from jira_assets.inbox.drain import Drain, Drained, tidy
from jira_assets.inbox.queue import NewestItem, Queue
from jira_assets.settings import Settings
from jira_assets.sync.health.waiting import passed_over

# The daemon begins a tick every five seconds, and not before the last one has ended.
_WATCH_SECONDS = 4.5
_LOOK_EVERY_SECONDS = 0.05
# Not only drains fill the queue, and looking into a long one takes a while.
_LOOK_INTO_QUEUE_EVERY_SECONDS = 1.0
_DRAIN_SECONDS = 20.0  # a tick may take a minute; what is left is the next one's


@sensor(
    job=apply_events,
    minimum_interval_seconds=1,
    default_status=DefaultSensorStatus.RUNNING,
    description=(
        "Watches for webhook events, works out which issues they are about, and asks for a run of each month "
        "that has work, or whose last such run failed. Its state is what lies in `inbox` and `queue`, and "
        "what Dagster knows of its runs; there is no cursor to lose."
    ),
)
def webhook_sensor(context: SensorEvaluationContext, site_copy: SiteCopy) -> SensorResult | SkipReason:
    settings = site_copy.settings
    drain, queue = Drain.from_settings(settings), Queue(settings.queue_dir)
    tidy(settings)
    now = time.monotonic()
    for strange in passed_over(settings):
        context.log.warning("%s: that is passed over. Remove it.", strange)
    until, look_at = now + _WATCH_SECONDS, now
    drained = Drained()
    newest: Mapping[str, NewestItem] | None = None
    while now < until:
        found = drain.run(_DRAIN_SECONDS)
        drained.add(found)
        if found.outcomes or now >= look_at:
            look_at = now + _LOOK_INTO_QUEUE_EVERY_SECONDS
            before, newest = newest, queue.newest()
            requests = [] if newest == before else _requests(newest, context.instance)
            if requests:
                context.log.info("%s; asking for %d runs", drained, len(requests))
                return SensorResult(run_requests=requests, asset_events=_alarm(settings, context.instance))
        time.sleep(_LOOK_EVERY_SECONDS)
        now = time.monotonic()
    reason = f"{drained}; {len(newest)} months have work under way" if newest else str(drained)
    return SensorResult(skip_reason=reason, asset_events=_alarm(settings, context.instance))


def _requests(newest: Mapping[str, NewestItem], instance: DagsterInstance) -> list[RunRequest]:
    months = MONTHS.get_partition_keys()
    return [
        *requests_for(newest, instance, months),
        *requests_to_finish(instance, apply_events.name, months, but=newest),
    ]


def _alarm(settings: Settings, instance: DagsterInstance) -> list[AssetCheckEvaluation]:
    """The check, as failed, when work waits for so long that no run has said so, or will."""
    late = overdue(settings)
    if not late or _is_told(instance):
        return []
    return [evaluation(no_event_waits(late))]


def _is_told(instance: DagsterInstance) -> bool:
    record = shown(instance).get(NO_EVENT_WAITS.key)
    return record is not None and record.status is AssetCheckExecutionRecordStatus.FAILED
