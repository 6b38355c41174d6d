"""Results of recent searches, so that the pages of one search do not each search again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

_KEPT = 16


class Searches:
    """A small cache. The key must say everything that the result depends on, the site's version included."""

    def __init__(self) -> None:
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def result(self, key: Hashable, find: Callable[[], list[Any]]) -> list[Any]:
        """The kept result of this search, or that of ``find()``."""
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                kept: list[Any] = self._results[key]
                return kept
        found = find()
        with self._lock:
            self._results[key] = found
            if len(self._results) > _KEPT:
                self._results.popitem(last=False)
        return found
