import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jira_assets.inbox.events import parse
from jira_assets.inbox.resolve import IssueLocation, ResolvedIssues, resolve
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BadQuery
from jira_assets.sandbox import faults
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets.warehouse import known as known_module
from jira_assets_tests.events.bodies import (
    attachment_event,
    body,
    comment_event,
    delete,
    issue_event,
    link_event,
)
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.openapi import assert_valid_request
from jira_assets_tests.warehouse.holder import held

JANUARY, FEBRUARY = "2024-01", "2024-02"
STORED, NEW, STRANGE, NEVER = "10001", "10002", "10003", "77777"
FILE = {"id": "501", "filename": "smoke.jpg"}
AT = 1_709_287_200_123


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copy]:
    """Only the first issue is in the tables."""
    site = Site([full_issue(1, attachment=[FILE])])
    with serve(site) as sandbox:
        copied = Copy(sandbox, tmp_path / "copy")
        copied.backfill([JANUARY])
        copied.build()
        site.put(full_issue(2, created="2024-02-01T07:59:59.999+0800"))
        site.put(full_issue(3, created="2024-02-01T08:00:00.000+0800", project="ENG"))
        sandbox.traffic.requests.clear()
        yield copied


def resolved(copied: Copy, *bodies: bytes) -> tuple[ResolvedIssues, list[list[IssueLocation] | None]]:
    events = [parse(each) for each in bodies]
    resolution = resolve(events, copied.known, copied.client)
    return resolution, [resolution.of(event) for event in events]


def only(copied: Copy, said: bytes) -> list[IssueLocation] | None:
    return resolved(copied, said)[1][0]


def test_a_stored_issue_is_found_without_asking_jira(copied: Copy) -> None:
    assert only(copied, issue_event(copied.sandbox.site, STORED)) == [IssueLocation(STORED, JANUARY)]
    assert copied.sandbox.requests == []


def test_defect_14_the_month_of_a_new_issue_is_its_month_in_utc(copied: Copy) -> None:
    site = copied.sandbox.site
    assert only(copied, issue_event(site, NEW)) == [IssueLocation(NEW, JANUARY, "SUP")]
    assert only(copied, issue_event(site, STRANGE)) == [IssueLocation(STRANGE, FEBRUARY, "ENG")]


def test_jira_is_asked_once_for_all_that_is_not_stored(copied: Copy) -> None:
    site = copied.sandbox.site
    resolved(copied, *(issue_event(site, each) for each in (STORED, NEW, STRANGE, NEW)))
    (request,) = copied.sandbox.requests
    assert_valid_request(request.method, request.path, request.query, json.loads(request.body))


def test_defect_2_both_ends_of_a_link_are_found_by_id(copied: Copy) -> None:
    places = only(copied, link_event(7, STORED, NEW, AT))
    assert places == [IssueLocation(STORED, JANUARY), IssueLocation(NEW, JANUARY, "SUP")]


def test_defect_2_a_worklog_is_found_by_the_id_of_its_issue(copied: Copy) -> None:
    said = body("worklog_created", AT, worklog={"id": "9", "issueId": STORED})
    assert only(copied, said) == [IssueLocation(STORED, JANUARY)]


@pytest.mark.parametrize("created", [True, False])
def test_defect_2_an_attachment_is_found_by_the_tables(copied: Copy, created: bool) -> None:
    assert only(copied, attachment_event("501", AT, created)) == [IssueLocation(STORED, JANUARY)]


def test_an_attachment_that_is_not_stored_is_not_found_yet(copied: Copy) -> None:
    resolution, places = resolved(copied, attachment_event("502", datetime.now(UTC)))
    assert places == [None]
    assert resolution.error is None
    assert copied.sandbox.requests == []  # Jira could not tell


def test_a_comment_of_jira_server_is_found_by_its_address(copied: Copy) -> None:
    said = body(
        "comment_created", AT, comment={"id": "9", "self": f"https://x/rest/api/2/issue/{NEW}/comment/9"}
    )
    assert only(copied, said) == [IssueLocation(NEW, JANUARY, "SUP")]


def test_defect_13_an_issue_is_found_by_a_key_that_it_had_before(copied: Copy) -> None:
    copied.sandbox.site.move("SUP-2", "ENG-8")
    assert only(copied, body("jira:issue_updated", AT, issue={"key": "SUP-2"})) == [
        IssueLocation(NEW, JANUARY, "ENG")
    ]


def test_a_key_that_nobody_has_is_not_found(copied: Copy) -> None:
    assert only(copied, body("jira:issue_updated", AT, issue={"key": "SUP-99"})) is None


def test_an_issue_that_jira_does_not_show_is_not_found(copied: Copy) -> None:
    comment = body("comment_created", AT, issue={"id": NEVER})
    assert resolved(copied, comment, issue_event(copied.sandbox.site, NEW))[1] == [
        None,
        [IssueLocation(NEW, JANUARY, "SUP")],
    ]


def test_of_a_link_the_end_that_can_be_seen_is_found(copied: Copy) -> None:
    assert only(copied, link_event(7, NEVER, STORED, AT)) == [IssueLocation(STORED, JANUARY)]
    assert only(copied, link_event(7, NEVER, "88888", AT)) is None


def test_an_event_about_no_issue_has_no_places(copied: Copy) -> None:
    assert only(copied, body("user_created", AT, user={"accountId": "x"})) == []


def test_a_deleted_issue_that_was_never_stored_is_placed_by_its_event(copied: Copy) -> None:
    said = delete(copied.sandbox.site, STRANGE)
    assert only(copied, said) == [IssueLocation(STRANGE, FEBRUARY, "ENG")]


def test_so_are_events_about_what_was_in_it_when_they_come_along(copied: Copy) -> None:
    site = copied.sandbox.site
    comment = comment_event(site, STRANGE, {"id": "9"}, "comment_deleted")
    said = delete(site, STRANGE)
    assert resolved(copied, comment, said)[1] == [[IssueLocation(STRANGE, FEBRUARY, "ENG")]] * 2


@pytest.mark.parametrize("created", ["0201-05-01T00:00:00.000+0000", "9999-12-31T23:59:59.000+0000"])
def test_whatever_a_deleted_issue_says_of_its_creation_is_a_month(copied: Copy, created: str) -> None:
    said = body("jira:issue_deleted", AT, issue={"id": NEVER, "fields": {"created": created}})
    assert only(copied, said) == [IssueLocation(NEVER, created[:7])]


def test_a_jira_that_is_down_leaves_only_what_is_not_stored(copied: Copy) -> None:
    site = copied.sandbox.site
    bodies = [issue_event(site, STORED), issue_event(site, NEW), link_event(7, STORED, NEW, AT)]
    bodies += [delete(site, STRANGE)]
    copied.sandbox.faults.add(faults.unavailable())
    resolution, places = resolved(copied, *bodies)
    assert places == [[IssueLocation(STORED, JANUARY)], None, None, None]
    assert "503" in str(resolution.error)


def test_tables_that_are_busy_leave_it_to_jira(copied: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "_PATIENCE_S", 0.05)
    site = copied.sandbox.site
    with held(copied.database):
        places = resolved(copied, issue_event(site, STORED), attachment_event("501", AT))[1]
    assert places == [[IssueLocation(STORED, JANUARY, "SUP")], None]


def test_no_client_is_opened_for_nothing(copied: Copy) -> None:
    def refuse() -> JiraClient:
        raise AssertionError("nobody has to be asked")

    event = parse(issue_event(copied.sandbox.site, STORED))
    assert resolve([event], copied.known, refuse).of(event) == [IssueLocation(STORED, JANUARY)]


def test_an_id_that_jira_takes_offence_at_hides_no_other(copied: Copy) -> None:
    copied.sandbox.faults.next(faults.failing(400), times=3)  # all of them, then the half, and the one
    said = [body("jira:issue_updated", AT, issue={"id": each}) for each in (NEW, STRANGE, NEVER)]
    resolution, places = resolved(copied, *said)
    assert resolution.error is None
    assert places == [[IssueLocation(NEW, JANUARY, "SUP")], [IssueLocation(STRANGE, FEBRUARY, "ENG")], None]


def test_a_jira_that_takes_offence_at_everything_is_asked_a_few_times(copied: Copy) -> None:
    copied.sandbox.faults.add(faults.failing(400))
    said = [body("jira:issue_updated", AT, issue={"id": str(20_000 + number)}) for number in range(500)]
    resolution, places = resolved(copied, *said)
    assert isinstance(resolution.error, BadQuery)
    assert len(copied.sandbox.requests) < 40
    assert not any(places)
