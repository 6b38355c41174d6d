"""Prefetching: the next items are made by another thread while this one uses the last."""

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")
_NOTICE_S = 0.1


class _Prefetch(Generic[T]):
    """Iterates over items that a thread makes. A None follows the last; an error stands in for an item."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = items
        self._slots: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(maxsize=1)
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._work, name="prefetch", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        while (slot := self._slots.get()) is not None:
            if isinstance(slot, BaseException):
                raise slot
            yield slot[0]

    def stop(self) -> None:
        """Make no more items, and wait for the one that is being made."""
        self._abandoned.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            for item in self._items:
                if not self._put((item,)):
                    return
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that uses the items
            self._put(error)

    def _put(self, slot: tuple[T] | BaseException | None) -> bool:
        """Whether somebody still wants it."""
        while not self._abandoned.is_set():
            try:
                self._slots.put(slot, timeout=_NOTICE_S)
                return True
            except queue.Full:
                continue
        return False


@contextmanager
def prefetched(items: Iterable[T]) -> Iterator[Iterator[T]]:
    """The items, made by a thread that is at most one item ahead; its errors are raised here."""
    working = _Prefetch(items)
    try:
        yield iter(working)
    finally:
        working.stop()
