import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jira_assets.inbox.events import Child, Expected
from jira_assets.inbox.events import Part as ChildPart
from jira_assets.inbox.queue import NOTHING_EXPECTED, Item
from jira_assets.inbox.settle import FetchedIssue, has_waited
from jira_assets.raw.record import Part, Record, Source

EVENT = datetime(2026, 11, 20, 12, 0, 0, 125000, tzinfo=UTC)
BEFORE, AFTER = EVENT - timedelta(seconds=1), EVENT + timedelta(seconds=1)
EVERY_PART: list[ChildPart] = ["comments", "worklogs", "attachments", "issuelinks"]


def answer(
    updated: datetime = BEFORE, shows: Iterable[dict[str, Any]] = (), error: str | None = None, **fields: Any
) -> FetchedIssue:
    """An answer that shows these children, whatever their kind is."""
    children = list(shows)
    issue = {"fields": {"attachment": children, "issuelinks": children, **fields}}
    payloads = {Part.ISSUE: issue, Part.COMMENTS: children, Part.WORKLOGS: children}
    records = [
        Record("1", part, updated, AFTER, Source.WEBHOOK, json.dumps(payload).encode())
        for part, payload in payloads.items()
    ]
    links = Record("1", Part.REMOTE_LINKS, updated, AFTER, Source.WEBHOOK, None if error else b"[]", error)
    return FetchedIssue([*records, links])


def item(
    expected: Expected = NOTHING_EXPECTED, *, at: datetime | None = EVENT, is_deletion: bool = False
) -> Item:
    return Item("1", "an event", EVENT, at=at, expected=expected, is_deletion=is_deletion)


def child(part: ChildPart, present: bool, updated: datetime | None = None) -> Item:
    return item(Expected(None, Child(part, "7", present, updated)))


def settles(answered: FetchedIssue, asked: Item) -> bool:
    return answered.settled([asked]) == [asked]


def test_any_whole_answer_settles_what_expects_nothing() -> None:
    assert settles(answer(), item())


def test_defect_8_an_answer_with_a_part_missing_settles_nothing() -> None:
    assert not settles(answer(AFTER, error="503"), item())


def test_an_issue_that_is_still_there_is_not_deleted() -> None:
    assert not settles(answer(AFTER), item(is_deletion=True))


@pytest.mark.parametrize(("updated", "is_settled"), [(BEFORE, False), (EVENT, True), (AFTER, True)])
def test_an_answer_is_at_least_as_new_as_the_issue_of_the_event(updated: datetime, is_settled: bool) -> None:
    assert settles(answer(updated), item(Expected(EVENT, None))) is is_settled


@pytest.mark.parametrize("part", EVERY_PART)
def test_a_new_child_is_waited_for(part: ChildPart) -> None:
    assert not settles(answer(), child(part, present=True))
    assert settles(answer(shows=[{"id": "7"}]), child(part, present=True))
    assert settles(answer(shows=[{"id": 7}]), child(part, present=True))


@pytest.mark.parametrize("part", EVERY_PART)
def test_a_deleted_child_is_waited_for_to_go(part: ChildPart) -> None:
    assert not settles(answer(shows=[{"id": "7"}]), child(part, present=False))
    assert settles(answer(shows=[{"id": "8"}]), child(part, present=False))


@pytest.mark.parametrize("part", ["comments", "worklogs"])
def test_an_older_state_of_a_child_is_not_the_one_that_was_told(part: ChildPart) -> None:
    asked = child(part, present=True, updated=EVENT)
    assert not settles(answer(shows=[{"id": "7", "updated": BEFORE.isoformat()}]), asked)
    assert settles(answer(shows=[{"id": "7", "updated": EVENT.isoformat()}]), asked)
    assert settles(answer(shows=[{"id": "7"}]), asked)


@pytest.mark.parametrize("part", EVERY_PART)
@pytest.mark.parametrize("present", [True, False])
def test_an_issue_that_has_moved_on_since_settles_whatever_it_shows(part: ChildPart, present: bool) -> None:
    shows = [] if present else [{"id": "7"}]
    assert settles(answer(AFTER, shows), child(part, present))
    assert not settles(answer(EVENT, shows), child(part, present))


def test_an_event_that_does_not_tell_its_time_is_never_overtaken() -> None:
    asked = item(Expected(None, Child("comments", "7", True, None)), at=None)
    assert not settles(answer(AFTER), asked)


@pytest.mark.parametrize("part", ["attachments", "issuelinks"])
def test_lists_that_are_null_have_no_children(part: ChildPart) -> None:
    nothing = answer(attachment=None, issuelinks=None)
    assert settles(nothing, child(part, present=False))
    assert not settles(nothing, child(part, present=True))


def test_lists_of_an_unexpected_kind_have_no_children() -> None:
    assert not settles(answer(attachment="many", issuelinks={}), child("issuelinks", present=True))


def test_a_link_that_came_and_went_is_not_waited_for() -> None:
    came, went = child("issuelinks", present=True), child("issuelinks", present=False)
    assert answer().settled([came, went]) == [came, went]


def test_a_comment_that_came_and_went_is_waited_for_until_the_answer_is_not_older_than_it() -> None:
    came, went = child("comments", present=True, updated=EVENT), child("comments", present=False)
    assert answer(BEFORE).settled([came, went]) == [went]
    assert answer(EVENT).settled([came, went]) == [came, went]


def test_one_childs_end_says_nothing_about_another() -> None:
    other = item(Expected(None, Child("issuelinks", "8", True, None)))
    went = child("issuelinks", present=False)
    assert answer().settled([other, went]) == [went]


@pytest.mark.parametrize(
    ("received", "at", "has_come"),
    [
        (-59, -59, False),
        (-61, 0, True),
        (30, -90, False),
        (180, 0, False),
        (180, -61, True),
        (180, None, True),
    ],
)
def test_what_came_in_later_than_now_is_as_old_as_it_says(
    received: int, at: int | None, has_come: bool
) -> None:
    """In minutes from now."""
    now, hour = datetime.now(UTC), timedelta(hours=1)
    told = None if at is None else now + timedelta(minutes=at)
    assert has_waited(hour, told, now + timedelta(minutes=received), now) is has_come
