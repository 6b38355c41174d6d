from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets.sync.requeue import requeue_linked_issues, requeue_outdated
from jira_assets_tests.events.bodies import change, delete, link_event
from jira_assets_tests.events.copying import Copy, assert_equals_a_backfill, months_of
from jira_assets_tests.jira.issues import full_issue

JANUARY, FEBRUARY = "2024-01", "2024-02"
BLOCKS = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
OPEN, DONE = (
    {"name": name, "statusCategory": {"key": key}} for name, key in (("Open", "new"), ("Done", "done"))
)


def brief(number: int) -> dict[str, Any]:
    fields = {"summary": f"Issue {number}", "status": OPEN, "priority": {"name": "High"}}
    return {"id": str(10_000 + number), "key": f"SUP-{number}", "fields": fields}


def shown(side: str, number: int) -> dict[str, Any]:
    return {"id": "7", "type": BLOCKS, side: brief(number)}


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copy]:
    """Issue 1 of January blocks issue 2 of February, and is the parent of issue 3, of February as well."""
    state: dict[str, Any] = {"status": OPEN, "priority": {"name": "High"}}
    february = "2024-02-05T10:00:00.000+0000"
    site = Site(
        [
            full_issue(1, issuelinks=[shown("outwardIssue", 2)], **state),
            full_issue(2, created=february, issuelinks=[shown("inwardIssue", 1)], **state),
            full_issue(3, created=february, parent=brief(1), **state),
            full_issue(4, project="ENG", **state),
        ]
    )
    with serve(site) as sandbox:
        copied = Copy(sandbox, tmp_path / "copy")
        copied.backfill(months_of(sandbox))
        copied.build()
        yield copied


def queued(copied: Copy) -> list[tuple[str, str]]:
    return [(month, item.issue_id) for month in copied.queue.months() for item in copied.queue.items(month)]


def test_what_is_up_to_date_asks_for_nothing(copied: Copy) -> None:
    assert requeue_outdated(copied.known, copied.queue) == 0
    assert queued(copied) == []


def test_whoever_shows_an_issue_that_has_changed_is_fetched_again(copied: Copy, tmp_path: Path) -> None:
    copied.deliver(change(copied.sandbox.site, "10001", status=DONE))
    copied.drain()
    copied.apply(JANUARY)
    copied.build()
    assert queued(copied) == [(FEBRUARY, "10002")]
    copied.catch_up()
    assert_equals_a_backfill(copied, tmp_path / "fresh")


def test_whoever_shows_an_issue_that_has_moved_is_fetched_again(copied: Copy, tmp_path: Path) -> None:
    copied.sandbox.site.move("SUP-1", "ENG-9")
    copied.deliver(change(copied.sandbox.site, "10001"))
    copied.drain()
    copied.apply(JANUARY)
    copied.build()
    assert queued(copied) == [(FEBRUARY, "10002"), (FEBRUARY, "10003")]
    copied.catch_up()
    assert_equals_a_backfill(copied, tmp_path / "fresh")


def test_asking_twice_is_asking_once(copied: Copy) -> None:
    copied.deliver(change(copied.sandbox.site, "10001", summary="Another"))
    copied.drain()
    copied.apply(JANUARY)
    copied.build()
    requeue_outdated(copied.known, copied.queue)
    assert queued(copied) == [(FEBRUARY, "10002")]


def test_issues_that_show_one_another_are_not_fetched_for_ever(copied: Copy) -> None:
    site = copied.sandbox.site
    copied.deliver(change(site, "10001", summary="Another"), change(site, "10002", summary="Another, too"))
    copied.catch_up()
    assert queued(copied) == []


def test_whoever_shows_an_issue_that_is_deleted_is_fetched_again(copied: Copy, tmp_path: Path) -> None:
    copied.deliver(delete(copied.sandbox.site, "10001"))
    copied.drain()
    copied.apply(JANUARY)
    assert queued(copied) == [(FEBRUARY, "10002"), (FEBRUARY, "10003")]
    copied.catch_up()
    assert_equals_a_backfill(copied, tmp_path / "fresh")


def test_the_neighbours_of_a_deleted_issue_are_as_old_as_the_news_of_it(copied: Copy) -> None:
    since = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=3)
    requeue_linked_issues(copied.known, copied.queue, "10001", "an event", since)
    assert {item.received_at for item in copied.queue.items(FEBRUARY)} == {since}


def test_a_link_to_an_issue_that_is_not_to_be_seen_yet_is_found_at_both_ends(
    copied: Copy, tmp_path: Path
) -> None:
    """The event of the link names an issue that reads don't show; they do before they show the link."""
    site = copied.sandbox.site
    site.hold_reads()
    site.put(full_issue(5, issuelinks=[]))
    created = change(site, "10005")
    linked_at = site.next_moment()
    copied.deliver(created, link_event(8, "10004", "10005", linked_at))
    copied.drain()
    site.release_reads()
    site.hold_reads()
    _link(site, "10004", "10005", "8")
    copied.hurry()
    copied.drain()
    copied.apply(JANUARY)
    copied.build()
    site.release_reads()
    copied.catch_up()
    assert_equals_a_backfill(copied, tmp_path / "fresh")


def test_a_link_that_was_removed_is_gone_from_both_ends(copied: Copy, tmp_path: Path) -> None:
    """Although only what happened at one end is known."""
    site = copied.sandbox.site
    for issue_id in ("10001", "10002"):
        issue = site.get(issue_id)
        issue["fields"]["issuelinks"] = []
        site.put(issue)
    copied.deliver(change(site, "10001"))
    copied.drain()
    copied.apply(JANUARY)
    copied.build()
    assert queued(copied) == [(FEBRUARY, "10002")]
    copied.catch_up()
    assert_equals_a_backfill(copied, tmp_path / "fresh")


def _link(site: Site, source: str, destination: str, link_id: str) -> None:
    """As in Jira, only the source's `updated` moves."""
    issues = site.get(source), site.get(destination)
    for issue, side, other in ((issues[0], "outwardIssue", issues[1]), (issues[1], "inwardIssue", issues[0])):
        seen = {"id": other["id"], "key": other["key"], "fields": {"summary": other["fields"]["summary"]}}
        issue["fields"]["issuelinks"] = [{"id": link_id, "type": BLOCKS, side: seen}]
        site.put(issue)
    change(site, source)
