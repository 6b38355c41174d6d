import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jira_assets.raw.record import NO_AGENT_LICENCE, Part
from jira_assets.tables.frames import Built
from jira_assets_tests.shared_data import shared
from jira_assets_tests.tables.building import FETCHED, KEYS, build, completeness, issue, row, rows
from jira_assets_tests.tables.sites import site_with

FIELD = "customfield_10071"
SITE = site_with({FIELD: "Zeit bis zur Lösung"})
HOUR = 3_600_000
FIRST_HOUR = datetime(2024, 1, 5, tzinfo=UTC)


def moment(hours: int) -> dict[str, Any]:
    at = FIRST_HOUR + timedelta(hours=hours)
    return {"epochMillis": int(at.timestamp() * 1000), "friendly": "vor einer Stunde"}


def completed(start: int, stop: int, goal: int = 4) -> dict[str, Any]:
    return {
        "startTime": moment(start),
        "stopTime": moment(stop),
        "breachTime": moment(start + goal),
        "breached": stop - start > goal,
        "goalDuration": {"millis": goal * HOUR},
        "elapsedTime": {"millis": (stop - start) * HOUR},
        "remainingTime": {"millis": (goal - stop + start) * HOUR},
    }


def ongoing(**changes: object) -> dict[str, Any]:
    cycle = {"startTime": moment(9), "breachTime": moment(13), "breached": False, "paused": False}
    return cycle | {"withinCalendarHours": True, "goalDuration": {"millis": 4 * HOUR}} | changes


def build_sla(value: object) -> Built:
    return build({Part.ISSUE: issue(), Part.SLA: {FIELD: value}}, site=SITE)


def test_every_cycle_is_a_row() -> None:
    value = {"id": "2", "completedCycles": [completed(1, 3), completed(4, 10)], "ongoingCycle": ongoing()}
    first, second, third = rows(build_sla(value), "sla_cycles")
    assert first == KEYS | {
        "sla_field_id": FIELD,
        "cycle_index": 0,
        "sla_name": "Zeit bis zur Lösung",
        "is_ongoing": False,
        "started_at": FIRST_HOUR + timedelta(hours=1),
        "stopped_at": FIRST_HOUR + timedelta(hours=3),
        "breach_at": FIRST_HOUR + timedelta(hours=5),
        "breached": False,
        "paused": None,
        "within_calendar_hours": None,
        "goal_millis": 4 * HOUR,
        "elapsed_millis": 2 * HOUR,
        "remaining_millis": 2 * HOUR,
        "observed_at": FETCHED,
    }
    assert (second["cycle_index"], second["breached"], second["remaining_millis"]) == (1, True, -2 * HOUR)
    assert (third["cycle_index"], third["is_ongoing"], third["stopped_at"]) == (2, True, None)
    assert (third["paused"], third["within_calendar_hours"]) == (False, True)


@pytest.mark.parametrize(
    "value", [None, {}, {"completedCycles": []}, {"completedCycles": None, "ongoingCycle": None}]
)
def test_an_sla_that_does_not_apply_or_never_started_has_no_row(value: object) -> None:
    built = build_sla(value)
    assert rows(built, "sla_cycles") == []
    assert built.problems == []


def test_jira_is_believed_about_a_breach_that_its_times_do_not_show() -> None:
    value = {"completedCycles": [completed(1, 9) | {"breached": False}]}
    assert row(build_sla(value), "sla_cycles")["breached"] is False


def test_what_jira_leaves_out_is_null() -> None:
    bare = {"breached": True, "goalDuration": {}, "elapsedTime": None, "breachTime": None}
    found = row(build_sla({"completedCycles": [], "ongoingCycle": bare}), "sla_cycles")
    assert found["breached"] is True
    assert [found[name] for name in ("goal_millis", "elapsed_millis", "breach_at", "paused")] == [None] * 4


def test_times_are_read_from_any_of_their_forms() -> None:
    times = {
        "startTime": {"iso8601": "2025-10-15T09:55:04+0330"},
        "breachTime": {"jira": "2026-06-30T12:00:00.5-0300"},
    }
    found = row(build_sla({"ongoingCycle": ongoing(**times)}), "sla_cycles")
    assert found["started_at"].isoformat() == "2025-10-15T06:25:04+00:00"
    assert found["breach_at"].isoformat() == "2026-06-30T15:00:00.500000+00:00"


def test_the_cycle_that_was_completed_last_counts_in_whatever_order_jira_lists_them() -> None:
    site = site_with({FIELD: "Time to resolution"})
    value = {"completedCycles": [completed(4, 10), completed(1, 3)]}
    found = row(build({Part.ISSUE: issue(), Part.SLA: {FIELD: value}}, site=site))
    assert (found["time_to_resolution_breached"], found["time_to_resolution_elapsed_millis"]) == (
        True,
        6 * HOUR,
    )


def test_a_value_of_another_shape_is_reported_and_the_rest_is_read() -> None:
    built = build_sla({"completedCycles": [completed(1, 3) | {"elapsedTime": {"millis": "long"}}]})
    assert row(built, "sla_cycles")["elapsed_millis"] is None
    assert row(built, "sla_cycles")["goal_millis"] == 4 * HOUR
    assert len(built.problems) == 1


def test_slas_have_a_row_in_completeness_where_there_are_any() -> None:
    found = completeness(build_sla({"completedCycles": []}), "sla")
    assert (found["expected"], found["stored"], found["error"]) == (None, 1, None)
    assert "sla" not in {each["part"] for each in rows(build({Part.ISSUE: issue()}), "completeness")}
    refused = build({Part.ISSUE: issue()}, errors={Part.SLA: NO_AGENT_LICENCE})
    assert completeness(refused, "sla")["error"] == NO_AGENT_LICENCE


def test_the_slas_of_a_real_site_in_korean_are_read() -> None:
    found = {}
    for real in json.loads(shared("api/sla_fields_real.json").read_text()):
        values = {name: value for name, value in real["fields"].items() if isinstance(value, dict)}
        slas = {name: value for name, value in values.items() if "completedCycles" in value}
        built = build({Part.ISSUE: issue(), Part.SLA: slas}, site=SITE)
        assert built.problems == []
        cycles = rows(built, "sla_cycles")
        found[real["key"]] = {(each["sla_name"], each["is_ongoing"], each["breached"]) for each in cycles}
    done = {("할 일 SLA", False, False), ("최초 응답 SLA", False, False)}
    assert found["DESK-5"] == {*done, ("해결 시간 SLA", True, False)}
    assert {(name, ongoing) for name, ongoing, _ in found["DESK-4"]} >= {("해결 시간 SLA", False)}


def test_the_samples_of_slas_are_read() -> None:
    samples = json.loads(shared("api/sla_samples.json").read_text())
    running = row(build_sla(samples["running"]), "sla_cycles")
    assert (running["breach_at"].isoformat(), running["remaining_millis"]) == (
        "2025-11-10T11:09:43.324000+00:00",
        338_898_576,
    )
    overdrawn = row(build_sla(samples["breached_ongoing"]), "sla_cycles")
    assert (overdrawn["breached"], overdrawn["remaining_millis"], overdrawn["goal_millis"]) == (
        True,
        -345_600_000,
        None,
    )
    assert overdrawn["breach_at"].isoformat() == "2026-06-30T15:00:00+00:00"
    assert row(build_sla(samples["completed"]), "sla_cycles")["elapsed_millis"] == 415_527_192
    for name in ("started_never_no_ongoingCycle_key", "not_applicable"):
        assert rows(build_sla(samples[name]), "sla_cycles") == []
