from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jira_assets.inbox.archive import ArchivedEvent, EventOutcome
from jira_assets.inbox.events import parse
from jira_assets.inbox.inbox import Delivery
from jira_assets.sandbox import faults
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.timestamps import epoch_milliseconds
from jira_assets_tests.events.bodies import (
    attachment_event,
    body,
    change,
    comment_event,
    delete,
    issue_event,
    link_event,
)
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.jira.issues import MONTH, full_issue

OURS, FOREIGN, NEW = "10001", "10002", "10003"
AT = 1_709_287_200_123
LONG_AGO = timedelta(minutes=61)
UNCOPIED = full_issue(5, attachment=[{"id": "501"}, {"id": "502"}])  # which no attachment's event names
TRAVERSAL = "../../../../etc/passwd"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    site = Site([full_issue(1), full_issue(2, project="ENG"), full_issue(3)])
    with serve(site) as running:
        yield running


@pytest.fixture
def copied(sandbox: RunningSandbox, tmp_path: Path) -> Copy:
    """Nothing is stored yet."""
    return Copy(sandbox, tmp_path / "copy")


@pytest.fixture
def of_sup(sandbox: RunningSandbox, tmp_path: Path) -> Copy:
    """Only the project SUP is copied. Its first issue is stored."""
    sandbox.site.delete(NEW)
    copied = Copy(sandbox, tmp_path / "of SUP", ["SUP"])
    copied.backfill([MONTH])
    copied.build()
    sandbox.site.put(full_issue(3))
    return copied


def archived(copied: Copy, ago: timedelta = timedelta(0)) -> list[ArchivedEvent]:
    days = {(datetime.now(UTC) - ago - timedelta(days=back)).date() for back in (0, 1)}
    return [event for day in sorted(days) for event in copied.archive.read(day)]


def outcomes(copied: Copy) -> list[EventOutcome]:
    return [event.outcome for event in archived(copied)]


def test_an_empty_inbox_is_no_work(copied: Copy) -> None:
    assert str(copied.drain()) == "no new events"


def test_an_event_becomes_an_item_and_a_line_of_the_archive(copied: Copy, sandbox: RunningSandbox) -> None:
    said = change(sandbox.site, OURS)
    copied.deliver(said)
    drained = copied.drain()
    (item,) = copied.queue.items(MONTH)
    (line,) = archived(copied)
    assert (item.issue_id, item.cause, item.received_at) == (OURS, line.name, line.received_at)
    assert (item.at, item.expected) == (parse(said).at, parse(said).expected)
    assert (line.outcome, line.issue_ids, line.body) == (EventOutcome.QUEUED, (OURS,), said)
    assert copied.inbox.names() == []
    assert str(drained) == "events: 1 queued"


def test_defect_35_what_is_known_is_remembered_for_duplicates(copied: Copy, sandbox: RunningSandbox) -> None:
    delivery = Delivery.arrived("delivery-1", datetime.now(UTC), None, change(sandbox.site, OURS))
    copied.inbox.add([delivery])
    copied.drain()
    copied.inbox.add([delivery])
    copied.drain()
    assert len(copied.queued()) == 1
    assert len(archived(copied)) == 1


@pytest.mark.parametrize(
    "name", ["comment_deleted", "attachment_deleted", "worklog_deleted", "issuelink_deleted"]
)
def test_defect_1_only_the_deletion_of_an_issue_deletes_it(
    copied: Copy, sandbox: RunningSandbox, name: str
) -> None:
    issue = {"id": OURS, "key": "SUP-1"}
    copied.deliver(body(name, AT, issue=issue), delete(sandbox.site, NEW))
    copied.drain()
    items = copied.queue.items(MONTH)
    assert {item.issue_id: item.is_deletion for item in items} == {OURS: False, NEW: True}


def test_defect_2_both_ends_of_a_link_are_queued(copied: Copy) -> None:
    copied.deliver(link_event(7, OURS, NEW, AT))
    copied.drain()
    assert copied.queued() == [OURS, NEW]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (body("user_created", AT), EventOutcome.IRRELEVANT),
        (body("jira:version_released", AT, version={"id": "1"}), EventOutcome.IRRELEVANT),
        (body("jira:something_new", AT), EventOutcome.UNKNOWN),
        (b"{}", EventOutcome.UNKNOWN),
    ],
)
def test_events_about_no_issue_are_archived(copied: Copy, said: bytes, outcome: EventOutcome) -> None:
    copied.deliver(said)
    copied.drain()
    assert outcomes(copied) == [outcome]
    assert copied.queued() == copied.inbox.names() == []


@pytest.mark.parametrize("said", [b"", b"nonsense", b"[1]", b'{"issue":"\xff"}', b"[" * 100_000])
def test_a_body_that_is_no_event_is_put_aside_whole_and_the_others_go_on(
    copied: Copy, sandbox: RunningSandbox, said: bytes
) -> None:
    copied.deliver(said, issue_event(sandbox.site, OURS))
    drained = copied.drain()
    (aside,) = copied.unreadable.iterdir()
    assert aside.read_bytes().endswith(said)
    assert copied.queued() == [OURS]
    assert (drained.unreadable, copied.inbox.names()) == (1, [])


def test_a_damaged_delivery_is_put_aside(copied: Copy, sandbox: RunningSandbox) -> None:
    copied.deliver(issue_event(sandbox.site, OURS))
    (name,) = copied.inbox.names()
    (copied.inbox.folder / name).write_bytes(b"no heading")
    assert copied.drain().unreadable == 1
    assert (copied.unreadable / name).read_bytes() == b"no heading"


def test_what_the_address_of_the_webhook_says_helps_an_event_that_says_nothing(copied: Copy) -> None:
    copied.deliver(attachment_event("501", AT), hint=OURS)
    copied.deliver(body("comment_created", AT, issue={"id": NEW}), hint=FOREIGN)
    copied.drain()
    assert sorted(copied.queued()) == [OURS, NEW]


def test_a_hint_with_an_attachment_still_says_what_to_wait_for(copied: Copy) -> None:
    copied.deliver(attachment_event("501", AT), hint=OURS)
    copied.drain()
    (item,) = copied.queue.items(MONTH)
    assert item.expected.child is not None
    assert (item.expected.child.part, item.expected.child.id) == ("attachments", "501")


def test_an_event_of_another_project_is_dropped(of_sup: Copy, sandbox: RunningSandbox) -> None:
    of_sup.sandbox.site.put(full_issue(4, project="ENG"))
    of_sup.deliver(issue_event(sandbox.site, "10004"), issue_event(sandbox.site, NEW))
    of_sup.drain()
    assert of_sup.queued() == [NEW]
    assert sorted(outcomes(of_sup)) == [EventOutcome.DROPPED, EventOutcome.QUEUED]


def test_a_move_out_of_our_projects_is_followed(of_sup: Copy, sandbox: RunningSandbox) -> None:
    sandbox.site.move("SUP-1", "ENG-9")
    moved = {"items": [{"field": "Key", "fromString": "SUP-1", "toString": "ENG-9"}]}
    of_sup.deliver(issue_event(sandbox.site, OURS, changelog=moved))
    of_sup.catch_up()
    keys = [row[2] for row in of_sup.tables()["issues"]]
    assert "ENG-9" in keys
    assert "SUP-1" not in keys


def test_a_move_into_our_projects_is_followed(of_sup: Copy, sandbox: RunningSandbox) -> None:
    sandbox.site.put(full_issue(4, project="ENG"))
    sandbox.site.move("ENG-4", "SUP-9")
    of_sup.deliver(issue_event(sandbox.site, "10004"))
    of_sup.drain()
    assert of_sup.queued() == ["10004"]


@pytest.mark.parametrize(
    "created",
    ["1999-12-31T23:59:59.999+0000", "0201-05-01T00:00:00.000+0000"],
)
def test_an_issue_of_a_month_that_is_not_copied_is_dropped(copied: Copy, created: str) -> None:
    issue = {"id": "777", "fields": {"created": created, "project": {"key": "SUP"}}}
    copied.deliver(body("jira:issue_deleted", AT, issue=issue))
    copied.drain()
    assert outcomes(copied) == [EventOutcome.DROPPED]
    assert copied.queue.months() == []


@pytest.mark.parametrize("month", ["2031-05", "9999-12"])
def test_an_issue_of_a_month_that_has_not_begun_is_queued(copied: Copy, month: str) -> None:
    issue = {"id": "777", "fields": {"created": f"{month}-01T00:00:00.000+0000", "project": {"key": "SUP"}}}
    copied.deliver(body("jira:issue_deleted", AT, issue=issue))
    copied.drain()
    assert (outcomes(copied), copied.queue.months()) == ([EventOutcome.QUEUED], [month])


def test_an_event_whose_issue_is_not_to_be_seen_yet_waits_and_comes_again(
    copied: Copy, sandbox: RunningSandbox
) -> None:
    sandbox.site.hold_reads()
    sandbox.site.put(full_issue(4))
    said = issue_event(sandbox.site, "10004", "jira:issue_created")
    copied.deliver(
        said.replace(b"1709287200123", str(epoch_milliseconds(datetime.now(UTC))).encode()),
        issue_event(sandbox.site, OURS),
    )
    assert str(copied.drain()) == "events: 1 queued, 1 waiting for their issue to be found"
    sandbox.site.release_reads()
    assert copied.drain().waiting == 0  # not due yet
    assert len(copied.inbox.names()) == 1
    copied.hurry()
    copied.drain()
    assert copied.queued() == ["10004", OURS]


def test_each_wait_is_longer_than_the_one_before(copied: Copy, sandbox: RunningSandbox) -> None:
    sandbox.site.put(UNCOPIED)
    copied.deliver(attachment_event("501", AT), ago=timedelta(seconds=40))
    copied.drain()
    now = datetime.now(UTC)
    assert copied.inbox.due(now + timedelta(seconds=15)) == []
    assert len(copied.inbox.due(now + timedelta(seconds=25))) == 1


def test_what_waits_keeps_nobody_else_waiting(copied: Copy, sandbox: RunningSandbox) -> None:
    copied.deliver(*(attachment_event(str(number), AT) for number in range(500, 520)))
    copied.drain()
    copied.deliver(issue_event(sandbox.site, OURS))
    copied.drain()
    assert copied.queued() == [OURS]


def test_after_an_hour_an_event_without_an_issue_is_given_up(copied: Copy, sandbox: RunningSandbox) -> None:
    sandbox.site.put(UNCOPIED)
    copied.deliver(attachment_event("501", AT), ago=timedelta(minutes=59))
    copied.deliver(attachment_event("502", AT), ago=LONG_AGO)
    copied.drain()
    assert [event.outcome for event in archived(copied, LONG_AGO)] == [EventOutcome.UNRESOLVED]
    assert len(copied.inbox.names()) == 1


def test_an_attachment_is_found_once_its_issue_is_in_the_tables(
    copied: Copy, sandbox: RunningSandbox
) -> None:
    said = change(sandbox.site, OURS, attachment=[{"id": "501", "filename": "smoke.jpg"}])
    copied.deliver(attachment_event("501", AT), said)
    copied.catch_up()
    assert outcomes(copied) == [EventOutcome.QUEUED] * 2
    copied.deliver(change(sandbox.site, OURS, attachment=[]), attachment_event("501", AT, created=False))
    copied.catch_up()
    assert outcomes(copied) == [EventOutcome.QUEUED] * 4
    assert copied.queue.months() == []


def test_while_jira_is_down_known_issues_flow_and_unknown_ones_wait_however_long(
    of_sup: Copy, sandbox: RunningSandbox
) -> None:
    sandbox.faults.add(faults.unavailable())
    known, unknown = (issue_event(sandbox.site, each) for each in (OURS, NEW))
    of_sup.deliver(known, unknown, ago=LONG_AGO)
    drained = of_sup.drain()
    assert of_sup.queued() == [OURS]
    assert drained.waiting == 1
    assert "503" in str(drained)
    sandbox.faults.clear()
    of_sup.hurry()
    of_sup.drain()
    assert sorted(of_sup.queued()) == [OURS, NEW]


def test_an_event_is_in_the_inbox_until_all_that_comes_of_it_is_durable(
    copied: Copy, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    copied.deliver(issue_event(sandbox.site, OURS), body("user_created", AT))
    events = tmp_path / "copy" / "events"
    events.write_bytes(b"in the way of the archive")
    with pytest.raises(OSError, match="events"):
        copied.drain()
    assert len(copied.inbox.names()) == 2
    events.unlink()
    copied.drain()
    assert copied.queued() == [OURS]
    assert copied.inbox.names() == []
    assert len(archived(copied)) == 2


def test_two_drains_at_once_do_the_work_of_one(copied: Copy, sandbox: RunningSandbox, tmp_path: Path) -> None:
    other = Copy(sandbox, tmp_path / "copy")
    for number in range(60):
        copied.deliver(comment_event(sandbox.site, OURS, {"id": str(1000 + number)}))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Copy.drain, (copied, other)))
    assert len(copied.queued()) == 60
    assert len({event.name for event in archived(copied)}) == 60
    assert copied.inbox.names() == []


def test_after_the_time_is_over_the_rest_is_left_and_no_more_than_fits_is_read_at_once(
    copied: Copy, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        copied.deliver(change(sandbox.site, OURS))
    monkeypatch.setattr("jira_assets.inbox.drain._BYTES_AT_ONCE", 1)
    assert copied.drain(seconds=-1).outcomes == {EventOutcome.QUEUED: 1}
    monkeypatch.setattr("jira_assets.inbox.drain._BYTES_AT_ONCE", 10**9)
    assert copied.drain(seconds=-1).outcomes == {EventOutcome.QUEUED: 2}
    assert copied.drain(seconds=60).outcomes == {}
