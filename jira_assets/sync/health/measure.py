"""Measures the health of the copy: one row of `data_health`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import TypeVar

import polars as pl

from jira_assets.inbox.archive import Archive
from jira_assets.inbox.archive_file import DamagedArchive
from jira_assets.jira.auth import token_days_left
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError
from jira_assets.privacy.errors import PrivacyError
from jira_assets.privacy.in_use import KeysInUse
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets.sync.health.events import EventStatistics, event_statistics
from jira_assets.sync.health.lag import Lag, measure_lag
from jira_assets.sync.health.stored import IssueRead, StoredHealth, stored_health
from jira_assets.sync.health.waiting import Waiting, passed_over, waiting
from jira_assets.sync.reconcile.scope import Scope
from jira_assets.tables.data_health import DATA_HEALTH
from jira_assets.warehouse.connection import WarehouseError
from jira_assets.warehouse.known import Known

T = TypeVar("T")
Value = int | date | datetime | None

_WINDOW = timedelta(hours=24)
_CANNOT_BE_ASKED = (JiraError, SettingsError, WarehouseError, DamagedArchive, PrivacyError, OSError)


class Asked(StrEnum):
    """Where values come from."""

    JIRA = "jira"
    WAREHOUSE = "warehouse"
    PROJECTS = "projects"
    EVENTS = "events"
    BACKLOG = "backlog"
    FOLDERS = "folders"
    TOKEN = "token"  # noqa: S105 - no secret
    KEYS = "keys"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Measurement:
    """The values of one row, by column, and why those are unknown that could not be asked for."""

    values: Mapping[str, Value]
    unknown: Mapping[Asked, str]

    @property
    def frame(self) -> pl.DataFrame:
        """The row, of the table's schema."""
        return pl.DataFrame([self.values], schema=DATA_HEALTH.schema)


def measure(
    settings: Settings,
    open_client: Callable[[], JiraClient],
    now: datetime,
    disk_usage: Callable[[], Mapping[str, int]] = dict,
    history_bytes: int | None = None,
) -> Measurement:
    """The health at ``now`` (UTC). It costs Jira a few small requests at most.

    What cannot be asked makes its own values NULL and no others; opening the client may fail as well.
    ``disk_usage`` are the bytes of what is kept, by what it is counted as; ``history_bytes`` is the size of
    Dagster's history, if that is known.
    """
    since = now - _WINDOW
    attempts = _Attempts()
    here = attempts.of(Asked.WAREHOUSE, lambda: stored_health(settings.warehouse_path, since), StoredHealth())
    jira = attempts.of(Asked.JIRA, lambda: _ask_jira(settings, open_client, now), None)
    if jira is None:  # then only our own clock can tell what is no future
        newest = attempts.of(Asked.WAREHOUSE, lambda: Known(settings.warehouse_path).newest_update(now), None)
        jira = Lag(here=newest)
    if jira.lost:
        attempts.failed[Asked.PROJECTS] = f"{', '.join(jira.lost)} of JIRA_PROJECTS cannot be seen"
    events = attempts.of(Asked.EVENTS, lambda: event_statistics(_archive(settings), since, now), None)
    backlog = attempts.of(Asked.BACKLOG, lambda: waiting(settings, now), Waiting())
    strange: list[str] = attempts.of(Asked.FOLDERS, lambda: passed_over(settings), [])
    if strange:
        attempts.failed[Asked.FOLDERS] = f"{', '.join(strange)}: that is passed over. Remove it."
    days_left = attempts.of(Asked.TOKEN, lambda: token_days_left(settings, now.date()), None)
    sealed = attempts.of(Asked.KEYS, lambda: _sealed_values(settings), None)
    usage: Mapping[str, int] = attempts.of(Asked.DISK, disk_usage, {})
    values: dict[str, Value] = {
        **dict.fromkeys(DATA_HEALTH.schema),
        "day": now.date(),
        "observed_at": now,
        "newest_update_here": jira.here,
        "newest_update_in_jira": jira.newest,
        "behind_s": jira.behind_s,
        **_of_events(events, here.read),
        "incomplete_issues": here.incomplete_issues,
        "waiting_events": backlog.events,
        "waiting_items": backlog.items,
        "oldest_wait_s": backlog.oldest_wait_s,
        "token_days_left": days_left,
        "sealed_values": sealed,
        "history_bytes": history_bytes,
        **{f"{counted_as}_bytes": taken for counted_as, taken in usage.items()},
    }
    return Measurement(values, attempts.failed)


class _Attempts:
    """Remembers what could not be asked, and why."""

    def __init__(self) -> None:
        self.failed: dict[Asked, str] = {}

    def of(self, what: Asked, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except _CANNOT_BE_ASKED as error:
            self.failed[what] = str(error)
            return otherwise


def _archive(settings: Settings) -> Archive:
    return Archive(settings.events_dir, settings.keyring)


def _sealed_values(settings: Settings) -> int | None:
    return KeysInUse(settings.keys_file).values_of_writing(settings.keyring)


def _ask_jira(settings: Settings, open_client: Callable[[], JiraClient], now: datetime) -> Lag:
    with open_client() as client:
        return measure_lag(Scope.from_settings(settings, client), now)


def _of_events(events: EventStatistics | None, read: Sequence[IssueRead] | None) -> dict[str, Value]:
    lags = sorted(events.lags(read)) if events and read else []
    return {
        **{f"event_lag_p{percent}_ms": _percentile(lags, percent) for percent in (50, 95, 99)},
        "events_received": events.received if events else None,
        "events_unresolved": events.unresolved if events else None,
        "healed_issues": events.without_event(read) if events and read is not None else None,
    }


def _percentile(ordered: Sequence[int], percent: int) -> int | None:
    """The value that so many of 100 do not exceed."""
    return ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None
