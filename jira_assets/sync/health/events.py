"""What the archive of events tells about the health of the copy."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from jira_assets.inbox.archive import Archive, ArchivedEvent, EventOutcome
from jira_assets.inbox.events import UnreadableEvent, parse
from jira_assets.raw.record import Source
from jira_assets.sync.health.stored import IssueRead
from jira_assets.sync.reconcile.scope import CLOCKS_DIFFER_BY

# An event is stamped when it is made, which is not quite when the issue is changed.
_SAME_CHANGE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class EventStatistics:
    """The events that came in ``since`` then and ``until`` now.

    ``changed`` is when each issue changed last, as far as they tell, by issue id.
    """

    since: datetime
    until: datetime
    received: int
    unresolved: int
    changed: Mapping[str, datetime]

    def lags(self, read: Iterable[IssueRead]) -> list[int]:
        """How many milliseconds after its last change each issue was read that an event made us read.

        The issue's own ``updated`` would not do: at the far end of a link it does not move.
        """
        events = (each for each in read if each.source is Source.WEBHOOK)
        pairs = ((self.changed[each.issue_id], each.at) for each in events if each.issue_id in self.changed)
        # What changed since then is not read yet, but waits.
        return [(at - changed) // timedelta(milliseconds=1) for changed, at in pairs if at >= changed]

    def without_event(self, read: Iterable[IssueRead]) -> int:
        """How many issues were read for another reason than an event, and had changed without one.

        Many are read to see whether what has no event has changed, and most have not.
        """
        others = (each for each in read if each.source is not Source.WEBHOOK)
        return sum(self._has_no_event(each.issue_id, each.updated) for each in others)

    def _has_no_event(self, issue_id: str, updated: datetime | None) -> bool:
        # What imports write may lie in the future: then it tells nothing about when something was changed.
        if updated is None or not self.since <= updated <= self.until + CLOCKS_DIFFER_BY:
            return False
        changed = self.changed.get(issue_id)
        return changed is None or changed < updated - _SAME_CHANGE


def event_statistics(archive: Archive, since: datetime, now: datetime) -> EventStatistics:
    """What came in since then. Raises ``DamagedArchive``."""
    outcomes: Counter[EventOutcome] = Counter()
    changed: dict[str, datetime] = {}
    for event in _received(archive, since, now):
        outcomes[event.outcome] += 1
        at = _changed_at(event) if event.outcome is EventOutcome.QUEUED else None
        if at is not None and at <= event.received_at + CLOCKS_DIFFER_BY:
            changed.update({id_: max(at, changed.get(id_, at)) for id_ in event.issue_ids})
    return EventStatistics(since, now, outcomes.total(), outcomes[EventOutcome.UNRESOLVED], changed)


def _received(archive: Archive, since: datetime, now: datetime) -> Iterator[ArchivedEvent]:
    for days in range((now.date() - since.date()).days + 1):
        yield from (e for e in archive.read(since.date() + timedelta(days)) if e.received_at >= since)


def _changed_at(event: ArchivedEvent) -> datetime | None:
    try:
        return parse(event.body).at
    except UnreadableEvent:
        return None
