"""The census: which issues there are in Jira, beside which are stored; what is on one side only is queued.

Not to be listed proves nothing. What isn't is asked for by id: in bulk, and then by itself. What does not
answer either has been deleted, unless it has a security level, or its project has gone out of sight; and so
many deletions at once are not believed. Even then an issue is merely queued: the run that fetches it asks
once more, and only its answer buries anything.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from jira_assets.inbox.queue import Item
from jira_assets.jira.access import AccessGuard
from jira_assets.jira.jql import in_projects, in_steady_order
from jira_assets.jira.listing import listed_ids
from jira_assets.jira.states import bulk_states, missing
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Hidden
from jira_assets.sync.lookups.refresh import Renames
from jira_assets.sync.reconcile.scope import (
    DeletionLimit,
    Kept,
    Scope,
    created_within,
    has_changed,
    stored_item,
    unknown_item,
    visible_item,
)
from jira_assets.warehouse.known import KnownIssue


@dataclass(slots=True)
class Census:
    """How many issues Jira listed and how many of the same months are stored, and what became of the others.

    ``unknown``, ``outdated``, ``hidden`` and ``gone`` are keys, or ids where those are not known; ``queued``
    of them were not in the queue yet. Those that are ``hidden`` may be there: they have a security level, or
    answer by themselves, as archived ones do. ``access_lost`` counts stored issues by what cannot be seen any
    more; ``lost`` are the projects that should be copied and cannot be seen. ``is_believed`` is whether so
    many may be gone; if not, none of those that are was queued.
    """

    listed: int = 0
    stored: int = 0
    unknown: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    access_lost: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    queued: int = 0
    is_believed: bool = True


def take_census(scope: Scope, limit: DeletionLimit) -> Census:
    """Compares the issues of the months that are kept up to date.

    Raises ``JiraError``, among them ``NoProjectVisible``, and ``Unauthorised`` if the account is another one
    than at the start, and ``WarehouseBusy``. Then nothing was queued.
    """
    kept = scope.kept()
    if kept is None:
        return Census()
    guard = AccessGuard(scope.client, scope.projects, scope.lookups.visible_projects)
    guard.begin()
    listed = _listed(scope, kept, guard.named)
    found = scope.known.differences(listed, kept.months)
    census = Census(len(listed), found.stored)
    items: dict[str, list[Item]] = defaultdict(list)
    _add_unknown(scope, kept, found.unknown, census, items)
    for stored in found.seen_again:
        census.outdated.append(stored.key)
        items[stored.month].append(visible_item(stored, "listed again"))
    unlisted = _without_lost(scope, found.unlisted, guard.visible, census)
    unanswered = _add_outdated(scope, unlisted, census, items)
    absent = missing(scope.client, [stored.issue_id for stored in unanswered if not _is_hidden(stored)])
    # Last: whatever went out of sight until now may have been taken for deleted.
    guard.look()
    census.lost = guard.lost
    unseen = [stored for stored in unanswered if stored.project in guard.visible]
    gone = [stored for stored in unseen if stored.issue_id in absent]
    hidden = [stored for stored in unseen if stored.issue_id not in absent]
    census.gone = [stored.key for stored in gone]
    census.hidden = [stored.key for stored in hidden]
    census.is_believed = limit.allows(len(gone), found.stored)
    newly_hidden = [stored for stored in hidden if stored.hidden in (None, Hidden.PROJECT)]
    for stored in [*newly_hidden, *(gone if census.is_believed else ())]:
        items[stored.month].append(stored_item(stored, "not listed by Jira"))
    census.queued = scope.queue.add(items)
    return census


def _is_hidden(stored: KnownIssue) -> bool:
    """Whether an issue that does not answer may be there all the same, whatever is seen of others."""
    return stored.level is not None or stored.hidden not in (None, Hidden.PROJECT)


def _listed(scope: Scope, kept: Kept, projects: Sequence[str]) -> pl.Series:
    """The ids of all issues that search finds."""
    condition = in_projects(created_within(kept.spans), projects)
    ids = listed_ids(scope.client, [in_steady_order(condition)])
    return pl.Series("issue_id", list(ids), pl.String).unique()


def _add_unknown(
    scope: Scope, kept: Kept, unknown: list[str], census: Census, items: dict[str, list[Item]]
) -> None:
    """Places the issues that are not stored; search may list some that are deleted."""
    found = (state for page in bulk_states(scope.client, unknown) for state in page)
    states = [state for state in found if kept.has(state.created)]
    fetched = {month: _fetched(scope.raw, month) for month in {state.month for state in states}}
    for state in states:
        if state.issue_id not in fetched[state.month]:
            census.unknown.append(state.key or state.issue_id)
            items[state.month].append(unknown_item(state, "listed by Jira, unknown here"))


def _fetched(raw: RawLog, month: str) -> set[str]:
    """What is in the raw log: a run may be about to make tables of it."""
    try:
        return raw.issue_ids(month) - raw.tombstoned(month) - raw.moved(month)
    except RawLogError:
        return set()  # whoever needs the damaged file will name it


def _without_lost(
    scope: Scope, unlisted: pl.DataFrame, visible: Iterable[str], census: Census
) -> list[KnownIssue]:
    """The issues whose projects can be seen; what cannot be seen any more is counted."""
    lost = ~pl.col("project").is_in(list(visible)).fill_null(value=False)
    hidden = pl.col("unseen_level").is_not_null()
    reason = (
        pl.when(lost)
        .then(pl.col("project").fill_null("no project"))
        .when(hidden)
        .then(pl.format("{} (security level {})", "project", "unseen_level"))
    )
    judged = unlisted.with_columns(reason.alias("reason"))
    ours = judged.filter(pl.col("project").is_in(list(scope.projects))) if scope.projects else judged
    census.access_lost.update(dict(ours["reason"].drop_nulls().value_counts().iter_rows()))
    return [KnownIssue(*row) for row in judged.filter(~lost).select(KnownIssue._fields).iter_rows()]


def _add_outdated(
    scope: Scope, unlisted: list[KnownIssue], census: Census, items: dict[str, list[Item]]
) -> list[KnownIssue]:
    """Those of the issues that do not answer. Others may have moved to where nobody searches for them, or be
    archived.
    """
    by_id = {stored.issue_id: stored for stored in unlisted}
    renames = Renames(scope.lookups)
    for states in bulk_states(scope.client, list(by_id)):
        for state in states:
            stored = by_id.pop(state.issue_id, None)
            if stored is not None and has_changed(state, stored, renames, scope.client.now):
                census.outdated.append(state.key or stored.key)
                items[stored.month].append(stored_item(stored, "not listed, and changed", state.updated))
    return list(by_id.values())
