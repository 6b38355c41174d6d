"""Eventual consistency: a view of the site learns of changes later than they happen."""

import time
from collections import deque
from typing import Protocol

from jira_assets.sandbox.stored import StoredIssue


class View(Protocol):
    """What changes are passed on to."""

    def set(self, issue_id: str, issue: StoredIssue | None) -> None: ...


class Lag:
    """Passes changes on to a view in the order in which they happened, ``seconds`` after each of them.

    Not safe to share between threads: the site calls it under its lock.
    """

    def __init__(self, view: View) -> None:
        self.seconds = 0.0
        self._view = view
        self._held = False
        self._waiting: deque[tuple[float, str, StoredIssue | None]] = deque()

    def add(self, issue_id: str, issue: StoredIssue | None) -> None:
        """An issue is in this state from now on; None if it was deleted."""
        if self.seconds or self._held or self._waiting:
            self._waiting.append((time.monotonic() + self.seconds, issue_id, issue))
        else:
            self._view.set(issue_id, issue)

    def hold(self) -> None:
        """Pass nothing on until :meth:`release`."""
        self._held = True

    def release(self) -> None:
        """Pass on all that waits, whether its time has come or not."""
        self._held = False
        while self._waiting:
            self._view.set(*self._waiting.popleft()[1:])

    def catch_up(self) -> None:
        """Pass on what is due."""
        while self._waiting and not self._held and self._waiting[0][0] <= time.monotonic():
            self._view.set(*self._waiting.popleft()[1:])
