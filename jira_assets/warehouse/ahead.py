"""Working ahead: the next items are made by another thread while this one uses the last."""

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def ahead(items: Iterable[T]) -> Iterator[Iterator[T]]:
    """The items, made by a thread of their own that is at most one item ahead; its errors are raised here."""
    slots: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(maxsize=1)
    abandoned = threading.Event()

    def offer(item: T | None, error: BaseException | None) -> None:
        while not abandoned.is_set():
            try:
                slots.put((item, error), timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in items:
                offer(item, None)
                if abandoned.is_set():
                    return
            offer(None, StopIteration())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
            offer(None, error)

    def results() -> Iterator[T]:
        while True:
            item, error = slots.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]

    thread = threading.Thread(target=work, name="ahead", daemon=True)
    thread.start()
    try:
        yield results()
    finally:
        abandoned.set()
        thread.join()
