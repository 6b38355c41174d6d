import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from jira_assets.inbox.archive import Archive, ArchivedEvent, EventOutcome
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.inbox.receiver import outcomes
from jira_assets.inbox.receiver.duplicates import Duplicates
from jira_assets.inbox.receiver.outcomes import Refused
from jira_assets.inbox.receiver.server import running
from jira_assets.settings import Settings
from jira_assets_tests.inbox.receiver.sending import deliver, event, health

STORED, DUPLICATE, NOT_STORED = (
    outcomes.DeliveryOutcome.STORED,
    outcomes.DeliveryOutcome.DUPLICATE,
    outcomes.DeliveryOutcome.NOT_STORED,
)


def test_a_delivery_that_comes_again_is_acknowledged_and_stored_once(url: str, inbox: Inbox) -> None:
    assert [deliver(url, event(), "one").status_code for _ in range(3)] == [200, 200, 200]
    assert len(inbox.names()) == 1
    assert health(url)["counts"]["duplicate"] == 2


def test_deliveries_of_equal_bodies_are_two_if_jira_says_so(url: str, inbox: Inbox) -> None:
    assert [deliver(url, event(), identifier).status_code for identifier in ("one", "two")] == [200, 200]
    assert len(inbox.names()) == 2


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_a_repeated_or_guessed_identifier_does_not_swallow_another_body(
    settings: Settings, inbox: Inbox, size: int
) -> None:
    bodies = [event(1, text="x" * size), event(2, text="x" * size)]
    for _ in range(2):  # after a restart, too
        with running(settings) as url:
            for body in bodies:
                assert deliver(url, body, "one").status_code == 200
    assert sorted(inbox.read(name).body for name in inbox.names()) == bodies


def test_bodies_under_one_identifier_are_both_kept_at_the_same_moment(inbox: Inbox) -> None:
    now = datetime.now(UTC)
    inbox.add([Delivery.arrived("one", now, None, event(number)) for number in (1, 2)])
    assert len(inbox.names()) == 2


@pytest.mark.parametrize("identifier", [None, "", "x" * 257, "not one word"])
def test_without_a_usable_identifier_equal_bodies_are_one_delivery(
    url: str, inbox: Inbox, identifier: str | None
) -> None:
    for number in (1, 1, 2):
        assert deliver(url, event(number), identifier).status_code == 200
    assert len(inbox.names()) == 2


def test_what_is_no_event_is_kept_once_too(url: str, unreadable: Inbox) -> None:
    assert [deliver(url, b"[]", "one").status_code for _ in range(2)] == [202, 200]
    assert len(unreadable.names()) == 1


def test_deliveries_at_the_same_time_are_stored_once(url: str, inbox: Inbox) -> None:
    with ThreadPoolExecutor(16) as clients:
        answers = list(
            clients.map(lambda number: deliver(url, event(number % 4), f"{number % 4}"), range(64))
        )
    assert {answer.status_code for answer in answers} == {200}
    assert len(inbox.names()) == 4


def test_after_a_restart_what_waits_in_the_inbox_is_known(settings: Settings, inbox: Inbox) -> None:
    for _ in range(2):
        with running(settings) as url:
            assert deliver(url, event(), "one").status_code == 200
    assert len(inbox.names()) == 1


def test_after_a_restart_what_was_archived_is_known(settings: Settings, inbox: Inbox) -> None:
    now = datetime.now(UTC)
    entry = ArchivedEvent("name", now, "one", "jira:issue_updated", EventOutcome.QUEUED, ("1",), event())
    Archive(settings.events_dir).add([entry])
    with running(settings) as url:
        assert deliver(url, event(), "one").status_code == 200
    assert inbox.names() == []


def test_a_second_delivery_waits_for_the_first_and_takes_its_place_if_that_fails() -> None:
    assert outcomes_of([NOT_STORED, STORED, STORED]) == [NOT_STORED, STORED, DUPLICATE]


def test_no_delivery_is_a_duplicate_of_one_that_failed() -> None:
    assert outcomes_of([NOT_STORED, NOT_STORED]) == [NOT_STORED, NOT_STORED]


def outcomes_of(attempts: Sequence[outcomes.DeliveryOutcome]) -> list[outcomes.DeliveryOutcome]:
    """What becomes of as many equal deliveries at once, if attempts to store them end like this in turn."""

    async def all_at_once() -> list[outcomes.DeliveryOutcome]:
        duplicates, remaining = Duplicates(), iter(attempts)

        async def take() -> outcomes.DeliveryOutcome:
            await asyncio.sleep(0.001)
            outcome = next(remaining)
            if outcome is NOT_STORED:
                raise Refused(outcome)
            return outcome

        async def one() -> outcomes.DeliveryOutcome:
            try:
                return await duplicates.once("fingerprint", take)
            except Refused as refused:
                return refused.outcome

        return await asyncio.gather(*(one() for _ in attempts))

    return asyncio.run(all_at_once())


def test_memory_of_deliveries_is_bounded_and_keeps_the_latest() -> None:
    duplicates = Duplicates(remembered=10)
    duplicates.remember(str(number) for number in range(100))

    async def come_again(number: int) -> outcomes.DeliveryOutcome:
        async def take() -> outcomes.DeliveryOutcome:
            return STORED

        return await duplicates.once(str(number), take)

    assert [asyncio.run(come_again(number)) for number in range(95, 100)] == [DUPLICATE] * 5
    assert asyncio.run(come_again(0)) == STORED
