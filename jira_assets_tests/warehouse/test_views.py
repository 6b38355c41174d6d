import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from upath import UPath

from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.publish import publish_months, publish_table, publish_views
from jira_assets.warehouse.unpartitioned import replace_table
from jira_assets_tests.default_tables import TABLES
from jira_assets_tests.tables.sites import site_with
from jira_assets_tests.warehouse.filled import MONTHS

SITE = site_with({"customfield_10071": "Time to resolution", "customfield_1": "Zeit bis zur Antwort"})
HOUR = 3_600_000
MINUTE, HOURS = timedelta(minutes=1), timedelta(hours=1)
Query = Callable[[str], list[tuple[Any, ...]]]
Publish = Callable[..., Query]
READING: dict[str, Any] = {
    "month": "2026-10",
    "issue_id": "1",
    "issue_key": "SUP-1",
    "sla_field_id": "customfield_10071",
    "sla_name": "Time to resolution",
    "is_ongoing": True,
    "breached": False,
    "paused": False,
    "within_calendar_hours": True,
    "goal_millis": 8 * HOUR,
    "elapsed_millis": 2 * HOUR,
    "remaining_millis": 6 * HOUR,
    "observed_at": -10 * MINUTE,
    "breach_at": 6 * HOURS,
}
"""Times are told from now."""


@pytest.fixture
def publish(filled: Path, tmp_path: Path) -> Publish:
    """Publishes the filled tables with these readings of SLAs, and returns a way to ask."""

    def published(*readings: dict[str, Any]) -> Query:
        database = Path(shutil.copy(filled, tmp_path / "warehouse.duckdb"))
        folder = UPath(tmp_path / "published")
        rows = [_from_now(READING | reading) for reading in readings]
        replace_table(database, OPEN_TICKET_SLAS, pl.DataFrame(rows, schema=OPEN_TICKET_SLAS.schema))
        with connect(database, read_only=True) as connection:
            publish_months(connection, TABLES, MONTHS, folder)
        publish_table(database, OPEN_TICKET_SLAS, folder)
        views = publish_views(folder, TABLES, SITE)

        def ask(query: str) -> list[tuple[Any, ...]]:
            with duckdb.connect(str(views), read_only=True) as connection:
                return connection.execute(query).fetchall()

        return ask

    return published


def _from_now(reading: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {name: now + each if isinstance(each, timedelta) else each for name, each in reading.items()}


def an_issue(filled: Path) -> tuple[str, datetime]:
    with duckdb.connect(str(filled), read_only=True) as connection:
        found = connection.execute(
            "SELECT issue_id, _synced_at FROM jira.issues ORDER BY ALL LIMIT 1"
        ).fetchone()
    assert found is not None
    return found


def test_issues_show_a_reading_that_is_newer_than_they_are(publish: Publish, filled: Path) -> None:
    issue_id, synced_at = an_issue(filled)
    newer = {"issue_id": issue_id, "observed_at": synced_at + timedelta(minutes=1), "elapsed_millis": 777}
    shown = f"SELECT time_to_resolution_elapsed_millis FROM jira_issues WHERE issue_id = '{issue_id}'"
    assert publish(newer)(shown) == [(777,)]
    assert publish(newer | {"observed_at": synced_at - timedelta(minutes=1)})(shown) != [(777,)]


def test_an_sla_of_the_same_name_is_another_field(publish: Publish, filled: Path) -> None:
    issue_id, synced_at = an_issue(filled)
    newer = {"issue_id": issue_id, "observed_at": synced_at + timedelta(minutes=1), "elapsed_millis": 777}
    ask = publish(newer, newer | {"sla_field_id": "customfield_1", "elapsed_millis": 888})
    shown = f"SELECT time_to_resolution_elapsed_millis FROM jira_issues WHERE issue_id = '{issue_id}'"
    assert ask(shown) == [(777,)]


def test_issues_are_as_many_as_without_slas(publish: Publish, filled: Path) -> None:
    with duckdb.connect(str(filled), read_only=True) as connection:
        stored = connection.execute("SELECT count(*) FROM jira.issues").fetchall()
    assert publish({})("SELECT count(*) FROM jira_issues") == stored


@pytest.mark.parametrize(
    ("reading", "minutes", "breached", "at_risk"),
    [
        ({}, 10, False, False),
        ({"paused": True, "breach_at": None}, 0, False, False),
        ({"within_calendar_hours": False}, 0, False, False),
        ({"is_ongoing": False}, 0, False, False),
        ({"breach_at": 50 * MINUTE}, 10, False, True),
        ({"breach_at": 50 * MINUTE, "is_ongoing": False}, 0, False, False),
        ({"breach_at": -MINUTE}, 10, True, False),
        ({"breach_at": -MINUTE, "is_ongoing": False}, 0, False, False),
        ({"breached": True, "breach_at": -24 * HOURS}, 10, True, False),
    ],
)
def test_a_running_clock_has_run_on_since_it_was_read(
    publish: Publish, reading: dict[str, Any], minutes: int, breached: bool, at_risk: bool
) -> None:
    ask = publish(reading)
    ((elapsed, remaining, *states),) = ask(
        "SELECT elapsed_now_millis, remaining_now_millis, breached_now, at_risk FROM sla_live"
    )
    assert elapsed - READING["elapsed_millis"] == pytest.approx(minutes * 60_000, abs=60_000)
    assert READING["remaining_millis"] - remaining == elapsed - READING["elapsed_millis"]
    assert states == [breached, at_risk]


def test_what_is_unknown_is_null(publish: Publish) -> None:
    ask = publish({"elapsed_millis": None, "remaining_millis": None, "breached": None, "breach_at": None})
    shown = ask("SELECT elapsed_now_millis, remaining_now_millis, breached_now, at_risk FROM sla_live")
    assert shown == [(None, None, None, False)]
