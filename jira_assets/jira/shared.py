"""A value that one thread obtains while the others wait for it."""

import copy
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from jira_assets.jira.errors import JiraError

T = TypeVar("T")


class Shared(Generic[T]):
    """Obtained when it is first asked for, and again once it is no longer good or was discarded.

    Whoever waited for an attempt that failed gets its ``JiraError``, instead of trying in turn: or threads
    would wait for an outage one after the other.
    """

    def __init__(self, obtain: Callable[[], T], is_good: Callable[[T], bool] = lambda _value: True) -> None:
        self._obtain = obtain
        self._is_good = is_good
        self._lock = threading.Lock()
        self._value: T | None = None
        self._failure: JiraError | None = None
        self._attempts = 0

    def get(self) -> T:
        """The value. Raises what obtaining it raises."""
        value = self._value
        if value is not None and self._is_good(value):
            return value
        attempts_before = self._attempts
        with self._lock:
            value = self._value
            if value is not None and self._is_good(value):
                return value
            if self._failure is not None and self._attempts > attempts_before:
                raise copy.copy(self._failure)  # each thread its own, or they would pile up one traceback
            return self._attempt()

    def discard(self, value: object) -> None:
        """Forgets this value, without waiting for the next; one that has replaced it stays."""
        if self._value is value:
            self._value = None

    def _attempt(self) -> T:
        self._value = self._failure = None
        try:
            self._value = value = self._obtain()
        except JiraError as error:
            self._failure = error
            raise
        finally:
            self._attempts += 1
        return value
