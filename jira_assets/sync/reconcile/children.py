"""The census of what issues have. When a comment or worklog is deleted, nobody may say so, nor does the
`updated` of its issue move: so all are asked for, a thousand to a call. Remote links have no events at all.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jira_assets.inbox.queue import Item
from jira_assets.jira.client import JiraClient
from jira_assets.sync.child_lists import CHILDREN_PER_CALL, existing_comments, existing_worklogs
from jira_assets.sync.reconcile.scope import DeletionLimit, Scope, visible_item, visible_ones
from jira_assets.tables.comments import COMMENTS
from jira_assets.tables.declare import IssueTable
from jira_assets.tables.worklogs import WORKLOGS
from jira_assets.warehouse.known import KnownIssue

# The turn of the other issues comes as they have waited longer.
_FILES_A_DAY = 1000
_REMOTE_LINKS_A_DAY = 5000
_READ_AGAIN_AFTER = timedelta(hours=20)
_RECENTLY = timedelta(days=7)
_Existing = Callable[[JiraClient, Sequence[int]], set[int]]


@dataclass(slots=True)
class ChildCensus:
    """How many comments or worklogs are stored of issues that can be seen, how many of them Jira doesn't
    show, and how many issues were queued.

    ``is_believed`` is whether so many may be gone; if not, nothing was queued.
    """

    stored: int = 0
    gone: int = 0
    queued: int = 0
    is_believed: bool = True


def take_comment_census(scope: Scope, limit: DeletionLimit) -> ChildCensus:
    """Queues the issues with comments that are not there any more.

    Raises ``JiraError`` and ``WarehouseBusy``; then nothing was queued.
    """
    return _census(scope, limit, COMMENTS, existing_comments, "a comment is gone")


def take_worklog_census(scope: Scope, limit: DeletionLimit) -> ChildCensus:
    """Queues the issues with worklogs that are not there any more. Raises as ``take_comment_census`` does."""
    return _census(scope, limit, WORKLOGS, existing_worklogs, "a worklog is gone")


def _census(
    scope: Scope, limit: DeletionLimit, table: IssueTable, existing: _Existing, cause: str
) -> ChildCensus:
    census = ChildCensus()
    kept = scope.kept()
    if kept is None:
        return census
    gone: dict[int, list[str]] = {}
    last = 0
    while owners := scope.known.children(table, last, kept.months, CHILDREN_PER_CALL):
        last = max(owners)
        census.stored += len(owners)
        missing = owners.keys() - existing(scope.client, list(owners))
        gone.update((child_id, owners[child_id]) for child_id in missing)
    # With an issue, all that is in it goes out of sight: that is no deletion, and says nothing of one.
    concerned = scope.known.stored({issue_id for owners in gone.values() for issue_id in owners})
    visible = {stored.issue_id: stored for stored in visible_ones(scope.client, concerned.values())}
    census.gone = sum(not visible.keys().isdisjoint(owners) for owners in gone.values())
    census.stored -= len(gone) - census.gone
    census.is_believed = limit.allows(census.gone, census.stored)
    if census.is_believed:
        census.queued = _queue(scope, visible.values(), cause)
    return census


def queue_failed_files(scope: Scope) -> int:
    """Queues the issues that a file of is missing. Returns how many, those in the queue already not counted.

    Raises ``JiraError`` and ``WarehouseError``.
    """
    kept = scope.kept()
    if kept is None:
        return 0
    missing = scope.known.without_files(kept.months, _FILES_A_DAY)
    return _queue(scope, visible_ones(scope.client, missing), "a file could not be downloaded")


def queue_remote_links(scope: Scope, now: datetime) -> int:
    """Queues the issues that are open, or were updated of late, and have not been fetched for most of a day.

    Returns how many, those in the queue already not counted. Raises ``JiraError`` and ``WarehouseBusy``.
    """
    kept = scope.kept()
    if kept is None:
        return 0
    unread = scope.known.unread(now - _READ_AGAIN_AFTER, now - _RECENTLY, kept.months, _REMOTE_LINKS_A_DAY)
    return _queue(scope, visible_ones(scope.client, unread), "remote links have no event")


def _queue(scope: Scope, issues: Iterable[KnownIssue], cause: str) -> int:
    items: dict[str, list[Item]] = defaultdict(list)
    for stored in issues:
        items[stored.month].append(visible_item(stored, cause))
    return scope.queue.add(items)
