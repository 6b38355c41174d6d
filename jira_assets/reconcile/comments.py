"""The census of comments: when one is deleted, its issue's `updated` need not move, so all are asked for."""

from collections import defaultdict
from dataclasses import dataclass

from jira_assets.events.queue import Item
from jira_assets.jira.comment_list import COMMENTS_PER_CALL, existing_comments
from jira_assets.reconcile.scope import Scope, visible_item, visible_ones

_PERCENT = 100


@dataclass(slots=True)
class CommentCensus:
    """How many comments are stored, how many of them Jira doesn't show, and how many issues were queued.

    ``is_believed`` is whether so many may be gone; if not, nothing was queued.
    """

    stored: int = 0
    gone: int = 0
    queued: int = 0
    is_believed: bool = True


def take_comment_census(scope: Scope, max_deleted_percent: float) -> CommentCensus:
    """Queues the issues with comments that are not there any more.

    Raises ``JiraError`` and ``WarehouseBusy``; then nothing was queued.
    """
    census = CommentCensus()
    kept = scope.kept()
    if kept is None:
        return census
    issues: set[str] = set()
    last = 0
    while owners := scope.known.comments(last, kept.months, COMMENTS_PER_CALL):
        last = max(owners)
        gone = owners.keys() - existing_comments(scope.client, list(owners))
        issues.update(owners[comment_id] for comment_id in gone)
        census.stored += len(owners)
        census.gone += len(gone)
    census.is_believed = census.gone * _PERCENT <= census.stored * max_deleted_percent
    if issues and census.is_believed:
        items: dict[str, list[Item]] = defaultdict(list)
        # With an issue, its comments go out of sight, and that is not to be mistaken for their deletion.
        for stored in visible_ones(scope.client, scope.known.stored(issues).values()):
            items[stored.month].append(visible_item(stored, "a comment is gone"))
        census.queued = scope.queue.add(items)
    return census
