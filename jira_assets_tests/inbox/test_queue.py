import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jira_assets.inbox.events import Child, Expected
from jira_assets.inbox.queue import Item, Queue
from jira_assets.raw.record import Source

MONTH, LATER = "2024-01", "2024-02"
NOON = datetime(2026, 11, 20, 12, 0, 0, 125000, tzinfo=UTC)


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path)


def item(issue_id: str = "10001", seconds: float = 0, cause: str = "an event", **members: Any) -> Item:
    return Item(issue_id, cause, NOON + timedelta(seconds=seconds), **members)


def test_a_queue_without_a_folder_is_empty(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "nothing")
    assert (queue.months(), queue.newest(), queue.items(MONTH)) == ([], {}, [])


def test_items_come_back_as_they_were_put_oldest_first(queue: Queue) -> None:
    first = item(seconds=1, source=Source.RECONCILE, is_deletion=True, project="SUP", at=NOON)
    child = Child("comments", "7", present=True, updated=NOON)
    second = item("10002", seconds=2, expected=Expected(NOON, child))
    queue.put({MONTH: [second, first]})
    assert queue.items(MONTH) == [first, second]


def test_the_same_cause_is_one_item_however_often_it_is_put(queue: Queue) -> None:
    queue.put({MONTH: [item(), item(), item(cause="another")]})
    before = queue.newest()
    queue.put({MONTH: [item()]})
    assert len(queue.items(MONTH)) == 2
    assert queue.newest() == before  # nothing is new that a run would have to be asked for


def test_what_is_asked_for_already_is_not_added_again_whenever_and_why_it_was(queue: Queue) -> None:
    queue.put({MONTH: [item()]})
    assert queue.add({MONTH: [item(seconds=5, cause="found again"), item("10002")], LATER: [item()]}) == 2
    assert [found.issue_id for found in queue.items(MONTH)] == ["10001", "10002"]


def test_what_asks_for_more_is_added(queue: Queue) -> None:
    queue.put({MONTH: [item()]})
    known, later = item(project="SUP"), item(expected=Expected(NOON, None))
    assert queue.add({MONTH: [known, later, item(source=Source.RECONCILE)]}) == 3


def test_only_months_with_items_have_work(queue: Queue) -> None:
    queue.put({LATER: [item()], MONTH: [item()], "2024-03": []})
    queue.remove(LATER, [item()])
    assert queue.months() == [MONTH]
    assert queue.newest().keys() == {MONTH}


def test_an_item_may_be_removed_twice(queue: Queue) -> None:
    queue.put({MONTH: [item(), item("10002")]})
    queue.remove(MONTH, [item()])
    queue.remove(MONTH, [item()])
    assert queue.items(MONTH) == [item("10002")]


def test_the_newest_item_is_the_one_that_was_added_last_however_old_its_cause_is(
    queue: Queue, tmp_path: Path
) -> None:
    queue.put({MONTH: [item(cause="young")]})
    before = queue.newest()[MONTH]
    old = item(seconds=-3600, cause="old")
    queue.put({MONTH: [old]})
    os.utime(tmp_path / MONTH / old.name, ns=(before.added + 1, before.added + 1))
    assert queue.newest()[MONTH] == (before.added + 1, old.name)


def test_what_is_no_item_is_left_alone(queue: Queue, tmp_path: Path) -> None:
    queue.put({MONTH: [item()]})
    (tmp_path / MONTH / ".unfinished.tmp").write_bytes(b"{")
    (tmp_path / MONTH / "notes.txt").write_bytes(b"hello")
    (tmp_path / "2024-13").mkdir()
    (tmp_path / "elsewhere").mkdir()
    assert queue.months() == [MONTH]
    assert queue.items(MONTH) == [item()]
    assert (tmp_path / MONTH / "notes.txt").exists()


def test_what_a_killed_writer_left_behind_is_removed(queue: Queue, tmp_path: Path) -> None:
    queue.put({MONTH: [item()]})
    unfinished, at_work = tmp_path / MONTH / ".1.tmp", tmp_path / MONTH / ".2.tmp"
    for path in (unfinished, at_work):
        path.write_bytes(b"{")
    two_hours_ago = time.time() - 7200
    os.utime(unfinished, (two_hours_ago, two_hours_ago))
    queue.items(MONTH)
    assert (unfinished.exists(), at_work.exists()) == (False, True)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b'{"issue_id":"\xff"}', b'{"issue_id":"1","cause":"","source":"oracle"}']
)
def test_a_damaged_item_still_says_which_issue_it_is_about(
    queue: Queue, tmp_path: Path, content: bytes
) -> None:
    queue.put({MONTH: [item()]})
    (tmp_path / MONTH / item().name).write_bytes(content)
    (found,) = queue.items(MONTH)
    assert (found.issue_id, found.received_at) == ("10001", NOON)
    queue.remove(MONTH, [found])
    assert queue.names(MONTH) == []


@pytest.mark.parametrize("month", ["../../etc", "2024-1", "2024-13", "2024-01/..", "", "\u0662024-01"])
def test_defect_4_nothing_is_written_for_what_is_not_a_month(
    queue: Queue, tmp_path: Path, month: str
) -> None:
    with pytest.raises(ValueError, match="not a month"):
        queue.put({month: [item()]})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("issue_id", ["../../etc/passwd", "SUP-1", "", "١٢", "1" * 21])
def test_defect_4_nothing_is_written_for_what_is_not_an_issue(
    queue: Queue, tmp_path: Path, issue_id: str
) -> None:
    with pytest.raises(ValueError, match="not the id of an issue"):
        queue.put({MONTH: [item(issue_id)]})
    assert list(tmp_path.iterdir()) == []


def test_a_cause_cannot_name_a_path(queue: Queue, tmp_path: Path) -> None:
    queue.put({MONTH: [item(cause="../../../etc/passwd")]})
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / MONTH]
