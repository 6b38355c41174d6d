"""Events about what the account may not see, or what was never copied: settled once Jira confirms it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jira_assets.defs.checks.file_checks import overdue
from jira_assets.inbox.archive import EventOutcome
from jira_assets.settings import Settings
from jira_assets.sync.health.measure import measure
from jira_assets_tests.events.bodies import attachment_event, body, change, delete, issue_event, link_event
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import OddCopy, odd_copy

SEEN, SECRET = "10001", "10002"
OLD = datetime.now(UTC) - timedelta(minutes=5)
ISSUES = [full_issue(1), full_issue(2, project="ENG")]


def outcomes(copy: OddCopy) -> list[EventOutcome]:
    return [event.outcome for event in copy.archive.read(datetime.now(UTC).date())]


def health(copy: OddCopy) -> Any:
    settings = Settings({"JIRA_DATA_DIR": str(copy.database.parent)})
    assert overdue(settings) == {}
    return measure(settings, copy.client, datetime.now(UTC) + timedelta(minutes=11)).values


def test_events_of_a_project_that_was_never_seen_are_no_loss(tmp_path: Path) -> None:
    with odd_copy(ISSUES, tmp_path) as (site, copy):
        copy.sandbox.account.projects = frozenset({"SUP"})
        copy.backfill([MONTH])
        copy.build()
        copy.deliver(issue_event(site, SECRET), body("jira:issue_updated", OLD, issue={"key": "ENG-2"}))
        copy.deliver(body("worklog_updated", OLD, worklog={"id": "5", "issueId": SECRET}))
        copy.deliver(link_event(7, SECRET, "77777", OLD))
        copy.drain()
        copy.deliver(delete(site, SECRET))
        copy.catch_up(rounds=2)
        assert outcomes(copy).count(EventOutcome.INVISIBLE) == 4
        assert copy.queued() == copy.inbox.names() == []
        values = health(copy)
        assert values["events_unresolved"] == values["waiting_events"] == values["waiting_items"] == 0
        assert copy.rows("SELECT * FROM jira.deleted_issues") == []


def test_children_that_were_never_copied_are_no_loss(tmp_path: Path) -> None:
    with odd_copy(ISSUES, tmp_path) as (_, copy):
        copy.backfill([MONTH])
        copy.build()
        copy.deliver(attachment_event("900", OLD, created=False), attachment_event("901", OLD))
        copy.deliver(body("comment_created", OLD, issue={"id": SEEN}, comment={"id": "902"}))
        copy.deliver(body("worklog_created", OLD, worklog={"id": "903", "issueId": SEEN}))
        copy.deliver(body("attachment_created", OLD, issue={"id": SEEN}, attachment={"id": "904"}))
        copy.catch_up(rounds=2)
        assert outcomes(copy).count(EventOutcome.INVISIBLE) == 2
        assert copy.queued() == copy.inbox.names() == []
        assert health(copy)["events_unresolved"] == 0


def test_what_is_new_is_not_taken_for_invisible(tmp_path: Path) -> None:
    with odd_copy(ISSUES, tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        site.hold_reads()
        site.put(full_issue(3))
        copy.deliver(change(site, "10003"), attachment_event("900", datetime.now(UTC)))
        assert copy.drain().waiting == 2
        site.release_reads()
        copy.catch_up()
        assert copy.rows("SELECT count(*) FROM jira.issues") == [(3,)]
        assert EventOutcome.INVISIBLE not in outcomes(copy)


def test_a_jira_that_errs_confirms_nothing(tmp_path: Path) -> None:
    def refuse(asked: Any, answered: Any) -> None:
        if asked.method == "GET" and "/issue/" in asked.path:
            answered.refuse(403)

    with odd_copy(ISSUES, tmp_path, refuse) as (_, copy):
        copy.backfill([MONTH])
        copy.build()
        copy.deliver(body("jira:issue_updated", OLD, issue={"id": "77777"}))
        drained = copy.drain()
        assert drained.waiting == 1
        assert "403" in str(drained)
