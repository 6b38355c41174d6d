import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest

from jira_assets.http.throttle import Patience, Throttle
from jira_assets.jira.errors import Unauthorised


def test_no_more_calls_at_once_than_allowed() -> None:
    throttle = Throttle(concurrency=3)
    lock = threading.Lock()
    running = 0
    most = 0

    def call(_: int) -> None:
        nonlocal running, most
        with throttle.slot("GET /x"):
            with lock:
                running += 1
                most = max(most, running)
            sleep(0.005)
            with lock:
                running -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(24)))
    assert most == 3


def test_a_pause_of_one_endpoint_leaves_the_others_running() -> None:
    throttle = Throttle()
    throttle.pause("GET /slow", 0.2)
    started = monotonic()
    with throttle.slot("GET /quick"):
        at_once = monotonic() - started
    with throttle.slot("GET /slow"):
        held_back = monotonic() - started
    assert at_once < 0.2 <= held_back + 0.01


def test_a_pause_of_everything_holds_back_every_endpoint() -> None:
    throttle = Throttle()
    throttle.pause(None, 0.1)
    started = monotonic()
    with throttle.slot("GET /x"):
        assert monotonic() - started >= 0.09


def test_pauses_that_overlap_are_counted_once() -> None:
    throttle = Throttle()
    for _ in range(8):
        throttle.pause(None, 0.05)
    sleep(0.06)
    assert 0.05 <= throttle.throttled_seconds < 0.1


def test_a_pause_is_counted_as_far_as_it_has_passed() -> None:
    throttle = Throttle()
    throttle.pause(None, 1000)
    assert throttle.throttled_seconds < 100


def test_stop_wakes_whoever_waits() -> None:
    throttle = Throttle()
    throttle.pause(None, 60)

    def call() -> None:
        with throttle.slot("GET /x"):
            pass

    with ThreadPoolExecutor(2) as pool:
        in_slot, asleep = pool.submit(call), pool.submit(throttle.sleep, 60)
        throttle.stop(Unauthorised("GET", "/x", 401, "no."))
        for waiting in (in_slot, asleep):
            with pytest.raises(Unauthorised):
                waiting.result(timeout=5)


def test_zero_seconds_asked_for_still_back_off_and_more_is_honoured() -> None:
    throttle = Throttle(patience=Patience(base_seconds=2.0))
    waits = [throttle.delay(1, asked_for=0.0) for _ in range(200)]
    assert 1.4 <= min(waits) < 1.6  # they differ, and none is too short
    assert 2.4 < max(waits) <= 2.6
    assert throttle.delay(1, asked_for=100.0) == 100.0


def test_an_endpoint_that_keeps_failing_is_tried_once_until_it_works() -> None:
    throttle = Throttle()
    for _ in range(3):
        assert throttle.tries("GET /x") == 6
        throttle.gave_up("GET /x")
    assert throttle.tries("GET /x") == 1
    assert throttle.tries("GET /y") == 6
    throttle.succeeded("GET /x")
    assert throttle.tries("GET /x") == 6


@pytest.mark.parametrize("concurrency", [0, 11])
def test_concurrency_is_what_atlassian_allows(concurrency: int) -> None:
    with pytest.raises(ValueError, match="at once"):
        Throttle(concurrency)
    assert [Throttle(allowed).concurrency for allowed in (1, 10)] == [1, 10]
