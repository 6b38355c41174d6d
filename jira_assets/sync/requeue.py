"""Issues whose ``created`` lies in another month than the one they are stored in: they move there.

Imports correct ``created``, and Jira's clock may be in the next month before ours is. The queue of the new
month gets the issue first. The old month keeps its rows until the new one has stored it, and lets it go then,
so that at every moment the issue is somewhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from jira_assets import clock
from jira_assets.inbox.queue import GIVE_UP_AFTER, Item, Queue
from jira_assets.raw.record import Part, Record, Source
from jira_assets.warehouse.known import Known
from jira_assets.warehouse.moved import LeftMonth


def forward(queue: Queue, items: Sequence[Item], month: str, to: str) -> None:
    """Moves an issue's items from the queue of one month into that of another. Redoing it changes nothing."""
    queue.put({to: [msgspec.structs.replace(item, moved_from=month) for item in items]})
    queue.remove(month, items)


def queue_in_other_months(queue: Queue, found: Mapping[str, str], month: str, source: Source) -> None:
    """Queues issues that were found in other months than the one they are stored in: these by their ids."""
    now = clock.now()
    for issue_id, to in found.items():
        queue.add({to: [Item(issue_id, f"created in {to}, not in {month}", now, source, moved_from=month)]})


def moved_record(issue_id: str, month: str, seen_at: datetime, source: Source) -> Record:
    """The record that an issue was seen in another month: it ends what was fetched until then."""
    payload = msgspec.json.encode({"month": month})
    return Record(issue_id, Part.MOVED, seen_at, seen_at, source, payload)


def requeue_moved(queue: Queue, left: Iterable[LeftMonth]) -> None:
    """Has issues asked for once more that stood in two months: there it shows which one is right.

    So the month that they have left is published without them, too.
    """
    now = clock.now()
    for issue_id, month, to in left:
        item = Item(issue_id, f"stood in {month} and {to}", now, Source.RECONCILE)
        queue.put({month: [item], to: [item]})


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
