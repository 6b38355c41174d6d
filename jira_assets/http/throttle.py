"""One throttle for all calls of a client, whatever thread they come from."""

import copy
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from jira_assets.http.waiting import backoff


@dataclass(frozen=True, slots=True)
class Patience:
    """How hard one call tries. The defaults are Atlassian's recipe (jira_cloud.md 2), with two tries more.

    ``total_seconds`` bounds the waits of one call together; it is above the hour that a quota can ask for.
    """

    tries: int = 6
    base_seconds: float = 2.0
    ceiling_seconds: float = 30.0
    total_seconds: float = 3900.0


class Throttle:
    """Lets at most ``concurrency`` calls through at once, none while Jira has asked for a pause.

    Threads that wait hold no slot, so a pause of one endpoint leaves the others running.
    """

    # An endpoint that has failed this often in a row, each time after all tries, is down: later calls try
    # once until one succeeds, or a thousand issues would each wait a minute for the same outage.
    _FAILURES_BEFORE_SINGLE_TRIES = 3

    def __init__(self, concurrency: int = 8, patience: Patience | None = None) -> None:
        if not 1 <= concurrency <= 10:
            raise ValueError(f"concurrency is {concurrency}; Atlassian allows 10 calls at once")
        self.concurrency = concurrency
        self.patience = patience or Patience()
        self._changed = threading.Condition()
        self._free = concurrency
        self._stopped: Exception | None = None
        self._in_doubt = False
        self._all_paused_until = 0.0
        self._paused_until: dict[str, float] = defaultdict(float)
        self._failures_in_a_row: dict[str, int] = defaultdict(int)
        self._throttled_until = 0.0
        self._throttled_seconds = 0.0

    @property
    def throttled_seconds(self) -> float:
        """Seconds by the clock on the wall during which a pause was in force; overlapping ones count once."""
        with self._changed:
            return self._throttled_seconds - max(0.0, self._throttled_until - monotonic())

    @contextmanager
    def slot(self, endpoint: str, *, on_trial: bool = False) -> Iterator[None]:
        """Waits for its turn, then holds one of the slots. Raises what ``stop`` was given.

        While there is a doubt, only the call ``on_trial`` gets one.
        """
        with self._changed:
            while True:
                self._raise_if_stopped()
                pause = max(self._all_paused_until, self._paused_until[endpoint]) - monotonic()
                may_be_sent = on_trial or not self._in_doubt
                if pause <= 0 and self._free and may_be_sent:
                    break
                self._changed.wait(pause if pause > 0 and may_be_sent else None)
            self._free -= 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def pause(self, endpoint: str | None, seconds: float) -> None:
        """Holds back calls to the endpoint, or all calls where that is None, for so long from now."""
        with self._changed:
            now = monotonic()
            until = now + seconds
            if endpoint is None:
                self._all_paused_until = max(self._all_paused_until, until)
            else:
                self._paused_until[endpoint] = max(self._paused_until[endpoint], until)
            self._throttled_seconds += max(0.0, until - max(now, self._throttled_until))
            self._throttled_until = max(self._throttled_until, until)

    def sleep(self, seconds: float) -> None:
        """Waits without holding back anybody else. Raises what ``stop`` was given, as soon as it is given."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped is not None, timeout=seconds)
            self._raise_if_stopped()

    def doubt(self) -> bool:
        """Holds back all calls but one: whether the caller's is that one. It says ``trust`` in the end."""
        with self._changed:
            is_first, self._in_doubt = not self._in_doubt, True
            return is_first

    def trust(self) -> None:
        """Ends the doubt: the calls that waited are sent."""
        with self._changed:
            self._in_doubt = False
            self._changed.notify_all()

    def stop(self, error: Exception) -> None:
        """From now on every call raises this error instead of being sent, those that wait included."""
        with self._changed:
            self._stopped = self._stopped or error
            self._changed.notify_all()

    def delay(self, attempt: int, asked_for: float | None) -> float:
        """Seconds before the next try. What Jira asks for is a minimum, and zero does not mean at once."""
        jitter = random.uniform(0.7, 1.3)  # so that clients that failed together do not return together
        own = backoff(attempt, self.patience.base_seconds, self.patience.ceiling_seconds, jitter)
        return max(own, asked_for or 0.0)

    def tries(self, endpoint: str) -> int:
        """How often a call to the endpoint may be sent."""
        with self._changed:
            is_down = self._failures_in_a_row[endpoint] >= self._FAILURES_BEFORE_SINGLE_TRIES
        return 1 if is_down else self.patience.tries

    def succeeded(self, endpoint: str) -> None:
        """Notes that the endpoint works."""
        with self._changed:
            self._failures_in_a_row[endpoint] = 0

    def gave_up(self, endpoint: str) -> None:
        """Notes that a call to the endpoint failed after all its tries."""
        with self._changed:
            self._failures_in_a_row[endpoint] += 1

    def _raise_if_stopped(self) -> None:
        if self._stopped is not None:
            raise copy.copy(self._stopped)  # each thread its own, or they would pile up one traceback
