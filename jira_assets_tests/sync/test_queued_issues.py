from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jira_assets.inbox.queue import Item
from jira_assets.jira.errors import Unavailable
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record, Source
from jira_assets.raw.segments import Segment
from jira_assets.sandbox import faults
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import iso
from jira_assets.sync.queued_issues import QueuedIssues
from jira_assets_tests.events.bodies import attachment_event, body, change, comment_event, link_event
from jira_assets_tests.events.copying import Copy, assert_equals_a_backfill
from jira_assets_tests.jira.issues import MONTH, elements, full_issue

FIRST, SECOND, THIRD = "10001", "10002", "10003"
LONG_AGO = timedelta(minutes=61)
BLOCKS = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copy]:
    """Three issues, which are stored; the first has a comment, and they link to none."""
    issues = [full_issue(number, issuelinks=[], attachment=[]) for number in (2, 3)]
    with serve(Site([full_issue(1, comments=1, remote_links=1, issuelinks=[]), *issues])) as sandbox:
        copied = Copy(sandbox, tmp_path / "copy")
        copied.backfill([MONTH])
        copied.build()
        sandbox.traffic.requests.clear()
        yield copied


def stored(copied: Copy, column: str = "summary") -> dict[str, str]:
    copied.build()
    names = {"summary": 4, "issue_key": 2}
    return {row[1]: row[names[column]] for row in copied.tables()["issues"]}


def test_an_empty_queue_asks_jira_nothing(copied: Copy) -> None:
    assert copied.applied(month=MONTH) == "0 settled, 0 waiting, 0 given up, [] deleted"
    assert copied.sandbox.requests == []


def test_exactly_the_queued_issues_are_fetched(copied: Copy) -> None:
    site = copied.sandbox.site
    change(site, SECOND, summary="nobody tells")
    assert (
        copied.applied(change(site, FIRST, summary="new"), month=MONTH)
        == "1 settled, 0 waiting, 0 given up, [] deleted"
    )
    assert stored(copied) == {FIRST: "new", SECOND: "Issue 2", THIRD: "Issue 3"}
    assert copied.queued() == []


def test_many_events_of_an_issue_take_one_fetch(copied: Copy) -> None:
    site = copied.sandbox.site
    bodies = [change(site, FIRST, summary=f"{number}") for number in range(5)]
    assert copied.applied(*bodies, month=MONTH) == "5 settled, 0 waiting, 0 given up, [] deleted"
    assert [request.path.split("/")[-1] for request in copied.sandbox.requests].count("bulkfetch") == 2


@pytest.mark.parametrize("source", [Source.WEBHOOK, Source.RECONCILE, Source.SLA_POLL])
def test_what_made_us_fetch_is_kept(copied: Copy, source: Source) -> None:
    copied.queue.put({MONTH: [Item(FIRST, "found", datetime.now(UTC), source)]})
    copied.apply(MONTH)
    (issue,) = copied.raw.latest(MONTH, [FIRST])
    assert issue.source == source


def test_defect_21_a_reopened_issue_loses_its_resolution(copied: Copy) -> None:
    site = copied.sandbox.site
    resolved = change(site, FIRST, resolution={"name": "Done"}, resolutiondate="2024-02-01T00:00:00.000+0000")
    copied.applied(resolved, month=MONTH)
    copied.applied(change(site, FIRST, resolution=None, resolutiondate=None), month=MONTH)
    (issue,) = copied.raw.latest(MONTH, [FIRST])
    assert b'"resolution":null' in issue.payloads[Part.ISSUE]


def test_an_answer_older_than_the_event_leaves_the_item_for_later(copied: Copy) -> None:
    site = copied.sandbox.site
    site.hold_reads()
    said = change(site, FIRST, summary="new")
    assert copied.applied(said, month=MONTH) == "0 settled, 1 waiting, 0 given up, [] deleted"
    assert stored(copied)[FIRST] == "Issue 1"
    site.release_reads()
    assert copied.applied(month=MONTH) == "1 settled, 0 waiting, 0 given up, [] deleted"
    assert stored(copied)[FIRST] == "new"


def test_so_it_is_with_comments_of_which_the_issue_says_nothing(copied: Copy) -> None:
    site = copied.sandbox.site
    site.hold_reads()
    comment = elements(1, first_id=9000)[0]
    issue = site.get(SECOND)
    issue["fields"]["comment"] = {"comments": [comment]}
    site.put(issue)  # its `updated` stays
    assert (
        copied.applied(comment_event(site, SECOND, comment, at=datetime.now(UTC)), month=MONTH)
        == "0 settled, 1 waiting, 0 given up, [] deleted"
    )
    site.release_reads()
    assert copied.applied(month=MONTH) == "1 settled, 0 waiting, 0 given up, [] deleted"


def test_a_comment_that_came_and_went_unseen_is_fetched_until_it_is_past(
    copied: Copy, tmp_path: Path
) -> None:
    site = copied.sandbox.site
    site.hold_reads()
    change(site, SECOND)
    comment = elements(1, first_id=9000)[0] | {"updated": site.get(SECOND)["fields"]["updated"]}
    came = comment_event(site, SECOND, comment)
    change(site, SECOND)
    went = comment_event(site, SECOND, comment, "comment_deleted")
    assert copied.applied(went, came, month=MONTH) == "1 settled, 1 waiting, 0 given up, [] deleted"
    site.release_reads()
    assert copied.applied(month=MONTH) == "1 settled, 0 waiting, 0 given up, [] deleted"
    copied.build()
    assert_equals_a_backfill(copied, tmp_path / "fresh")


def test_defect_2_a_link_is_waited_for_at_both_ends(copied: Copy) -> None:
    site = copied.sandbox.site
    site.hold_reads()
    for one, side, other in ((FIRST, "outwardIssue", SECOND), (SECOND, "inwardIssue", FIRST)):
        issue = site.get(one)
        brief = {"id": other, "key": site.get(other)["key"], "fields": {}}
        issue["fields"]["issuelinks"] = [{"id": "7", "type": BLOCKS, side: brief}]
        site.put(issue)
    linked = link_event(7, FIRST, SECOND, site.next_moment())
    assert copied.applied(linked, month=MONTH) == "0 settled, 2 waiting, 0 given up, [] deleted"
    site.release_reads()
    assert copied.applied(month=MONTH) == "2 settled, 0 waiting, 0 given up, [] deleted"
    copied.build()
    assert len(copied.tables()["issuelinks"]) == 2


def test_a_link_that_came_and_went_is_not_waited_for(copied: Copy) -> None:
    moment = copied.sandbox.site.next_moment()
    came, went = link_event(7, FIRST, SECOND, moment), link_event(7, FIRST, SECOND, moment + 1, created=False)
    assert copied.applied(came, went, month=MONTH) == "4 settled, 0 waiting, 0 given up, [] deleted"


def test_what_never_shows_is_given_up_after_an_hour_and_nothing_is_lost(copied: Copy) -> None:
    moment = copied.sandbox.site.next_moment()
    first, second = (
        body("jira:issue_updated", moment, issue={"id": each, "fields": {"updated": iso(moment)}})
        for each in (FIRST, SECOND)
    )
    assert copied.applied(first, ago=timedelta(minutes=59), month=MONTH).startswith("0 settled, 1 waiting")
    told = copied.applied(second, ago=LONG_AGO, month=MONTH)
    assert told == "0 settled, 1 waiting, 1 given up, [] deleted"
    assert len(stored(copied)) == 3


def test_a_link_that_jira_does_not_have_for_us_is_not_waited_for(copied: Copy) -> None:
    moment = copied.sandbox.site.next_moment()
    said = link_event(7, FIRST, SECOND, moment)
    assert copied.applied(said, month=MONTH).startswith("0 settled, 2")
    told = copied.applied(link_event(8, FIRST, SECOND, moment - 60_000), month=MONTH)
    assert told.startswith("2 settled, 2 waiting")


def test_an_old_item_that_is_tried_for_the_first_time_is_applied(copied: Copy) -> None:
    assert copied.applied(
        change(copied.sandbox.site, FIRST, summary="new"), ago=LONG_AGO, month=MONTH
    ).startswith("1 settled")
    assert stored(copied)[FIRST] == "new"


def test_defect_8_a_part_that_cannot_be_fetched_keeps_what_is_stored_and_the_item(copied: Copy) -> None:
    copied.sandbox.faults.fail_part(FIRST, "remotelink", 403)
    said = change(copied.sandbox.site, FIRST, summary="new")
    assert copied.applied(said, ago=LONG_AGO, month=MONTH) == "0 settled, 1 waiting, 0 given up, [] deleted"
    copied.build()
    assert len(copied.tables()["remote_links"]) == 1
    copied.sandbox.faults.clear()
    assert copied.applied(month=MONTH) == "1 settled, 0 waiting, 0 given up, [] deleted"


def test_a_failed_part_is_fetched_again_even_if_another_run_has_settled_its_items(
    copied: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied.sandbox.faults.fail_part(FIRST, "remotelink", 403)
    append = RawLog.append

    def append_beside_another_run(log: RawLog, month: str, records: Iterable[Record]) -> Segment | None:
        monkeypatch.undo()
        copied.queue.remove(month, copied.queue.items(month))
        return append(log, month, records)

    monkeypatch.setattr(RawLog, "append", append_beside_another_run)
    copied.applied(change(copied.sandbox.site, FIRST, summary="new"), month=MONTH)
    assert copied.queued() == [FIRST]


def test_a_failed_part_is_fetched_again_even_if_we_are_killed_when_that_is_stored(
    copied: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied.sandbox.faults.fail_part(FIRST, "remotelink", 403)
    copied.deliver(change(copied.sandbox.site, FIRST, summary="new"))
    copied.drain()
    append = RawLog.append

    def append_and_be_killed(log: RawLog, month: str, records: Iterable[Record]) -> Segment | None:
        append(log, month, records)
        raise KeyboardInterrupt

    with copied.client() as client:
        ours = QueuedIssues(client, copied.raw, copied.queue, copied.known, MONTH)
        copied.queue.remove(MONTH, copied.queue.items(MONTH))  # as another run does
        monkeypatch.setattr(RawLog, "append", append_and_be_killed)
        with pytest.raises(KeyboardInterrupt):
            ours.apply(lambda _line: None)
    assert copied.queued() == [FIRST]


def test_defect_8_while_jira_is_down_everything_stays(copied: Copy) -> None:
    copied.deliver(change(copied.sandbox.site, FIRST, summary="new"), ago=LONG_AGO)
    copied.drain()
    copied.sandbox.faults.add(faults.unavailable())
    with pytest.raises(Unavailable):
        copied.apply(MONTH)
    assert copied.queued() == [FIRST]
    assert stored(copied)[FIRST] == "Issue 1"


def test_defect_13_a_moved_issue_is_one_row(copied: Copy) -> None:
    site = copied.sandbox.site
    site.move("SUP-1", "ENG-7")
    copied.applied(change(site, FIRST), month=MONTH)
    assert stored(copied, "issue_key") == {FIRST: "ENG-7", SECOND: "SUP-2", THIRD: "SUP-3"}


def test_defect_14_an_issue_that_cannot_be_stored_is_reported_and_the_others_go_on(copied: Copy) -> None:
    site = copied.sandbox.site
    site.fail_field(FIRST, "created")
    both = [change(site, each, summary="new") for each in (FIRST, SECOND)]
    assert copied.applied(*both, month=MONTH) == "1 settled, 1 waiting, 0 given up, [] deleted"
    assert stored(copied)[SECOND] == "new"
    assert [(each.issue_id, each.part) for each in copied.raw.failures([MONTH])] == [(FIRST, Part.ISSUE)]


def test_an_attachment_that_was_removed_is_gone(copied: Copy) -> None:
    site = copied.sandbox.site
    file = {"id": "501", "filename": "smoke.jpg", "created": "2024-02-01T00:00:00.000+0000"}
    copied.applied(change(site, SECOND, attachment=[file]), month=MONTH)
    copied.build()
    change(site, SECOND, attachment=[])
    assert copied.applied(attachment_event("501", site.next_moment(), created=False), month=MONTH).startswith(
        "1 settled"
    )
    copied.build()
    assert copied.tables()["attachments"] == []


def test_what_events_ask_for_is_made_up_for_when_the_project_can_be_seen_again(copied: Copy) -> None:
    change(copied.sandbox.site, FIRST, summary="new")
    said = body("jira:issue_updated", 1, issue={"id": FIRST})
    copied.sandbox.account.projects = frozenset()
    assert copied.applied(said, month=MONTH) == "1 settled, 0 waiting, 0 given up, [] deleted"
    assert stored(copied)[FIRST] == "Issue 1"
    copied.sandbox.account.projects = None
    assert copied.take_census().outdated == ["SUP-1"]
    copied.catch_up()
    assert stored(copied)[FIRST] == "new"
