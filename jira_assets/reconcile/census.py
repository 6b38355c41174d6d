"""The census: which issues there are in Jira, beside which are stored; what is on one side only is queued.

Not to be listed proves nothing. Who isn't is asked for by id; who does not answer either has been deleted, or
its project or security level has gone out of sight; and so many deletions at once are not believed. Even then
an issue is merely queued: the run that fetches it asks once more, and only its answer buries anything.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import polars as pl

from jira_assets.events.queue import Item
from jira_assets.jira.access import AccessGuard
from jira_assets.jira.bulk import search
from jira_assets.jira.jql import in_projects, in_steady_order
from jira_assets.jira.states import bulk_states
from jira_assets.lookups.renames import Renames
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.reconcile.scope import (
    Kept,
    Scope,
    created_within,
    has_changed,
    stored_item,
    unknown_item,
)
from jira_assets.warehouse.known import Stored

_IDS_PER_PAGE = 5000  # as long as nothing but the id is asked for (jira_cloud.md 1.1)
_PERCENT = 100


@dataclass(slots=True)
class Census:
    """How many issues Jira listed and how many of the same months are stored, and what became of the others.

    ``unknown``, ``outdated`` and ``gone`` are keys, or ids where those are not known; ``queued`` of them were
    not in the queue yet. ``access_lost`` counts stored issues by what cannot be seen any more.
    ``is_believed`` is whether so many may be gone; if not, none of those that are was queued.
    """

    listed: int = 0
    stored: int = 0
    unknown: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    access_lost: Counter[str] = field(default_factory=Counter)
    queued: int = 0
    is_believed: bool = True


class _Listed(msgspec.Struct):
    id: str | int


def take_census(scope: Scope, max_deleted_percent: float) -> Census:
    """Compares the issues of the months that are kept up to date.

    Raises ``JiraError``, among them ``ProjectsNotVisible`` and ``Unauthorised`` if the account does not see
    what it should, or is another one than at the start, and ``WarehouseBusy``. Then nothing was queued.
    """
    kept = scope.kept()
    if kept is None:
        return Census()
    guard = AccessGuard(scope.client, scope.projects)
    guard.begin()
    visible = scope.lookups.visible_projects(scope.client)
    listed = _listed(scope, kept)
    found = scope.known.differences(listed, kept.months)
    census = Census(len(listed), found.stored)
    items: dict[str, list[Item]] = defaultdict(list)
    _add_unknown(scope, kept, found.unknown, census, items)
    in_sight = _without_lost(scope, found.unlisted, visible, census)
    gone = _add_outdated(scope, in_sight, census, items)
    census.gone = [stored.key for stored in gone]
    census.is_believed = len(gone) * _PERCENT <= found.stored * max_deleted_percent
    if census.is_believed:
        for stored in gone:
            items[stored.month].append(stored_item(stored, "not listed by Jira"))
    guard.confirm()
    census.queued = scope.queue.add(items)
    return census


def _listed(scope: Scope, kept: Kept) -> pl.Series:
    """The ids of all issues that search finds."""
    condition = in_projects(created_within(kept.spans), scope.projects)
    pages = search(scope.client, in_steady_order(condition), ["id"], issues_per_page=_IDS_PER_PAGE)
    ids = [
        [str(msgspec.json.decode(issue, type=_Listed).id) for issue in page.value.issues] for page in pages
    ]
    return pl.concat([pl.Series("issue_id", of_page, pl.String) for of_page in ids]).unique()


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
) -> list[Stored]:
    """The issues of which deletion can be told from a loss of access; the others are counted."""
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
    rows = judged.filter(pl.col("reason").is_null()).select(Stored._fields).iter_rows()
    return [Stored(*row) for row in rows]


def _add_outdated(
    scope: Scope, unlisted: list[Stored], census: Census, items: dict[str, list[Item]]
) -> list[Stored]:
    """Those of the issues that do not answer. Others may have moved to where nobody searches for them."""
    by_id = {stored.issue_id: stored for stored in unlisted}
    renames = Renames(scope.lookups)
    for states in bulk_states(scope.client, list(by_id)):
        for state in states:
            stored = by_id.pop(state.issue_id, None)
            if stored is not None and has_changed(state, stored, renames):
                census.outdated.append(state.key or stored.key)
                items[stored.month].append(stored_item(stored, "not listed, and changed", state.updated))
    return list(by_id.values())
