import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    Definitions,
    SkipReason,
    asset,
    build_sensor_context,
)
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    WILL_RETRY_TAG,
)
from dagster._core.test_utils import create_run_for_test

from jira_assets.defs.health import failures
from jira_assets.defs.health.alerts import alerts
from jira_assets.defs.keys import asset_key
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.sync.health.alert import NotPosted
from jira_assets_tests.sync.health.alert_receiver import SECRET, AlertReceiver, alert_receiver

WARN, ERROR = AssetCheckSeverity.WARN, AssetCheckSeverity.ERROR


CHECKS = [AssetCheckSpec(name, asset=asset_key("issues")) for name in ("complete", "fresh")]


@asset(key=asset_key("issues"), check_specs=CHECKS)
def issues() -> Iterator[AssetCheckResult]:
    yield AssetCheckResult(passed=True, check_name="complete")
    yield AssetCheckResult(passed=True, check_name="fresh")


class Alarm:
    """The sensor, a history, and who is told; the first tick is over."""

    def __init__(self, instance: DagsterInstance, receiver: AlertReceiver) -> None:
        self.instance = instance
        self.receiver = receiver
        self._cursor: str | None = None
        self.tick()

    def tick(self) -> str:
        """What the tick says. As in the daemon, its cursor is kept if it succeeds."""
        definitions = Definitions(assets=[issues], sensors=[alerts])
        context = build_sensor_context(
            self.instance, self._cursor, definitions=definitions, resources={"site_copy": SiteCopy()}
        )
        found = alerts(context)
        self._cursor = context.cursor
        assert isinstance(found, SkipReason)
        return f"{found.skip_message}"

    def told(self) -> list[str]:
        """What one more tick posts."""
        self.receiver.texts.clear()
        self.tick()
        return list(self.receiver.texts)

    def run_fails(self, job: str = "sync_months", **tags: str) -> str:
        run = create_run_for_test(self.instance, job, tags=tags, status=DagsterRunStatus.STARTED)
        self.instance.report_run_failed(run)
        return str(run.run_id)

    def check(
        self, name: str, passed: bool, severity: AssetCheckSeverity = ERROR, **numbers: int | str
    ) -> None:
        said = AssetCheckEvaluation(asset_key("issues"), name, passed, numbers, severity=severity)
        self.instance.report_runless_asset_event(said)

    def asks(self, name: str) -> None:
        """A run is going to."""
        run = create_run_for_test(self.instance)
        planned = AssetCheckEvaluationPlanned(asset_key=asset_key("issues"), check_name=name)
        kind = DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value
        self.instance.report_dagster_event(
            DagsterEvent(kind, run.job_name, event_specific_data=planned), run.run_id
        )


@pytest.fixture
def alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Alarm]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(failures, "_SETTLED_AFTER_S", 0.0)
    with alert_receiver() as receiver, DagsterInstance.ephemeral() as instance:
        monkeypatch.setenv("JIRA_ALERT_URL", receiver.url)
        yield Alarm(instance, receiver)


def test_without_an_address_nothing_is_done(alarm: Alarm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JIRA_ALERT_URL")
    assert alarm.tick() == "JIRA_ALERT_URL is not set"


def test_what_is_well_is_not_told(alarm: Alarm) -> None:
    alarm.check("complete", True)
    assert alarm.told() == []
    assert alarm.tick() == "no news"


def test_a_run_that_fails_is_told_once(alarm: Alarm) -> None:
    run_id = alarm.run_fails(**{PARTITION_NAME_TAG: "2024-03"})
    assert alarm.told() == [f"Run of `sync_months` of 2024-03 failed: {run_id}"]
    assert alarm.told() == []


def test_a_range_is_told_by_its_ends(alarm: Alarm) -> None:
    ends = {ASSET_PARTITION_RANGE_START_TAG: "2024-01", ASSET_PARTITION_RANGE_END_TAG: "2024-12"}
    run_id = alarm.run_fails("__ASSET_JOB", **ends)
    assert alarm.told() == [f"Run of `materialize` of 2024-01 to 2024-12 failed: {run_id}"]


def test_runs_that_failed_before_alerts_were_wanted_are_not_news(alarm: Alarm) -> None:
    alarm.run_fails()
    assert Alarm(alarm.instance, alarm.receiver).told() == []


def test_a_run_that_will_be_repeated_is_not_told(alarm: Alarm) -> None:
    alarm.run_fails(**{WILL_RETRY_TAG: "true"})
    assert alarm.told() == []
    assert len(alarm.run_fails(**{WILL_RETRY_TAG: "false"})) > 0
    assert len(alarm.told()) == 1


def test_a_run_that_has_just_failed_waits_for_the_word_on_its_repetition(
    alarm: Alarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "_SETTLED_AFTER_S", 60.0)
    alarm.run_fails()
    assert alarm.told() == []
    monkeypatch.setattr(failures, "_SETTLED_AFTER_S", 0.0)
    assert len(alarm.told()) == 1


def test_runs_that_were_deleted_are_left_out(alarm: Alarm) -> None:
    alarm.instance.delete_run(alarm.run_fails())
    assert alarm.told() == []


def test_a_check_that_fails_is_told_once_and_again_when_it_passes(alarm: Alarm) -> None:
    alarm.check("complete", False, count=3)
    assert alarm.told() == ["Check `jira/issues:complete` failed: count 3"]
    alarm.check("complete", False, count=4)
    assert alarm.told() == []
    alarm.check("complete", True)
    assert alarm.told() == ["Check `jira/issues:complete` passes again"]
    alarm.check("complete", True)
    assert alarm.told() == []


def test_a_check_that_is_being_asked_is_as_it_was(alarm: Alarm) -> None:
    alarm.check("complete", False)
    assert len(alarm.told()) == 1
    alarm.asks("complete")
    assert alarm.told() == []
    alarm.check("complete", True)
    assert alarm.told() == ["Check `jira/issues:complete` passes again"]


def test_a_check_that_fails_when_alerts_are_first_wanted_is_news(alarm: Alarm) -> None:
    alarm.check("complete", False)
    assert len(Alarm(alarm.instance, alarm.receiver).told()) == 1


def test_a_warning_that_becomes_an_error_is_told_and_one_that_becomes_less_is_not(alarm: Alarm) -> None:
    alarm.check("fresh", False, WARN)
    assert alarm.told() == ["Warning: check `jira/issues:fresh` failed"]
    alarm.check("fresh", False, ERROR)
    assert alarm.told() == ["Check `jira/issues:fresh` failed"]
    alarm.check("fresh", False, WARN)
    assert alarm.told() == []


def test_what_a_check_says_in_words_may_be_about_people_and_stays_here(alarm: Alarm) -> None:
    alarm.check("complete", False, count=1, offenders="SUP-1 of Ada Lovelace")
    assert alarm.told() == ["Check `jira/issues:complete` failed: count 1"]


def test_what_could_not_be_posted_is_posted_later_with_what_came_since(alarm: Alarm) -> None:
    first = alarm.run_fails()
    alarm.check("complete", False)
    alarm.receiver.statuses += [500]
    with pytest.raises(NotPosted, match="HTTP 500"):
        alarm.tick()
    second = alarm.run_fails()
    (text,) = alarm.told()
    assert text.splitlines() == [
        "jira_assets:",
        f"• Run of `sync_months` failed: {first}",
        f"• Run of `sync_months` failed: {second}",
        "• Check `jira/issues:complete` failed",
    ]
    assert alarm.told() == []


def test_many_failures_are_one_message_of_bounded_length(alarm: Alarm) -> None:
    for _ in range(12):
        alarm.run_fails()
    (text,) = alarm.told()
    assert text.count("failed") == 10
    assert text.endswith("and 2 more")


def test_more_failures_than_are_looked_at_at_once_are_told_one_tick_later(
    alarm: Alarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "_RUNS_AT_ONCE", 2)
    for _ in range(3):
        alarm.run_fails()
    assert [len(alarm.told()[0].splitlines()) for _ in range(2)] == [3, 1]
    assert alarm.told() == []


def test_the_address_is_nowhere_to_be_seen(
    alarm: Alarm, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("JIRA_ALERT_URL", f"http://127.0.0.1:9/{SECRET}")
    alarm.run_fails()
    with pytest.raises(NotPosted) as caught:
        alarm.tick()
    assert SECRET not in f"{caught.value!r} {caught.value.__context__!r} {caplog.text}"
