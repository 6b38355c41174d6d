"""Issues that show something of another issue: no event says that it has changed there.

An issue shows the summary, status, priority and key of those it is linked to, and the key of its parent.
When those change, neither does its ``updated`` move nor does Jira send an event about it.
"""

from datetime import datetime

from jira_assets import clock
from jira_assets.inbox.queue import GIVE_UP_AFTER, Item, Queue
from jira_assets.raw.record import Source
from jira_assets.warehouse.known import Known


def requeue_linked_issues(known: Known, queue: Queue, issue_id: str, cause: str, since: datetime) -> None:
    """Queues the issues that show one that is deleted. Raises ``WarehouseBusy``."""
    for neighbour, month in known.neighbours([issue_id]).items():
        queue.put({month: [Item(neighbour, f"{cause} deleted {issue_id}", since, Source.NEIGHBOUR)]})


def requeue_outdated(known: Known, queue: Queue) -> int:
    """Queues the issues that show others as they were before those were last fetched; returns how many.

    What cannot be fetched stays outdated, so only what was fetched of late counts: before the newest reading,
    which is by Jira's clock, should ours be ahead of that. Raises ``WarehouseBusy``.
    """
    outdated = known.outdated(known.surely_past(clock.now()) - GIVE_UP_AFTER)
    for issue in outdated:
        cause = f"outdated since {issue.since.isoformat()}"
        queue.put({issue.month: [Item(issue.issue_id, cause, issue.since, Source.NEIGHBOUR)]})
    return len(outdated)
