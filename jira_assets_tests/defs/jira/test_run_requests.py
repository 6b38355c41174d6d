import time
from collections.abc import Iterator

import pytest
from dagster import DagsterEvent, DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, RunRequest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.tags import PARTITION_NAME_TAG
from dagster._core.test_utils import create_run_for_test

from jira_assets.defs.jira.run_requests import (
    MONTH_TAG,
    NEWEST_TAG,
    Delay,
    requests_for,
    requests_to_finish,
)
from jira_assets.inbox.queue import NewestItem

JANUARY, FEBRUARY, NEXT = "2024-01", "2024-02", "2024-03"
PARTITIONS = (JANUARY, FEBRUARY)
REACHED_BY = {
    DagsterRunStatus.QUEUED: DagsterEventType.RUN_ENQUEUED,
    DagsterRunStatus.STARTING: DagsterEventType.RUN_STARTING,
    DagsterRunStatus.STARTED: DagsterEventType.RUN_START,
    DagsterRunStatus.SUCCESS: DagsterEventType.RUN_SUCCESS,
    DagsterRunStatus.FAILURE: DagsterEventType.RUN_FAILURE,
    DagsterRunStatus.CANCELED: DagsterEventType.RUN_CANCELED,
}
_REPOSITORY = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("jira_assets"), "__repository__")
_ORIGIN = RemoteJobOrigin(_REPOSITORY, "apply_events")  # without one a run cannot be queued
WAITING = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING]
FAILED = [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def added(seconds_ago: float = 0, name: str = "an item") -> NewestItem:
    return NewestItem(time.time_ns() - int(seconds_ago * 1e9), name)


def asked(instance: DagsterInstance, item: NewestItem, month: str = JANUARY) -> list[RunRequest]:
    return list(requests_for({month: item}, instance, PARTITIONS))


def launched(
    instance: DagsterInstance, request: RunRequest, status: DagsterRunStatus, ended_ago: float = 0
) -> DagsterRun:
    """The run that was asked for, in this status; if it has ended, then so many seconds ago."""
    tags = {**request.tags, PARTITION_NAME_TAG: request.partition_key or ""}
    run: DagsterRun = create_run_for_test(instance, tags=tags, remote_job_origin=_ORIGIN)
    if status in REACHED_BY:
        event = DagsterEvent(event_type_value=REACHED_BY[status].value, job_name=run.job_name)
        instance.report_dagster_event(event, run.run_id, timestamp=time.time() - ended_ago)
    return run


def first(instance: DagsterInstance, item: NewestItem) -> RunRequest:
    (request,) = asked(instance, item)
    return request


def is_asked_again(
    instance: DagsterInstance, status: DagsterRunStatus, *, waited: float, rested: float, new: bool = False
) -> bool:
    """Whether a run is asked for after one that ended `rested` seconds ago and left an item, or a new one."""
    item = added(waited)
    before = NewestItem(item.added - 1, "another item") if new else item
    launched(instance, first(instance, before), status, rested)
    return bool(asked(instance, item))


def test_each_month_with_work_gets_one_run(instance: DagsterInstance) -> None:
    requests = list(requests_for({JANUARY: added(), FEBRUARY: added()}, instance, PARTITIONS))
    assert [request.partition_key for request in requests] == [JANUARY, FEBRUARY]
    assert all(request.tags[MONTH_TAG] == request.partition_key for request in requests)


def test_without_work_nothing_is_asked_for(instance: DagsterInstance) -> None:
    assert list(requests_for({}, instance, PARTITIONS)) == []


def test_a_month_that_has_no_partition_yet_is_the_work_of_the_last_one(instance: DagsterInstance) -> None:
    older, newer = added(60), added()
    (request,) = requests_for({FEBRUARY: older, NEXT: newer, "2031-05": older}, instance, PARTITIONS)
    assert (request.partition_key, request.tags[NEWEST_TAG]) == (FEBRUARY, str(newer.added))
    launched(instance, request, DagsterRunStatus.SUCCESS)
    assert asked(instance, newer, NEXT) == []
    (own,) = requests_for({NEXT: newer}, instance, [*PARTITIONS, NEXT])
    assert own.partition_key == NEXT


def test_a_month_before_the_first_partition_is_asked_for_by_nobody(instance: DagsterInstance) -> None:
    assert asked(instance, added(), "2023-12") == []


def test_until_there_is_a_run_the_same_is_asked_for_under_the_same_key(instance: DagsterInstance) -> None:
    item = added()
    assert first(instance, item).run_key == first(instance, item).run_key
    assert first(instance, item).run_key != first(instance, added(name="a later item")).run_key


def test_what_a_run_left_is_asked_for_under_another_key(instance: DagsterInstance) -> None:
    item = added(10)
    request = first(instance, item)
    launched(instance, request, DagsterRunStatus.SUCCESS, ended_ago=100)
    assert first(instance, item).run_key != request.run_key


@pytest.mark.parametrize("status", WAITING)
def test_a_run_that_has_not_started_yet_will_do_all_there_is(
    instance: DagsterInstance, status: DagsterRunStatus
) -> None:
    launched(instance, first(instance, added(10)), status)
    assert asked(instance, added()) == []


def test_beside_a_run_under_way_one_more_waits_if_there_is_something_new(instance: DagsterInstance) -> None:
    item = added(10)
    launched(instance, first(instance, item), DagsterRunStatus.STARTED)
    assert asked(instance, item) == []
    newer = first(instance, added(name="a later item"))
    launched(instance, newer, DagsterRunStatus.QUEUED)
    assert asked(instance, added(name="the latest item")) == []


def test_one_month_does_not_wait_for_another(instance: DagsterInstance) -> None:
    launched(instance, first(instance, added(10)), DagsterRunStatus.STARTED)
    assert asked(instance, added(), FEBRUARY) != []


def test_runs_that_do_not_empty_the_queue_do_not_count(instance: DagsterInstance) -> None:
    create_run_for_test(instance, tags={PARTITION_NAME_TAG: JANUARY})
    assert asked(instance, added()) != []


def test_after_a_success_what_is_new_is_asked_for_at_once(instance: DagsterInstance) -> None:
    assert is_asked_again(instance, DagsterRunStatus.SUCCESS, waited=0, rested=0, new=True)


@pytest.mark.parametrize(
    ("waited", "rested", "again"),
    [(1, 0.2, False), (1, 1.5, True), (20, 8, False), (20, 12, True), (3000, 590, False), (3000, 610, True)],
)
def test_after_a_success_what_is_left_is_tried_again_after_a_growing_while(
    instance: DagsterInstance, waited: float, rested: float, again: bool
) -> None:
    assert is_asked_again(instance, DagsterRunStatus.SUCCESS, waited=waited, rested=rested) is again


@pytest.mark.parametrize("status", FAILED)
@pytest.mark.parametrize(
    ("waited", "rested", "again"),
    [
        (1, 20, False),
        (1, 40, True),
        (600, 280, False),
        (600, 320, True),
        (1e6, 3500, False),
        (1e6, 3700, True),
    ],
)
def test_after_a_failure_it_is_tried_again_after_a_growing_while(
    instance: DagsterInstance, status: DagsterRunStatus, waited: float, rested: float, again: bool
) -> None:
    assert is_asked_again(instance, status, waited=waited, rested=rested) is again


@pytest.mark.parametrize("status", FAILED)
@pytest.mark.parametrize(("rested", "again"), [(20, False), (40, True)])
def test_after_a_failure_what_is_new_does_not_wait_for_long(
    instance: DagsterInstance, status: DagsterRunStatus, rested: float, again: bool
) -> None:
    assert is_asked_again(instance, status, waited=600, rested=rested, new=True) is again


def test_a_run_says_up_to_which_item_it_was_asked_for(instance: DagsterInstance) -> None:
    item = added()
    assert first(instance, item).tags[NEWEST_TAG] == str(item.added)


def test_a_delay_has_bounds() -> None:
    delay = Delay(2, 60)
    assert [delay.after(waited) for waited in (0, 10, 1000)] == [2, 5, 60]


def test_a_month_whose_run_failed_with_an_empty_queue_is_finished_later_and_later(
    instance: DagsterInstance,
) -> None:
    item = first(instance, added())
    run = launched(instance, item, DagsterRunStatus.FAILURE, ended_ago=29)
    assert list(requests_to_finish(instance, run.job_name, PARTITIONS, but=())) == []
    # The second in a row waits for a minute.
    run = launched(instance, item, DagsterRunStatus.FAILURE, ended_ago=40)
    assert list(requests_to_finish(instance, run.job_name, PARTITIONS, but=())) == []
    run = launched(instance, item, DagsterRunStatus.FAILURE, ended_ago=121)
    (request,) = requests_to_finish(instance, run.job_name, PARTITIONS, but=())
    assert request.partition_key == JANUARY
    assert request.tags[MONTH_TAG] == JANUARY
    assert list(requests_to_finish(instance, run.job_name, PARTITIONS, but=[JANUARY])) == []
    done = launched(instance, request, DagsterRunStatus.SUCCESS)
    assert list(requests_to_finish(instance, done.job_name, PARTITIONS, but=())) == []


def test_no_month_is_forgotten_over_the_failures_of_others(instance: DagsterInstance) -> None:
    request = first(instance, added())
    job_name = launched(instance, request, DagsterRunStatus.FAILURE, ended_ago=40).job_name
    elsewhere = request._replace(tags={**request.tags, MONTH_TAG: FEBRUARY})
    for _ in range(20):
        launched(instance, elsewhere, DagsterRunStatus.FAILURE, ended_ago=40)
    assert [each.partition_key for each in requests_to_finish(instance, job_name, PARTITIONS, but=())] == [
        JANUARY
    ]


@pytest.mark.parametrize("status", FAILED)
def test_a_month_that_has_no_partition_any_more_is_left_alone(
    instance: DagsterInstance, status: DagsterRunStatus
) -> None:
    job_name = launched(instance, first(instance, added()), status, ended_ago=40).job_name
    assert len(list(requests_to_finish(instance, job_name, PARTITIONS, but=()))) == 1
    assert list(requests_to_finish(instance, job_name, [FEBRUARY], but=())) == []


def test_a_clock_that_was_set_back_stops_nothing(instance: DagsterInstance) -> None:
    of_the_future = added(seconds_ago=-3600)
    launched(instance, first(instance, of_the_future), DagsterRunStatus.SUCCESS, ended_ago=-3600)
    assert asked(instance, added())
    launched(instance, first(instance, of_the_future), DagsterRunStatus.FAILURE, ended_ago=-3600)
    assert asked(instance, added())
