import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from jira_assets.jira.errors import Unavailable
from jira_assets.jira.shared import Shared

FAILURE = Unavailable("POST", "/oauth/token", 503, "Down.")


class Slow:
    """Counts its attempts; each waits until it may end."""

    def __init__(self, failure: Unavailable | None = None) -> None:
        self.attempts = 0
        self.failure = failure
        self.has_begun = threading.Event()
        self.may_end = threading.Event()

    def obtain(self) -> object:
        self.attempts += 1
        self.has_begun.set()
        assert self.may_end.wait(10)
        if self.failure is not None:
            raise self.failure
        return object()


def together(shared: Shared[object], slow: Slow, threads: int = 4) -> list["Future[object]"]:
    """What threads get that ask while one of them obtains the value."""
    with ThreadPoolExecutor(threads) as pool:
        first = pool.submit(shared.get)
        assert slow.has_begun.wait(10)
        asking = threading.Barrier(threads)

        def ask() -> object:
            asking.wait(10)
            return shared.get()

        others = [pool.submit(ask) for _ in range(threads - 1)]
        asking.wait(10)
        time.sleep(0.05)  # until they wait
        slow.may_end.set()
        return [first, *others]


def test_threads_share_one_value() -> None:
    slow = Slow()
    shared = Shared(slow.obtain)
    assert len({id(future.result()) for future in together(shared, slow)}) == 1
    assert slow.attempts == 1


def test_threads_that_wait_for_an_attempt_that_fails_do_not_try_one_after_the_other() -> None:
    slow = Slow(FAILURE)
    futures = together(Shared(slow.obtain), slow)
    assert [type(future.exception()) for future in futures] == [Unavailable] * 4
    assert slow.attempts < 4


def test_what_is_no_longer_good_is_obtained_again() -> None:
    counter = iter(range(10))
    shared = Shared(lambda: next(counter), lambda value: value >= 2)
    assert [shared.get() for _ in range(4)] == [0, 1, 2, 2]


def test_what_was_discarded_is_obtained_again_unless_it_was_replaced() -> None:
    values = iter(["first", "second", "third"])
    shared = Shared(lambda: next(values))
    first = shared.get()
    for _ in range(2):
        shared.discard(first)
        assert shared.get() == "second"


def test_an_attempt_that_failed_is_made_again_for_who_asks_later() -> None:
    slow = Slow(FAILURE)
    slow.may_end.set()
    shared = Shared(slow.obtain)
    for _ in range(2):
        with pytest.raises(Unavailable):
            shared.get()
    slow.failure = None
    assert shared.get() is shared.get()
    assert slow.attempts == 3
