import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError, Unauthorised
from jira_assets.raw.record import Source
from jira_assets.sandbox import faults
from jira_assets.sandbox.accounts import Account
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.sync.slas.poll import Polled, SlaPoll
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.warehouse.unpartitioned import read_table
from jira_assets_tests.events.bodies import change, delete
from jira_assets_tests.events.copying import Copy, assert_equals_a_backfill, months_of
from jira_assets_tests.jira.connection import connect
from jira_assets_tests.jira.issues import full_issue

FIRST, SECOND, DONE_ONE, FEBRUARY_ONE = "10001", "10002", "10003", "10004"
RESOLUTION, RESPONSE = "customfield_10071", "customfield_10070"
HOUR = 3_600_000
OPEN, WAITING, DONE = (
    {"name": name, "statusCategory": {"key": key, "name": shown}}
    for name, key, shown in (
        ("Offen", "new", "Zu erledigen"),
        ("Wartet", "indeterminate", "In Arbeit"),
        ("Fertig", "done", "Erledigt"),
    )
)


def sla(**cycle: Any) -> dict[str, Any]:
    ongoing: dict[str, Any] = {"breached": False, "paused": False, "withinCalendarHours": True}
    ongoing |= {"goalDuration": {"millis": 4 * HOUR}, "elapsedTime": {"millis": HOUR}}
    ongoing |= {"remainingTime": {"millis": 3 * HOUR}, **cycle}
    return {"id": "2", "name": "Zeit bis zur Lösung", "completedCycles": [], "ongoingCycle": ongoing}


def ticket(number: int, status: dict[str, Any] = OPEN, **fields: Any) -> dict[str, Any]:
    slas = {RESOLUTION: sla(), RESPONSE: None}
    return full_issue(number, status=status, issuelinks=[], **{**slas, **fields})


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copy]:
    """Three open tickets of a site in German, and a closed one."""
    february = "2024-02-05T10:00:00.000+0000"
    tickets = [ticket(1), ticket(2, WAITING), ticket(3, DONE), ticket(4, created=february)]
    with serve(Site(tickets)) as sandbox:
        copied = Copy(sandbox, tmp_path / "copy")
        copied.backfill(months_of(sandbox))
        copied.build()
        sandbox.traffic.requests.clear()
        yield copied


def poll(
    copied: Copy, *, dry_run: bool = False, reader: JiraClient | None = None, projects: str = ""
) -> Polled:
    settings = Settings({"JIRA_DATA_DIR": str(copied.database.parent), "JIRA_PROJECTS": projects})
    with copied.client() as client:
        return SlaPoll(settings, client, reader or client, logging.getLogger("poll")).run(dry_run=dry_run)


def table(copied: Copy) -> pl.DataFrame:
    return read_table(copied.database, OPEN_TICKET_SLAS)


def elapsed(copied: Copy) -> dict[str, int]:
    return dict(table(copied).select("issue_id", "elapsed_millis").iter_rows())


def set_sla(copied: Copy, issue_id: str, value: object, field_id: str = RESOLUTION) -> None:
    """Without a trace in `updated`, as time passes."""
    issue = copied.sandbox.site.get(issue_id)
    issue["fields"][field_id] = value
    copied.sandbox.site.put(issue)


def queued(copied: Copy) -> list[tuple[str, Source]]:
    return [
        (item.issue_id, item.source) for month in copied.queue.months() for item in copied.queue.items(month)
    ]


def test_every_open_issue_is_read_whatever_its_status_is_called(copied: Copy) -> None:
    polled = poll(copied)
    assert sorted(polled.updated) == ["SUP-1", "SUP-2", "SUP-4"]
    assert (polled.healed, polled.skipped, polled.failed) == ([], [], [])
    assert elapsed(copied) == dict.fromkeys([FIRST, SECOND, FEBRUARY_ONE], HOUR)
    paths = [request.path for request in copied.sandbox.requests]
    assert paths == [
        "/rest/api/3/field",
        "/rest/api/3/search/jql",
    ]


def test_elapsed_time_is_new_and_nothing_else_changes(copied: Copy) -> None:
    poll(copied)
    before = table(copied)
    set_sla(copied, FIRST, sla(elapsedTime={"millis": 2 * HOUR}, remainingTime={"millis": 2 * HOUR}))
    assert poll(copied).healed == []
    moving = ["observed_at", "elapsed_millis", "remaining_millis"]
    assert table(copied).drop(moving).equals(before.drop(moving))
    assert elapsed(copied)[FIRST] == 2 * HOUR
    assert copied.queue.months() == []


def test_an_sla_that_appears_later_is_read_and_one_that_ends_is_gone(copied: Copy) -> None:
    set_sla(copied, FIRST, sla(), RESPONSE)
    set_sla(copied, SECOND, None)
    poll(copied)
    found = set(table(copied).select("issue_id", "sla_field_id").iter_rows())
    assert found == {(FIRST, RESOLUTION), (FIRST, RESPONSE), (FEBRUARY_ONE, RESOLUTION)}


def test_what_is_no_longer_as_it_is_stored_is_fetched_whole(copied: Copy, tmp_path: Path) -> None:
    site = copied.sandbox.site
    change(site, FIRST, status=DONE)
    change(site, SECOND, summary="nobody told")
    change(site, DONE_ONE, status=OPEN)
    delete(site, FEBRUARY_ONE)
    polled = poll(copied)
    assert sorted(polled.healed) == ["SUP-1", "SUP-2", "SUP-3", "SUP-4"]
    assert dict(queued(copied)) == dict.fromkeys([FIRST, SECOND, DONE_ONE, FEBRUARY_ONE], Source.SLA_POLL)
    assert sorted(elapsed(copied)) == [SECOND, DONE_ONE]
    copied.catch_up()
    assert_equals_a_backfill(copied, tmp_path / "fresh")
    assert poll(copied).healed == []


def test_finding_the_same_twice_queues_it_once(copied: Copy) -> None:
    change(copied.sandbox.site, SECOND, summary="nobody told")
    poll(copied)
    poll(copied)
    assert len(queued(copied)) == 1


def test_a_dry_run_tells_and_changes_nothing(copied: Copy) -> None:
    change(copied.sandbox.site, FIRST, status=DONE)
    polled = poll(copied, dry_run=True)
    assert (polled.healed, len(polled.updated)) == (["SUP-1"], 2)
    assert table(copied).is_empty()
    assert queued(copied) == []


def test_without_an_agents_licence_the_last_values_stay(copied: Copy) -> None:
    poll(copied)
    before = table(copied)
    copied.sandbox.account.agent = False
    polled = poll(copied)
    assert sorted(polled.failed) == ["SUP-1", "SUP-2", "SUP-4"]
    assert len(polled.reasons) == 1
    assert polled.healed == []
    assert table(copied).equals(before)


def test_an_sla_that_cannot_be_read_keeps_its_value_beside_one_that_can(copied: Copy) -> None:
    set_sla(copied, FIRST, sla(elapsedTime={"millis": 5}), RESPONSE)
    poll(copied)
    set_sla(copied, FIRST, {"errorMessage": "no"}, RESPONSE)
    set_sla(copied, FIRST, sla(elapsedTime={"millis": 7}))
    polled = poll(copied)
    assert polled.failed == ["SUP-1"]
    of_first = table(copied).filter(issue_id=FIRST).select("sla_field_id", "elapsed_millis")
    assert dict(of_first.iter_rows()) == {RESPONSE: 5, RESOLUTION: 7}


def test_the_account_for_slas_may_see_less_than_the_main_one(copied: Copy) -> None:
    poll(copied)
    agent = Account("agent@example.com", "agent-token", projects=frozenset({"OTHER"}))
    copied.sandbox.accounts.add(agent)
    with connect(copied.sandbox.url, email=agent.email, token=agent.token) as reader:
        polled = poll(copied, reader=reader)
    assert sorted(polled.skipped) == ["SUP-1", "SUP-2", "SUP-4"]
    assert polled.healed == []
    assert len(elapsed(copied)) == 3


def test_when_the_account_loses_its_rights_nothing_is_taken_for_deleted(copied: Copy) -> None:
    poll(copied)
    copied.sandbox.account.projects = frozenset()
    polled = poll(copied)
    assert sorted(polled.failed) == ["SUP-1", "SUP-2", "SUP-4"]
    assert "SUP cannot be seen" in " ".join(polled.reasons)
    assert queued(copied) == []
    assert len(elapsed(copied)) == 3


@pytest.mark.parametrize("fault", [faults.unavailable(), faults.truncated()])
def test_a_poll_that_fails_changes_nothing(copied: Copy, fault: faults.Fault) -> None:
    poll(copied)
    before = table(copied)
    change(copied.sandbox.site, FIRST, status=DONE)
    copied.sandbox.faults.add(fault)
    with pytest.raises(JiraError):
        poll(copied)
    assert table(copied).equals(before)
    assert queued(copied) == []


def test_a_poll_that_cannot_queue_what_it_found_leaves_the_table_as_it_was(copied: Copy) -> None:
    poll(copied)
    before = table(copied)
    change(copied.sandbox.site, FIRST, status=DONE)
    folder = copied.database.parent / "queue"
    shutil.rmtree(folder, ignore_errors=True)
    folder.touch()
    with pytest.raises(OSError, match="queue"):
        poll(copied)
    assert table(copied).equals(before)
    folder.unlink()
    assert poll(copied).healed == ["SUP-1"]  # so the next one finds it again
    assert queued(copied) == [(FIRST, Source.SLA_POLL)]


def test_a_refused_credential_is_an_error(copied: Copy) -> None:
    copied.sandbox.account.revoke()
    with pytest.raises(Unauthorised):
        poll(copied)


def test_months_that_were_never_copied_stay_so(copied: Copy) -> None:
    copied.sandbox.site.put(ticket(9, created="2024-05-05T10:00:00.000+0000"))
    polled = poll(copied)
    assert polled.skipped == ["SUP-9"]
    assert queued(copied) == []
    assert "10009" not in elapsed(copied)


def test_a_new_open_issue_of_a_copied_month_is_fetched(copied: Copy, tmp_path: Path) -> None:
    copied.sandbox.site.put(ticket(8))
    assert poll(copied).healed == ["SUP-8"]
    copied.catch_up()
    assert_equals_a_backfill(copied, tmp_path / "fresh")


def test_a_storm_of_refusals_makes_a_poll_late_and_not_wrong(copied: Copy) -> None:
    poll(copied)
    before = table(copied).drop("observed_at")
    copied.sandbox.faults.next(faults.rate_limited(0.05), times=3)
    assert poll(copied).failed == []
    assert table(copied).drop("observed_at").equals(before)
    assert copied.sandbox.faults.given == ["rate limited"] * 3
