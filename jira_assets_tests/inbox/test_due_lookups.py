"""Which lists an event makes due, and that none is forgotten."""

from pathlib import Path

import pytest

from jira_assets.inbox.due_lookups import DueLists, lists_changed_by
from jira_assets.inbox.event_names import CATALOGUE
from jira_assets.jira.lookups import LISTS


@pytest.fixture
def due(tmp_path: Path) -> DueLists:
    return DueLists(tmp_path / "due")


def test_events_about_what_issues_refer_to_tell_of_lists_and_no_others_do() -> None:
    telling = {event.partition("_")[0] for event in CATALOGUE if lists_changed_by(event)}
    assert telling == {"project", "jira:version", "sprint", "board", "user"}
    assert {name for event in CATALOGUE for name in lists_changed_by(event)} <= LISTS.keys()


def test_what_is_noted_is_due_until_it_was_read(due: DueLists) -> None:
    due.note(["users", "versions"])
    due.note(["users"])
    with due.taken() as taken:
        assert taken == due.names() == ["users", "versions"]
    assert due.names() == []


def test_what_is_noted_during_a_reading_is_due_again(due: DueLists) -> None:
    due.note(["users"])
    with due.taken():
        due.note(["users"])
    assert due.names() == ["users"]


def test_what_a_reading_that_fails_has_taken_stays_due(due: DueLists) -> None:
    due.note(["users"])
    with pytest.raises(RuntimeError), due.taken():
        raise RuntimeError
    with due.taken() as taken:
        assert taken == ["users"]
