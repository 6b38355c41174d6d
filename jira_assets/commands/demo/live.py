"""People at work on the site of the demonstration, and how its copy keeps up with them."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from jira_assets import clock
from jira_assets.commands.demo.ui import Ui
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import Queue
from jira_assets.sandbox.deliveries import Deliveries
from jira_assets.sandbox.live import run_activity
from jira_assets.sandbox.sent_events import SentEvent
from jira_assets.sandbox.simulator import Simulator
from jira_assets.sandbox.site import Site

_ACTIONS_PER_MINUTE = 40
_SECONDS_TO_APPLY = 90.0
_SECONDS_BETWEEN_LOOKS = 0.5


class People:
    """Acts on a site, and delivers its events to a receiver, signed."""

    def __init__(
        self, site: Site, receiver_url: str, secret: str, folder: Path, say: Callable[[str], None]
    ) -> None:
        self._simulator = Simulator(site)
        self._webhook = f"{receiver_url}/webhooks/jira"
        self._secret = secret
        self._inbox = Inbox(folder / "inbox")
        self._queue = Queue(folder / "queue")
        self._say = say
        self._events = 0

    def work_for(self, seconds: float, ui: Ui) -> bool:
        """Lets people work for a while. True if all their events were applied soon after."""
        self._say(f"People are at work now, and each change sends webhooks. See the runs: {ui.url}/runs")
        with self.at_work():
            time.sleep(seconds)
        began = time.monotonic()
        while self._waiting() and time.monotonic() - began < _SECONDS_TO_APPLY:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        actions = self._simulator.done.total()
        done = f"{actions} actions sent {self._events} events"
        if waiting := self._waiting():
            self._say(f"{done}, of which {waiting} are not applied\n")
            return False
        self._say(f"{done}; {time.monotonic() - began:.1f} s after the last one all were applied\n")
        return True

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """People work until the block ends."""
        stop = Event()
        with Deliveries(self._webhook, self._secret) as deliveries:
            arguments = (self._simulator, deliveries, _ACTIONS_PER_MINUTE, stop, self._count)
            thread = Thread(target=run_activity, args=arguments, name="people", daemon=True)
            thread.start()
            try:
                yield
            finally:
                stop.set()
                thread.join()
                deliveries.drain(_SECONDS_TO_APPLY)

    def _count(self, events: Sequence[SentEvent]) -> None:
        self._events += len(events)

    def _waiting(self) -> int:
        # What is not due is postponed: an attachment's event, say, whose issue nobody knows yet.
        queued = sum(len(self._queue.names(month)) for month in self._queue.months())
        return len(self._inbox.due(clock.now())) + queued
