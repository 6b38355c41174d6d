"""Files that could not be downloaded: their issues are fetched again once a day, which tries them again."""

from collections import defaultdict

from jira_assets.inbox.queue import Item
from jira_assets.sync.reconcile.scope import Scope, visible_item, visible_ones

_AT_MOST = 1000  # a day; the others' turn comes as they have waited longer


def queue_failed_files(scope: Scope) -> int:
    """Queues the issues that a file of is missing. Returns how many, those in the queue already not counted.

    Raises ``JiraError`` and ``WarehouseError``.
    """
    kept = scope.kept()
    if kept is None:
        return 0
    items: dict[str, list[Item]] = defaultdict(list)
    for stored in visible_ones(scope.client, scope.known.without_files(kept.months, _AT_MOST)):
        items[stored.month].append(visible_item(stored, "a file could not be downloaded"))
    return scope.queue.add(items)
