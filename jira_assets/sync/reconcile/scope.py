"""What reconciliation compares: the projects that are copied, and what of them is kept up to date."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from jira_assets import clock
from jira_assets.inbox.events import Expected
from jira_assets.inbox.queue import Item, Queue
from jira_assets.jira.client import JiraClient
from jira_assets.jira.jql import month_bounds
from jira_assets.jira.states import IssueState, bulk_states
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Source
from jira_assets.settings import Settings
from jira_assets.sync.lookups.refresh import Lookups, Renames
from jira_assets.timestamps import epoch_milliseconds
from jira_assets.warehouse.known import Known, KnownIssue

# When something was first read is by our clock.
CLOCKS_DIFFER_BY = timedelta(days=1)
_PERCENT = 100


class Span(NamedTuple):
    """A stretch of time; without an end it goes on."""

    start: datetime
    end: datetime | None


class Kept:
    """What is kept up to date: the months copied whole, and what was created since the copy was begun.

    Any other issue from ``start_month`` on is of a month that nobody has copied, which is the user's choice:
    it is counted and left alone.
    """

    def __init__(self, whole: Sequence[str], copied_since: datetime, start_month: str) -> None:
        self.copied_since = copied_since
        self._from = month_bounds(start_month)[0]
        self.months = [month for month in whole if month >= start_month]
        since = Span(max(copied_since - CLOCKS_DIFFER_BY, self._from), None)
        self.spans = _joined([*(Span(*month_bounds(month)) for month in self.months), since])

    def has(self, created: datetime) -> bool:
        """Whether an issue that was created then is kept up to date."""
        return any(start <= created and (end is None or created < end) for start, end in self.spans)

    def leaves_out(self, created: datetime) -> bool:
        """Whether an issue that was created then could be copied, and nobody has done so."""
        return created >= self._from and not self.has(created)


def _joined(spans: list[Span]) -> list[Span]:
    """The same stretches without overlaps."""
    joined: list[Span] = []
    for start, end in sorted(spans, key=lambda span: span.start):
        last = joined[-1] if joined else None
        if last is None or (last.end is not None and last.end < start):
            joined.append(Span(start, end))
        else:
            joined[-1] = Span(last.start, last.end and end and max(last.end, end))
    return joined


@dataclass(frozen=True, slots=True)
class Scope:
    """A copy and the site that it is of. ``projects`` are those to copy; none means all that are visible."""

    client: JiraClient
    raw: RawLog
    queue: Queue
    known: Known
    projects: Sequence[str]
    start_month: str
    lookups: Lookups

    @classmethod
    def from_settings(cls, settings: Settings, client: JiraClient) -> "Scope":
        """The configured copy. Raises ``SettingsError``."""
        lookups = Lookups.from_settings(settings)
        return cls(
            client,
            RawLog(settings.raw_dir, settings.keyring),
            Queue(settings.queue_dir, settings.keyring),
            Known(settings.warehouse_path),
            lookups.projects,
            settings.start_month,
            lookups,
        )

    def kept(self) -> Kept | None:
        """What is kept up to date; None while nothing is stored that could differ from the site.

        Raises ``WarehouseError``.
        """
        copied_since = self.known.oldest_reading()
        return None if copied_since is None else self.kept_since(copied_since)

    def kept_since(self, copied_since: datetime) -> Kept:
        """What is kept up to date by a copy that was begun then."""
        whole = [month for month in self.raw.months() if self.raw.is_whole(month)]
        return Kept(whole, copied_since, self.start_month)


@dataclass(frozen=True, slots=True)
class DeletionLimit:
    """How much may be gone at once: what is more than both is not believed.

    A share alone would stop small sites, of which any deletion is a large one.
    """

    percent: float
    count: int = 0

    def allows(self, gone: int, of: int) -> bool:
        """Whether so many of so many may be gone."""
        return gone <= self.count or gone * _PERCENT <= of * self.percent

    def __str__(self) -> str:
        return f"{self.percent:g} % and more than {self.count}"


def created_within(spans: Sequence[Span]) -> str:
    """The JQL condition that an issue was created in one of some stretches of time."""
    conditions = []
    for start, end in spans:
        since = f"created >= {epoch_milliseconds(start)}"
        conditions.append(f"({since} AND created < {epoch_milliseconds(end)})" if end else since)
    return f"({' OR '.join(conditions)})"


def unknown_item(state: IssueState, cause: str, source: Source = Source.RECONCILE) -> Item:
    """Asks for an issue that is not stored; search may list one that is deleted, and then it is not there."""
    return Item(state.issue_id, cause, clock.now(), source, expected=Expected(state.updated, None))


def stored_item(
    stored: KnownIssue, cause: str, updated: datetime | None = None, source: Source = Source.RECONCILE
) -> Item:
    """Asks for an issue that is stored; if Jira leaves it out, whether it is deleted is asked further."""
    expected = Expected(updated, None)
    now = clock.now()
    return Item(stored.issue_id, cause, now, source, expected=expected, project=stored.project)


def visible_item(stored: KnownIssue, cause: str) -> Item:
    """Asks for an issue that is stored, and that Jira has just shown."""
    return Item(stored.issue_id, cause, clock.now(), Source.RECONCILE)


def visible_ones(client: JiraClient, stored: Collection[KnownIssue]) -> list[KnownIssue]:
    """Those of the issues that Jira shows: about the others only the census has something to say."""
    asked = [one.issue_id for one in stored]
    seen = {state.issue_id for page in bulk_states(client, asked) for state in page}
    return [one for one in stored if one.issue_id in seen]


def has_changed(state: IssueState, stored: KnownIssue, renames: Renames, now: datetime) -> bool:
    """Whether Jira shows a later state than is stored, or an issue that it did not show before. Search may
    show an earlier one. What is stored with an `updated` after ``now``, by Jira's clock, is edited before it.

    Raises ``Unauthorised``.
    """
    if stored.hidden is not None:
        return True
    if state.updated is None:
        return False
    if stored.updated is None or state.updated > stored.updated:
        return True
    if state.updated < stored.updated:
        return stored.updated > now
    # Projects can be renamed, statuses regrouped, and `created` corrected without any issue's being updated.
    return state.month != stored.month or not renames.explain(state, stored)
