"""Service level agreements as Jira Service Management sends them, and which of their cycles counts.

What Jira computes (`breached`, elapsed, remaining) is stored and never computed again: only Jira knows the
calendar. `friendly` texts are in the language of the account and are never read.
"""

import msgspec

from jira_assets.tables.distinct import Distinct, distinct
from jira_assets.tables.shapes import Id, Int64, When
from jira_assets.timestamps import parse_timestamp


class Moment(msgspec.Struct, gc=False):
    """A point in time; `jira` has milliseconds, `iso8601` has not."""

    epochMillis: Int64 | None = None
    jira: str | None = None
    iso8601: str | None = None

    @property
    def when(self) -> When:
        return self.epochMillis if self.epochMillis is not None else self.jira or self.iso8601


class Duration(msgspec.Struct, gc=False):
    """A span; negative when time is overdrawn."""

    millis: Int64 | None = None


class Cycle(msgspec.Struct, gc=False):
    """One time that the clock of an SLA ran: a reopened request has several."""

    startTime: Moment | None = None
    stopTime: Moment | None = None
    breachTime: Moment | None = None
    breached: bool | None = None
    paused: bool | None = None
    withinCalendarHours: bool | None = None
    goalDuration: Duration | None = None
    elapsedTime: Duration | None = None
    remainingTime: Duration | None = None


class Sla(msgspec.Struct, gc=False):
    """The value of an SLA field. Without an ongoing cycle the clock stands still."""

    id: Id = None
    name: str | None = None
    completedCycles: list[Cycle] | None = None
    ongoingCycle: Cycle | None = None

    @property
    def current(self) -> Cycle | None:
        """The cycle that counts: the ongoing one, else the one that was completed last."""
        completed = list(enumerate(self.completedCycles or ()))
        return self.ongoingCycle or max(completed, key=_completed_at, default=(0, None))[1]

    def cycles(self) -> Distinct[Cycle]:
        """All cycles: the completed ones as Jira orders them, then the ongoing one."""
        ongoing = [] if self.ongoingCycle is None else [self.ongoingCycle]
        # They have no ids: those are the same of which everything is.
        return distinct([*(self.completedCycles or ()), *ongoing], msgspec.json.encode)


def _completed_at(numbered: tuple[int, Cycle]) -> tuple[float, int]:
    number, cycle = numbered
    stopped = parse_timestamp(cycle.stopTime.when) if cycle.stopTime else None
    return stopped.timestamp() if stopped else 0.0, number
