from datetime import UTC, datetime, timedelta

import pytest

from jira_assets.sync.reconcile import children as module
from jira_assets.sync.reconcile.children import queue_remote_links
from jira_assets_tests.events.bodies import change
from jira_assets_tests.events.copying import Copy

FIRST = "10001"
DONE = {"name": "Fertig", "statusCategory": {"key": "done"}}
TOMORROW = datetime.now(UTC) + timedelta(hours=21)


def queued_at(copied: Copy, now: datetime) -> int:
    with copied.scope() as scope:
        return queue_remote_links(scope, now)


def close(copied: Copy, *issue_ids: str) -> None:
    for issue_id in issue_ids:
        change(copied.sandbox.site, issue_id, status=DONE)
    copied.sweep()
    copied.catch_up()


def test_a_remote_link_that_came_without_a_word_is_found(copied: Copy) -> None:
    site = copied.sandbox.site
    issue = site.get(FIRST)
    issue["remotelinks"] = [{"id": 7, "object": {"url": "https://example.com", "title": "page"}}]
    site.put(issue)  # its `updated` stays
    assert queued_at(copied, TOMORROW) == 8
    copied.catch_up()
    assert len(copied.tables()["remote_links"]) == 1


def test_what_was_read_within_a_day_is_not_read_again(copied: Copy) -> None:
    assert queued_at(copied, datetime.now(UTC)) == 0


def test_defect_23_what_is_done_and_was_not_updated_for_a_week_is_not(copied: Copy) -> None:
    close(copied, FIRST, "10002")
    assert queued_at(copied, TOMORROW + timedelta(days=5)) == 8
    copied.queue.remove("2024-01", copied.queue.items("2024-01"))
    assert queued_at(copied, TOMORROW + timedelta(days=8)) == 6


def test_those_that_have_waited_longest_come_first(copied: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMOTE_LINKS_A_DAY", 3)
    copied.deliver(change(copied.sandbox.site, FIRST))
    copied.catch_up()
    assert queued_at(copied, TOMORROW) == 3
    assert copied.queued() == ["10002", "10003", "10004"]
    assert queued_at(copied, TOMORROW) == 0
