"""The check that says when events are not applied."""

from collections.abc import Mapping
from datetime import timedelta

from dagster import AssetCheckResult, AssetCheckSpec

from jira_assets import clock
from jira_assets.defs.keys import asset_key
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import GIVE_UP_AFTER, Queue, received_at
from jira_assets.settings import Settings

# A burst over many months takes a minute to work through.
_LONGEST_WAIT = timedelta(minutes=2)

NO_EVENT_WAITS = AssetCheckSpec(
    "no_event_waits",
    asset=asset_key("raw_issues"),
    description="What events ask for has been fetched, but for what came in within the last two minutes.",
)


def overdue(settings: Settings) -> dict[str, int]:
    """How many items have waited for too long, by month, and in the inbox."""
    queue = Queue(settings.queue_dir)
    oldest = clock.now() - _LONGEST_WAIT
    waiting = {
        month: sum(received_at(name) < oldest for name in queue.names(month)) for month in queue.months()
    }
    # An event may wait for an hour until its issue can be found; then it is archived, if anybody looks.
    backlog = Inbox(settings.inbox_dir).backlog()
    if backlog.oldest is not None and backlog.oldest < oldest - GIVE_UP_AFTER:
        waiting["inbox"] = backlog.count
    return {where: count for where, count in waiting.items() if count}


def no_event_waits(overdue: Mapping[str, int]) -> AssetCheckResult:
    """The verdict on the queue as a whole."""
    metadata: dict[str, int | list[str]] = {}
    if overdue:
        texts = [f"{month}: {count} waiting" for month, count in overdue.items()]
        metadata = {"count": sum(overdue.values()), "months": texts}
    return AssetCheckResult(
        passed=not overdue,
        asset_key=NO_EVENT_WAITS.asset_key,
        check_name=NO_EVENT_WAITS.name,
        metadata=metadata,
    )
