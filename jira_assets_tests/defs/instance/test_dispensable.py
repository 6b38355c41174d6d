import logging
from collections.abc import Callable, Iterator

import pytest
from dagster import DagsterInstance, DagsterRunStatus, EventLogEntry
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from jira_assets_tests.defs.instance.seen import EVENTS, LOAD, Seen

FEBRUARY = "2024-02"
FAILED = DagsterRunStatus.FAILURE
_NOT_ENDED = [each for each in NOT_FINISHED_STATUSES if each is not DagsterRunStatus.QUEUED]


@pytest.fixture
def seen() -> Iterator[Seen]:
    with DagsterInstance.ephemeral() as instance:
        yield Seen(instance)


def logged_a_warning(seen: Seen, run_id: str) -> None:
    entry = EventLogEntry(None, logging.WARNING, "a file was damaged", run_id, 1.0)  # type: ignore[no-untyped-call]
    seen.instance.handle_new_event(entry)


@pytest.mark.parametrize(
    ("job", "status", "days"),
    [
        (EVENTS, DagsterRunStatus.SUCCESS, 3),
        ("refresh_slas", DagsterRunStatus.SUCCESS, 3),
        (LOAD, DagsterRunStatus.SUCCESS, 30),
        (EVENTS, FAILED, 90),
        (LOAD, DagsterRunStatus.CANCELED, 90),
    ],
)
def test_runs_go_after_their_time(seen: Seen, job: str, status: DagsterRunStatus, days: int) -> None:
    old = seen.run(job, status)
    seen.run(job)
    assert seen.dispensable(days - 0.01) == set()
    assert seen.dispensable(days + 0.01) == {old}


def test_a_shorter_time_is_not_that_of_failures(seen: Seen) -> None:
    failed, old = seen.run(status=FAILED), seen.run()
    seen.run()
    assert seen.dispensable(1.1, history_days=1) == {old}
    assert seen.dispensable(90.1, history_days=200) == {old}
    assert seen.dispensable(200.1, history_days=200) == {failed, old}


@pytest.mark.parametrize(
    "do",
    [
        logged_a_warning,
        lambda seen, run_id: seen.materialized(run_id, events_given_up=1),
        lambda seen, run_id: seen.materialized(run_id, unreadable_values=2),
        lambda seen, run_id: seen.repeated_a_step(run_id),
        lambda seen, run_id: seen.checked(run_id, passed=False),
    ],
    ids=["a warning", "events given up", "unreadable values", "a step repeated", "a check turned red"],
)
def test_event_runs_that_were_remarkable_stay_as_others_do(
    seen: Seen, do: Callable[[Seen, str], None]
) -> None:
    first = seen.run()
    seen.checked(first, passed=True)
    remarkable = seen.run()
    do(seen, remarkable)
    usual, last = seen.run(), seen.run()
    seen.materialized(usual, events_given_up=0, unreadable_values=0)
    seen.materialized(last)
    seen.checked(last, passed=True)
    assert seen.dispensable(4) == {first, usual}
    assert remarkable in seen.dispensable(31)


def test_a_check_that_stays_red_makes_no_run_remarkable(seen: Seen) -> None:
    green, turned, still, last = (seen.run() for _ in range(4))
    seen.checked(green, passed=True)
    for run_id in (turned, still, last):
        seen.checked(run_id, passed=False)
    assert seen.dispensable(4) == {green, still}


def test_runs_that_have_not_ended_stay_for_ever(seen: Seen) -> None:
    started = [seen.run(status=status) for status in _NOT_ENDED]
    ended = seen.run()
    seen.run()
    assert len(started) > 3
    assert seen.dispensable(1000) == {ended}


def test_what_the_ui_shows_of_a_month_or_a_check_stays(seen: Seen) -> None:
    of_january, of_february, asked, silent = seen.run(), seen.run(month=FEBRUARY), seen.run(), seen.run()
    seen.materialized(of_january)
    seen.materialized(of_february, FEBRUARY)
    seen.checked(asked, passed=True)
    seen.run(LOAD)
    seen.run()
    seen.run(month=FEBRUARY)
    assert seen.dispensable(1000) == {silent}


def test_the_last_run_of_each_job_and_month_stays(seen: Seen) -> None:
    # A failure that outlives the success after it would be taken for the last run of its month.
    failed = seen.run(status=FAILED)
    seen.run()
    seen.run(LOAD)
    assert seen.dispensable(89) == set()
    assert seen.dispensable(91) == {failed}


def test_the_run_that_another_repeats_stays_with_it(seen: Seen) -> None:
    first = seen.run(status=FAILED)
    seen.run(repeats=first)
    assert seen.dispensable(1000) == set()
