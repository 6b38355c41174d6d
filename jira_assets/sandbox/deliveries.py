"""Handing events to a webhook as Jira does: signed, at least once, in no particular order."""

import hashlib
import hmac
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from threading import Condition, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import requests

from jira_assets.sandbox.sent_events import SentEvent

Seconds = tuple[float, float]
"""A shortest and a longest time; each time is drawn from between them."""

LARGEST_BODY = 25 * 1024 * 1024
_RETRIED = frozenset({408, 409, 425, 429})
_CONNECT_SECONDS = 5
_RESPONSE_SECONDS = 20
_SECONDS_TO_STOP = 2
_USER_AGENT = "Atlassian Webhook HTTP Client"
_CONTENT_TYPE = "application/json; charset=utf-8"


@dataclass(slots=True)
class Statistics:
    """What became of the events so far.

    ``sent`` = ``delivered`` + ``refused`` + ``given_up`` + ``too_large`` + those still under way.
    ``duplicates`` were delivered once more, ``retries`` are further attempts after failed ones.
    """

    sent: int = 0
    delivered: int = 0
    duplicates: int = 0
    retries: int = 0
    refused: int = 0
    given_up: int = 0
    too_large: int = 0


@dataclass(order=True, slots=True)
class _Attempt:
    due: float
    place: int
    event: SentEvent = field(compare=False)
    retry: int = field(compare=False, default=0)
    is_duplicate: bool = field(compare=False, default=False)


class Deliveries:
    """Posts events to ``url``, signed with ``secret`` (not signed if that is empty), until the block ends.

    ``{issue.id}`` in the URL is filled in. Of all events a share of ``duplicates`` is delivered twice, and a
    share of ``reorder`` waits for ``held_back``, so that later ones overtake them; the others take ``delay``.
    All of it follows from ``seed``.

    After 408, 409, 425, 429, 5xx, a failed connection or a timeout comes another try, until there were
    ``tries`` in all (None: for ever). Jira lets 5 to 15 minutes pass before it; ``retry_after`` has that
    scaled to seconds. Other answers than 2xx are final, and bodies of more than 25 MB are not delivered at
    all. [DOC webhooks]

    Raises ValueError if the URL is not one of HTTP.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        seed: int = 1,
        *,
        duplicates: float = 0.05,
        delay: Seconds = (0.0, 0.05),
        reorder: float = 0.1,
        held_back: Seconds = (0.1, 0.5),
        retry_after: Seconds = (1.0, 3.0),
        tries: int | None = 5,
        connections: int = 4,
        response_seconds: float = _RESPONSE_SECONDS,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(
                f"{url!r} is not the address of a webhook: it must begin with http:// or https://"
            )
        self._url = url
        self._secret = secret.encode()
        self._seed = seed
        self._duplicates = duplicates
        self._delay = delay
        self._reorder = reorder
        self._held_back = held_back
        self._retry_after = retry_after
        self._tries = tries
        self._timeout = (_CONNECT_SECONDS, response_seconds)
        self._statistics = Statistics()
        self._changed = Condition()
        self._waiting: list[_Attempt] = []
        self._in_progress = 0
        self._place = 0
        self._is_paused = False
        self._is_stopped = False
        self._threads = [
            Thread(target=self._work, name=f"deliveries-{number}", daemon=True)
            for number in range(connections)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """What is still waiting is not delivered: :meth:`drain` before."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        deadline = time.monotonic() + _SECONDS_TO_STOP
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    @property
    def statistics(self) -> Statistics:
        """A copy of the counts as they are now."""
        with self._changed:
            return replace(self._statistics)

    @property
    def under_way(self) -> int:
        """How many deliveries are waiting or in progress."""
        with self._changed:
            return len(self._waiting) + self._in_progress

    def send(self, events: Iterable[SentEvent]) -> None:
        """Take events for delivery; returns at once."""
        now = time.monotonic()
        with self._changed:
            for event in events:
                self._statistics.sent += 1
                if len(event.body) > LARGEST_BODY:
                    self._statistics.too_large += 1
                    continue
                rng = self._generator(event, "send")
                wait = self._held_back if rng.random() < self._reorder else self._delay
                self._schedule(_Attempt(now + rng.uniform(*wait), 0, event))
                if rng.random() < self._duplicates:
                    again = now + rng.uniform(*wait) + rng.uniform(*self._held_back)
                    self._schedule(_Attempt(again, 0, event, is_duplicate=True))
            self._changed.notify_all()

    def drain(self, timeout: float) -> bool:
        """Wait until nothing is waiting or in progress. False if that takes more than ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._in_progress, timeout)

    def pause(self) -> None:
        """Begin no further delivery, until :meth:`resume`."""
        with self._changed:
            self._is_paused = True

    def resume(self) -> None:
        with self._changed:
            self._is_paused = False
            self._changed.notify_all()

    def _work(self) -> None:
        with requests.Session() as session:
            # No proxy and no password file of whoever runs this.
            session.trust_env = False
            while (attempt := self._next()) is not None:
                status = self._post(session, attempt)
                with self._changed:
                    self._settle(attempt, status)
                    self._in_progress -= 1
                    self._changed.notify_all()

    def _next(self) -> _Attempt | None:
        """The next delivery, when it is due; None if there will be none."""
        with self._changed:
            while not self._is_stopped:
                due = self._waiting[0].due - time.monotonic() if self._waiting else None
                if self._is_paused or due is None:
                    self._changed.wait()
                elif due > 0:
                    self._changed.wait(due)
                else:
                    self._in_progress += 1
                    return heappop(self._waiting)
            return None

    def _post(self, session: requests.Session, attempt: _Attempt) -> int | None:
        """The status of the answer; None if there was none in time."""
        event = attempt.event
        headers = {
            "User-Agent": _USER_AGENT,
            "Content-Type": _CONTENT_TYPE,
            "X-Atlassian-Webhook-Identifier": event.identifier,
            "X-Atlassian-Webhook-Flow": event.flow,
        }
        if self._secret:
            headers["X-Hub-Signature"] = signature(self._secret, event.body)
        if attempt.retry:
            headers["X-Atlassian-Webhook-Retry"] = str(attempt.retry)
        url = self._url.replace("{issue.id}", event.issue_id)
        try:
            answer = session.post(
                url, event.body, headers=headers, timeout=self._timeout, allow_redirects=False
            )
        except requests.RequestException:
            return None
        return answer.status_code

    def _settle(self, attempt: _Attempt, status: int | None) -> None:
        counts = self._statistics
        if status is not None and status < 300:
            counts.duplicates += attempt.is_duplicate
            counts.delivered += not attempt.is_duplicate
        elif attempt.is_duplicate:
            return
        elif not (status is None or status in _RETRIED or status >= 500):
            counts.refused += 1
        elif self._tries is not None and attempt.retry + 1 >= self._tries:
            counts.given_up += 1
        else:
            counts.retries += 1
            retry = attempt.retry + 1
            wait = self._generator(attempt.event, f"retry {retry}").uniform(*self._retry_after)
            self._schedule(_Attempt(time.monotonic() + wait, 0, attempt.event, retry))

    def _schedule(self, attempt: _Attempt) -> None:
        # Of two that are due at the same time the first one goes first.
        attempt.place = self._place
        self._place += 1
        heappush(self._waiting, attempt)

    def _generator(self, event: SentEvent, purpose: str) -> random.Random:
        # One for each decision, so that no order of threads matters.
        return random.Random(f"{self._seed}:{event.identifier}:{purpose}")


def signature(secret: bytes, body: bytes) -> str:
    """The value of ``X-Hub-Signature``: HMAC-SHA256 over the body as it is sent."""
    return f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"
