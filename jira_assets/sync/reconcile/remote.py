"""Remote links come and go without an event, and `updated` need not move: they are looked at once a day."""

from collections import defaultdict
from datetime import datetime, timedelta

from jira_assets.inbox.queue import Item
from jira_assets.sync.reconcile.scope import Scope, visible_item, visible_ones

_READ_AGAIN_AFTER = timedelta(hours=20)
_RECENTLY = timedelta(days=7)
_AT_MOST = 5000  # a day; the others' turn comes as they have waited longer


def queue_remote_links(scope: Scope, now: datetime) -> int:
    """Queues the issues that are open, or were updated of late, and have not been fetched for most of a day.

    Returns how many, those in the queue already not counted. Raises ``JiraError`` and ``WarehouseBusy``.
    """
    kept = scope.kept()
    if kept is None:
        return 0
    items: dict[str, list[Item]] = defaultdict(list)
    unread = scope.known.unread(now - _READ_AGAIN_AFTER, now - _RECENTLY, kept.months, _AT_MOST)
    for stored in visible_ones(scope.client, unread):
        items[stored.month].append(visible_item(stored, "remote links have no event"))
    return scope.queue.add(items)
