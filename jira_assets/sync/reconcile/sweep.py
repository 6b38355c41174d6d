"""The sweep: what was updated in Jira since the last one, and is not stored like that, is queued.

Its cursor is of Jira's clock alone: the latest `updated` that there was when a sweep began, because what
changes while the pages are read may or may not be on one of them. One that lies in Jira's future, as imports
write it, is nobody's clock: it moves no cursor, and its issue is compared by every sweep. The cursor moves
when all that was found is durable in the queue. Search lags behind, so each sweep begins some time before it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path

from jira_assets.inbox.queue import Item
from jira_assets.jira.access import AccessGuard
from jira_assets.jira.client import JiraClient
from jira_assets.jira.jql import in_projects, in_steady_order
from jira_assets.jira.listing import every_issue
from jira_assets.jira.states import FIELDS, IssueState, newest_update, states_of
from jira_assets.sync.lookups.refresh import Renames
from jira_assets.sync.reconcile.cursors import Cursors
from jira_assets.sync.reconcile.scope import (
    CLOCKS_DIFFER_BY,
    Kept,
    Scope,
    has_changed,
    stored_item,
    unknown_item,
)
from jira_assets.timestamps import epoch_milliseconds

_OVERLAP = timedelta(minutes=15)
_SEARCHED = ("key", *FIELDS)
_COMPARED_AT_ONCE = 1000


@dataclass(slots=True)
class Swept:
    """What a sweep found: the keys of the issues that are not stored, or were changed since.

    ``queued`` of these were not in the queue yet. ``left_out`` counts the issues of months never copied.
    ``lost`` are the projects that should be copied and could not be seen: they were not swept.
    """

    issues: int = 0
    unknown: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    queued: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)


def sweep(scope: Scope, folder: Path) -> Swept:
    """Compares what was updated lately; ``folder`` holds the cursors.

    Raises ``JiraError`` and ``WarehouseBusy``; then the next sweep begins where this one did, as it does for
    a project that cannot be seen.
    """
    swept = Swept()
    kept = scope.kept()
    if kept is None:
        return swept
    guard = AccessGuard(scope.client, scope.projects, scope.lookups.visible_projects)
    guard.begin()
    cursors = Cursors(folder)
    now = scope.client.now if scope.client.clock.is_told else scope.client.now - CLOCKS_DIFFER_BY
    stored = scope.known.newest_update(now)
    starts = cursors.starts(guard.seen, _first_start(kept.copied_since, stored), now, stored)
    since = in_projects(f"updated >= {epoch_milliseconds(min(starts) - _OVERLAP)}", guard.named)
    newest = newest_update(scope.client, since)
    swept.lost = guard.lost
    if newest is None:
        return swept
    until = newest if newest <= now else newest_update(scope.client, since, now)
    renames = Renames(scope.lookups)
    for start, swept_from_there in starts.items():
        # All visible ones need not be named.
        named = [] if len(starts) == 1 and not scope.projects else swept_from_there
        for states in _updated_since(scope.client, start - _OVERLAP, named):
            _compare(scope, kept, states, renames, swept)
    guard.look()
    swept.lost = guard.lost
    if until is not None:
        cursors.move(guard.seen, until, stored)
    return swept


def _first_start(copied_since: datetime, newest: datetime | None) -> datetime:
    """From when on something may have changed after it was read, which we know by our own clock only."""
    start = copied_since - CLOCKS_DIFFER_BY
    # Jira's clock was not behind its own latest update: this holds however wrong ours is.
    return min(start, newest) if newest else start


def _updated_since(
    client: JiraClient, since: datetime, projects: Sequence[str]
) -> Iterator[Sequence[IssueState]]:
    condition = in_projects(f"updated >= {epoch_milliseconds(since)}", projects)
    pages = every_issue(client, in_steady_order(condition), _SEARCHED)
    found = chain.from_iterable(states_of(page.value.issues) for page in pages)
    while batch := list(islice(found, _COMPARED_AT_ONCE)):
        yield batch


def _compare(scope: Scope, kept: Kept, states: Iterable[IssueState], renames: Renames, swept: Swept) -> None:
    """Queues those of these issues that are not stored as Jira shows them."""
    wanted = {state.issue_id: state for state in states if kept.has(state.created)}
    stored = scope.known.stored(wanted)
    items: dict[str, list[Item]] = defaultdict(list)
    for issue_id, state in wanted.items():
        here = stored.get(issue_id)
        if here is None:
            swept.unknown.append(state.key or issue_id)
            items[state.month].append(unknown_item(state, "updated in Jira, unknown here"))
        elif has_changed(state, here, renames, scope.client.now):
            swept.outdated.append(state.key or issue_id)
            items[here.month].append(stored_item(here, "updated in Jira, older here", state.updated))
    swept.issues += len(wanted)
    swept.left_out.update(state.month for state in states if kept.leaves_out(state.created))
    swept.queued += scope.queue.add(items)
