"""Keeping a site busy: actions at a steady pace, their events delivered, and a line about it every minute."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Event

from jira_assets.sandbox.deliveries import Deliveries
from jira_assets.sandbox.sent_events import SentEvent
from jira_assets.sandbox.simulator import Simulator

OnStep = Callable[[Sequence[SentEvent]], None]


def run_activity(
    simulator: Simulator,
    deliveries: Deliveries | None,
    per_minute: float,
    stop: Event,
    on_step: OnStep | None = None,
) -> None:
    """Let the simulator act ``per_minute`` times a minute, until ``stop`` is set.

    The events of each action are handed to ``deliveries`` (None: the site changes and nobody is told), then
    to ``on_step``. ``deliveries`` must have been entered.
    """
    interval = 60 / per_minute
    due = time.monotonic() + interval
    while not stop.wait(max(0.0, due - time.monotonic())):
        events = simulator.step()
        if deliveries is not None:
            deliveries.send(events)
        if on_step is not None:
            on_step(events)
        # What was missed (the machine slept, an action took long) is not made up for.
        due = max(due + interval, time.monotonic())


class Report:
    """Says once a minute what was done in it, and what became of all events so far. An :data:`OnStep`."""

    def __init__(
        self, say: Callable[[str], None], deliveries: Deliveries | None, seconds: float = 60.0
    ) -> None:
        self._say = say
        self._deliveries = deliveries
        self._seconds = seconds
        self._begin()

    def __call__(self, events: Sequence[SentEvent]) -> None:
        self._actions += 1
        self._events += len(events)
        if time.monotonic() - self._began >= self._seconds:
            self._say(self._line())
            self._begin()

    def _begin(self) -> None:
        self._began = time.monotonic()
        self._actions = 0
        self._events = 0

    def _line(self) -> str:
        line = f"{datetime.now(UTC):%H:%M:%S}  {self._actions} actions, {self._events} events"
        if self._deliveries is None:
            return line
        counts = self._deliveries.statistics
        return (
            f"{line}; in all {counts.delivered} delivered ({counts.duplicates} twice), "
            f"{counts.retries} retries, {counts.refused} refused, {counts.given_up} given up, "
            f"{self._deliveries.under_way} under way"
        )
