from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from dagster import AssetCheckResult, AssetCheckSeverity

from jira_assets.defs.checks.health import HEALTH_CHECKS, verdicts
from jira_assets.sync.health.measure import Asked, Measurement, Value
from jira_assets.tables.data_health import DATA_HEALTH

WELL: Mapping[str, Value] = {
    "day": datetime(2026, 11, 20, tzinfo=UTC).date(),
    "observed_at": datetime(2026, 11, 20, tzinfo=UTC),
    "newest_update_here": datetime(2026, 11, 20, tzinfo=UTC),
    "newest_update_in_jira": datetime(2026, 11, 20, tzinfo=UTC),
    "behind_s": 299,
    "event_lag_p50_ms": 2_000,
    "event_lag_p95_ms": 60_000,
    "event_lag_p99_ms": 90_000,
    "events_received": 100,
    "events_unresolved": 0,
    "healed_issues": 0,
    "incomplete_issues": 0,
    "waiting_events": 3,
    "waiting_items": 3,
    "oldest_wait_s": 119,
    "token_days_left": 31,
    "sealed_values": 2**31 - 1,
    **{name: 10**12 for name in DATA_HEALTH.schema if name.endswith("_bytes")},
}
UNKNOWN: Mapping[str, Value] = {**dict.fromkeys(WELL), "day": WELL["day"], "observed_at": WELL["observed_at"]}


def failed(values: Mapping[str, Value], unknown: Mapping[Asked, str] | None = None) -> dict[str, str]:
    """The severity of each check that fails."""
    results = verdicts(Measurement({**WELL, **values}, unknown or {}))
    return {result.check_name or "": result.severity.value for result in results if not result.passed}


def verdict(name: str, values: Mapping[str, Value], unknown: Mapping[Asked, str]) -> AssetCheckResult:
    return next(each for each in verdicts(Measurement(values, unknown)) if each.check_name == name)


def test_a_copy_that_is_well_passes_every_check() -> None:
    assert WELL.keys() == DATA_HEALTH.schema.keys()
    assert failed({}) == {}


@pytest.mark.parametrize(
    ("check", "column", "warns_at", "fails_at"),
    [
        ("not_behind_jira", "behind_s", 300, 900),
        ("events_in_time", "event_lag_p95_ms", 60_001, None),
        ("everything_complete", "incomplete_issues", 1, None),
        ("no_events_lost", "healed_issues", 1, None),
        ("no_events_lost", "events_unresolved", 1, None),
        ("backlog_small", "oldest_wait_s", 120, 600),
        ("token_lives", "token_days_left", 30, 7),
        ("key_lasts", "sealed_values", 2**31, 2**32),
    ],
)
def test_a_check_warns_and_then_fails(check: str, column: str, warns_at: int, fails_at: int | None) -> None:
    assert failed({column: warns_at}) == {check: "WARN"}
    if fails_at is not None:
        assert failed({column: fails_at}) == {check: "ERROR"}


def test_an_expired_token_is_an_error() -> None:
    assert failed({"token_days_left": -1}) == {"token_lives": "ERROR"}


def test_a_jira_that_cannot_be_asked_is_an_error() -> None:
    assert failed({"behind_s": None}, {Asked.JIRA: "503"}) == {"jira_reachable": "ERROR"}


def test_a_date_that_cannot_be_read_is_an_error() -> None:
    assert failed({"token_days_left": None}, {Asked.TOKEN: "malformed"}) == {"token_lives": "ERROR"}


def test_what_is_unknown_passes_with_a_note() -> None:
    results = list(verdicts(Measurement(UNKNOWN, {})))
    assert len(results) == len(HEALTH_CHECKS)
    assert all(result.passed for result in results)
    noted = {result.check_name for result in results if "unknown" in result.metadata}
    assert noted == {check.name for check in HEALTH_CHECKS} - {"jira_reachable", "projects_visible"}


def test_a_note_says_why() -> None:
    result = verdict("backlog_small", UNKNOWN, {Asked.BACKLOG: "the disk is gone", Asked.JIRA: "503"})
    assert result.metadata["unknown"].value == "the disk is gone"


def test_one_unknown_value_does_not_hide_another() -> None:
    values = {**UNKNOWN, "events_unresolved": 2}
    result = verdict("no_events_lost", values, {})
    assert (result.passed, result.severity) == (False, AssetCheckSeverity.WARN)
    assert result.metadata["events_unresolved"].value == 2
    assert result.metadata["unknown"].value == "healed_issues is unknown"
