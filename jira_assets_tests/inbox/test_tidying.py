import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jira_assets import clock
from jira_assets.inbox.drain import tidy
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.settings import Settings
from jira_assets.warehouse.known import Known


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings({"JIRA_DATA_DIR": str(tmp_path), "JIRA_EVENT_RETENTION_DAYS": "30"})


def put_aside(settings: Settings, *days_ago: int) -> None:
    now = datetime.now(UTC)
    for days in days_ago:
        Inbox(settings.unreadable_dir).add(
            [Delivery.arrived(f"{days}", now - timedelta(days=days), None, b"nonsense")]
        )


def unreadable(settings: Settings) -> int:
    return len(Inbox(settings.unreadable_dir).names())


def test_what_could_not_be_read_is_kept_as_long_as_events(settings: Settings) -> None:
    put_aside(settings, 1, 29, 31, 400)
    tidy(settings)
    assert unreadable(settings) == 2


def test_what_killed_writers_left_of_the_warehouse_is_deleted(settings: Settings) -> None:
    old, young = settings.local_dir / f".{'a' * 32}.tmp", settings.local_dir / f".{'b' * 32}.tmp"
    left = [old, old.with_name(f"{old.name}.wal")]
    for path in (*left, young):
        path.touch()
    for path in left:
        os.utime(path, (0, 0))
    tidy(settings)
    assert [path.exists() for path in (*left, young)] == [False, False, True]


def test_within_an_hour_there_is_nothing_to_do(settings: Settings) -> None:
    tidy(settings)
    put_aside(settings, 31)
    tidy(settings)
    assert unreadable(settings) == 1
    mark = settings.events_dir / ".tidied"
    for age in (3601, -7200):  # the clock may have been set back
        put_aside(settings, 31)
        moment = mark.stat().st_mtime - age
        os.utime(mark, (moment, moment))
        tidy(settings)
        assert unreadable(settings) == 0


def test_a_clock_that_is_years_ahead_makes_nothing_too_old(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_aside(settings, 1, 31)
    now = datetime.now(UTC)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=3000))
    monkeypatch.setattr(Known, "newest_reading", lambda _known: now)
    tidy(settings)
    assert unreadable(settings) == 1
