"""What has been told, and is not done yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import Queue, received_at
from jira_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class Waiting:
    """The events in the inbox and the items in the queue. ``oldest_wait_s`` is None if there are none."""

    events: int | None = None
    items: int | None = None
    oldest_wait_s: int | None = None


def passed_over(settings: Settings) -> list[str]:
    """What lies in the inbox and the queue and is no file, so that nobody opens it. Raises OSError."""
    return [*Inbox(settings.inbox_dir).passed_over(), *Queue(settings.queue_dir).passed_over()]


def waiting(settings: Settings, now: datetime) -> Waiting:
    """What waits, by the names of files; nothing is opened. Raises OSError."""
    queue, events = Queue(settings.queue_dir), Inbox(settings.inbox_dir).backlog()
    items = [received_at(name) for month in queue.months() for name in queue.names(month)]
    oldest = min([*items, *([events.oldest] if events.oldest else [])], default=None)
    # What came in by a clock that is ahead of ours has not waited yet.
    wait = None if oldest is None else max(0, (now - oldest) // timedelta(seconds=1))
    return Waiting(events.count, len(items), wait)
