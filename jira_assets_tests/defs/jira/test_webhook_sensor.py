import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer

import pytest
from dagster import AssetCheckEvaluation, SensorResult, build_sensor_context
from dagster._core.test_utils import create_run_for_test

from jira_assets.defs.checks.file_checks import NO_EVENT_WAITS, no_event_waits
from jira_assets.defs.checks.reporting import evaluation
from jira_assets.defs.jira import webhook_sensor as module
from jira_assets.defs.jira.webhook_sensor import webhook_sensor
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.inbox import drain as drain_module
from jira_assets.inbox.archive import Archive, ArchivedEvent, EventOutcome
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.inbox.queue import Item, Queue
from jira_assets.sandbox import faults
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets_tests.events.bodies import body, issue_event
from jira_assets_tests.jira.connection import QUICK
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.pipeline import Pipeline, pipeline

JANUARY, FEBRUARY = "2024-01", "2024-02"


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """Nothing is stored. A tick is short."""
    monkeypatch.setattr(module, "_WATCH_SECONDS", 0.2)
    monkeypatch.setattr(drain_module, "_PATIENCE", QUICK)
    february = "2024-02-03T10:00:00.000+0000"
    site = Site([full_issue(1), full_issue(2), full_issue(3, created=february)])
    with pipeline(site, tmp_path) as ready:
        yield ready


def drop(*bodies: bytes) -> None:
    arrived = [
        Delivery.arrived(f"delivery {number}", datetime.now(UTC), None, said)
        for number, said in enumerate(bodies)
    ]
    Inbox(Settings.load().inbox_dir).add(arrived)


def changed(pipe: Pipeline, *issue_ids: str) -> list[bytes]:
    return [issue_event(pipe.sandbox.site, issue_id) for issue_id in issue_ids]


def queue() -> Queue:
    return Queue(Settings.load().queue_dir)


def waiting() -> list[str]:
    return Inbox(Settings.load().inbox_dir).names()


def tick(pipe: Pipeline) -> SensorResult:
    result = webhook_sensor(build_sensor_context(instance=pipe.instance, resources={"site_copy": SiteCopy()}))
    assert isinstance(result, SensorResult)
    return result


def months(result: SensorResult) -> list[str | None]:
    return [request.partition_key for request in result.run_requests or ()]


def reason(result: SensorResult) -> str:
    assert result.skip_reason is not None
    return result.skip_reason.skip_message or ""


def alarms(result: SensorResult) -> list[AssetCheckEvaluation]:
    return [event for event in result.asset_events if isinstance(event, AssetCheckEvaluation)]


def late_item(pipe: Pipeline) -> Item:
    """Work that came in some minutes ago, and a run that is on it."""
    item = Item("10001", "an event", datetime.now(UTC) - timedelta(minutes=3))
    queue().put({JANUARY: [item]})
    (request,) = tick(pipe).run_requests or ()
    create_run_for_test(pipe.instance, tags=dict(request.tags))
    return item


def test_without_events_nothing_is_asked_for(pipe: Pipeline) -> None:
    result = tick(pipe)
    assert months(result) == []
    assert reason(result) == "no new events"


def test_events_become_one_run_for_each_month(pipe: Pipeline) -> None:
    drop(*changed(pipe, "10001", "10002", "10003"), body("user_created", 1))
    assert months(tick(pipe)) == [JANUARY, FEBRUARY]
    assert [len(queue().items(month)) for month in (JANUARY, FEBRUARY)] == [2, 1]
    assert waiting() == []


def test_work_that_others_found_is_asked_for_too(pipe: Pipeline) -> None:
    queue().put({FEBRUARY: [Item("10003", "a difference", datetime.now(UTC))]})
    assert months(tick(pipe)) == [FEBRUARY]


def test_a_tick_that_dies_after_its_work_is_made_up_for_by_the_next(pipe: Pipeline) -> None:
    drop(*changed(pipe, "10001"))
    first, second = tick(pipe).run_requests, tick(pipe).run_requests
    assert [request.run_key for request in first or ()] == [request.run_key for request in second or ()] != []


def test_what_a_run_is_on_is_not_asked_for_again(pipe: Pipeline) -> None:
    late_item(pipe)
    result = tick(pipe)
    assert months(result) == []
    assert reason(result) == "no new events; 1 months have work under way"


def test_an_event_that_comes_while_it_watches_ends_the_tick(
    pipe: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WATCH_SECONDS", 30.0)
    (said,) = changed(pipe, "10001")
    Timer(0.2, drop, (said,)).start()
    began = time.monotonic()
    assert months(tick(pipe)) == [JANUARY]
    assert time.monotonic() - began < 15


def test_a_quiet_tick_ends_by_itself(pipe: Pipeline) -> None:
    began = time.monotonic()
    tick(pipe)
    assert 0.2 <= time.monotonic() - began < 5


def test_what_is_no_event_is_put_aside_and_the_others_go_on(pipe: Pipeline) -> None:
    drop(b"nonsense", *changed(pipe, "10001"))
    assert months(tick(pipe)) == [JANUARY]
    assert [path.read_bytes()[-8:] for path in Settings.load().unreadable_dir.iterdir()] == [b"nonsense"]
    assert waiting() == []


def test_while_jira_is_down_stored_issues_flow_and_others_wait(pipe: Pipeline) -> None:
    assert pipe.run(JANUARY, assets=["raw_issues", "issues", "attachments", "issuelinks"]).success
    drop(*changed(pipe, "10001", "10003"))
    pipe.sandbox.faults.add(faults.unavailable())
    assert months(tick(pipe)) == [JANUARY]
    assert len(waiting()) == 1
    queue().remove(JANUARY, queue().items(JANUARY))
    Inbox(Settings.load().inbox_dir).postpone(waiting()[0], datetime.now(UTC))
    told = reason(tick(pipe))
    assert "1 waiting for their issue to be found" in told
    assert "503" in told


def test_work_that_waits_for_too_long_is_told_once(pipe: Pipeline) -> None:
    late_item(pipe)
    (alarm,) = alarms(tick(pipe))
    assert (alarm.asset_check_key, alarm.passed) == (NO_EVENT_WAITS.key, False)
    assert alarm.metadata["months"].value == [f"{JANUARY}: 1 waiting"]
    pipe.instance.report_runless_asset_event(alarm)
    assert alarms(tick(pipe)) == []


def test_it_is_told_again_after_all_was_well(pipe: Pipeline) -> None:
    late_item(pipe)
    for verdict in (no_event_waits({JANUARY: 1}), no_event_waits({})):
        pipe.instance.report_runless_asset_event(evaluation(verdict))
    assert len(alarms(tick(pipe))) == 1


def test_work_that_has_just_come_is_no_alarm(pipe: Pipeline) -> None:
    queue().put({JANUARY: [Item("10001", "an event", datetime.now(UTC) - timedelta(seconds=60))]})
    assert alarms(tick(pipe)) == []


def test_quiet_ticks_tidy_the_archive(pipe: Pipeline) -> None:
    archive = Archive(Settings.load().events_dir)
    long_ago = datetime.now(UTC) - timedelta(days=40)
    name = Delivery.arrived("delivery", long_ago, None, b"{}").name
    archive.add(
        [ArchivedEvent(name, long_ago, "delivery", "user_created", EventOutcome.IRRELEVANT, (), b"{}")]
    )
    assert list(archive.read(long_ago.date())) != []
    tick(pipe)
    assert list(archive.read(long_ago.date())) == []


def test_a_malformed_setting_is_named(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_EVENT_RETENTION_DAYS", "for ever")
    with pytest.raises(SettingsError, match="JIRA_EVENT_RETENTION_DAYS"):
        tick(pipe)
