from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jira_assets.inbox.archive import Archive, ArchivedEvent, EventOutcome
from jira_assets.inbox.inbox import Delivery
from jira_assets.inbox.queue import Item
from jira_assets.jira.client import JiraClient
from jira_assets.privacy.in_use import KeysInUse
from jira_assets.raw.record import Source
from jira_assets.sandbox import faults
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets.sync.health.measure import Asked, Measurement, Value, measure
from jira_assets.tables.data_health import DATA_HEALTH
from jira_assets.timestamps import parse_timestamp
from jira_assets.warehouse.connection import connect
from jira_assets_tests.events.bodies import body, change, link_event
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.jira import connection
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.privacy.keys import key, keyring

JANUARY = "2024-01"
FIRST, SECOND = "10001", "10002"
UPDATED = datetime(2024, 3, 1, 10, 0, 0, 123_000, UTC)


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copy]:
    """A copy of three issues, one of them of a month that nobody wanted copied."""
    old = full_issue(3, created="2020-05-05T10:00:00.000+0000")
    with serve(Site([full_issue(1), full_issue(2), old])) as sandbox:
        copied = Copy(sandbox, tmp_path / "copy")
        copied.backfill([JANUARY])
        copied.build()
        sandbox.traffic.requests.clear()
        yield copied


def settings_of(copied: Copy, **values: str) -> Settings:
    return Settings({"JIRA_DATA_DIR": str(copied.database.parent), **values})


def measured(copied: Copy, ahead: timedelta = timedelta(0), **settings: str) -> Measurement:
    """The health now, or somewhat later."""
    return measure(settings_of(copied, **settings), copied.client, datetime.now(UTC) + ahead)


def value(copied: Copy, column: str) -> Value:
    return measured(copied).values[column]


def updated(copied: Copy, issue_id: str) -> datetime:
    moment = parse_timestamp(copied.sandbox.site.get(issue_id)["fields"]["updated"])
    assert moment is not None
    return moment


def lags(copied: Copy) -> list[Value]:
    return [value for column, value in measured(copied).values.items() if column.startswith("event_lag")]


def read_at(copied: Copy, issue_id: str) -> datetime:
    with connect(copied.database, read_only=True) as opened:
        sql = "SELECT _synced_at FROM jira.issues WHERE issue_id = ?"
        [(at,)] = opened.execute(sql, [issue_id]).fetchall()
        assert isinstance(at, datetime)
        return at


def archive(copied: Copy, outcome: EventOutcome, ago: timedelta = timedelta(0)) -> None:
    at = datetime.now(UTC) - ago
    name = Delivery.arrived(f"{outcome} {ago}", at, None, b"{}").name
    Archive(settings_of(copied).events_dir).add([ArchivedEvent(name, at, name, "e", outcome, (), b"{}")])


def requeued(copied: Copy, issue_id: str, source: Source) -> None:
    """Read by itself, for this reason."""
    copied.queue.put({JANUARY: [Item(issue_id, "a difference", datetime.now(UTC), source)]})
    copied.catch_up()


def test_the_row_is_of_the_tables_schema(copied: Copy) -> None:
    frame = measured(copied).frame
    assert frame.schema == DATA_HEALTH.schema
    assert frame["day"].to_list() == [datetime.now(UTC).date()]


def test_a_copy_that_is_up_to_date_is_not_behind(copied: Copy) -> None:
    health = measured(copied)
    assert health.values["newest_update_here"] == health.values["newest_update_in_jira"] == UPDATED
    assert health.values["behind_s"] == 0
    assert health.unknown == {}
    assert len(copied.sandbox.traffic.requests) == 1


def test_it_is_behind_since_the_first_update_that_it_lacks(copied: Copy) -> None:
    change(copied.sandbox.site, FIRST, summary="changed")
    change(copied.sandbox.site, SECOND, summary="changed later")
    health = measured(copied, ahead=timedelta(hours=1))
    assert health.values["newest_update_here"] == UPDATED
    assert health.values["newest_update_in_jira"] == updated(copied, SECOND)
    late = health.values["observed_at"]
    assert isinstance(late, datetime)
    assert health.values["behind_s"] == (late - updated(copied, FIRST)) // timedelta(seconds=1)


def test_months_that_nobody_copied_are_not_missed(copied: Copy) -> None:
    change(copied.sandbox.site, "10003", summary="changed")
    assert value(copied, "behind_s") == 0


def test_projects_that_are_not_configured_are_not_missed(copied: Copy) -> None:
    health = measured(copied, JIRA_PROJECTS="SUP")
    assert (health.values["behind_s"], health.unknown) == (0, {})
    assert list(measured(copied, JIRA_PROJECTS="NOPE").unknown) == [Asked.JIRA]


def test_what_jira_does_not_tell_is_unknown_and_the_rest_is_not(copied: Copy) -> None:
    copied.sandbox.faults.add(faults.unavailable())
    health = measured(copied)
    assert health.values["newest_update_in_jira"] is None
    assert health.values["behind_s"] is None
    assert health.values["newest_update_here"] == UPDATED
    assert "503" in health.unknown[Asked.JIRA]


def test_a_jira_that_shows_nothing_any_more_is_not_believed(copied: Copy) -> None:
    copied.sandbox.account.lose_rights()
    health = measured(copied)
    assert health.values["behind_s"] is None
    assert "rights" in health.unknown[Asked.JIRA]


def test_without_credentials_jira_is_unknown(copied: Copy) -> None:
    def incomplete() -> JiraClient:
        raise SettingsError("JIRA_API_TOKEN", "is not set", "Set it")

    health = measure(settings_of(copied), incomplete, datetime.now(UTC))
    assert health.unknown == {Asked.JIRA: "JIRA_API_TOKEN is not set. Set it."}


def test_of_nothing_nothing_is_known(tmp_path: Path) -> None:
    settings = Settings({"JIRA_DATA_DIR": str(tmp_path)})
    with serve(Site([full_issue(1)])) as sandbox:
        health = measure(settings, lambda: connection.connect(sandbox.url), datetime.now(UTC))
    known = {column for column, found in health.values.items() if found is not None}
    assert known == {
        "day",
        "observed_at",
        "events_received",
        "events_unresolved",
        "waiting_events",
        "waiting_items",
    }
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_told_and_the_backlog_is_known(copied: Copy) -> None:
    copied.database.write_bytes(b"nonsense" * 1000)
    health = measured(copied)
    assert "cannot open" in health.unknown[Asked.WAREHOUSE]
    assert health.values["incomplete_issues"] is None
    assert health.values["waiting_items"] == 0


def test_events_are_timed_from_the_change_to_our_reading(copied: Copy) -> None:
    assert lags(copied) == [None, None, None]
    site = copied.sandbox.site
    copied.deliver(*(change(site, issue_id, summary="changed") for issue_id in (FIRST, SECOND)))
    copied.catch_up()
    waited = [read_at(copied, issue_id) - updated(copied, issue_id) for issue_id in (FIRST, SECOND)]
    less, more = sorted(each // timedelta(milliseconds=1) for each in waited)
    assert lags(copied) == [less, more, more]


def test_the_far_end_of_a_link_is_timed_by_the_event_and_not_by_its_last_update(copied: Copy) -> None:
    now = datetime.now(UTC)
    copied.deliver(link_event(7, FIRST, SECOND, now))
    copied.drain()
    copied.apply(JANUARY)
    copied.build()
    assert all(isinstance(lag, int) and lag < 60_000 for lag in lags(copied))


def test_events_of_the_last_day_are_counted(copied: Copy) -> None:
    archive(copied, EventOutcome.UNRESOLVED)
    archive(copied, EventOutcome.IRRELEVANT, timedelta(hours=23))
    archive(copied, EventOutcome.UNRESOLVED, timedelta(hours=25))
    health = measured(copied)
    assert (health.values["events_received"], health.values["events_unresolved"]) == (2, 1)


def test_a_damaged_archive_makes_only_events_unknown(copied: Copy) -> None:
    archive(copied, EventOutcome.UNRESOLVED)
    (path,) = settings_of(copied).events_dir.iterdir()
    path.write_bytes(b"nonsense")
    health = measured(copied)
    assert health.values["events_received"] is None
    assert health.values["healed_issues"] is None
    assert list(health.unknown) == [Asked.EVENTS]


@pytest.mark.parametrize("source", [Source.RECONCILE, Source.SLA_POLL])
def test_what_no_event_told_is_healed(copied: Copy, source: Source) -> None:
    change(copied.sandbox.site, FIRST, summary="changed, and nobody told")
    requeued(copied, FIRST, source)
    assert value(copied, "healed_issues") == 1


def test_what_an_event_told_as_well_is_not_healed(copied: Copy) -> None:
    copied.deliver(change(copied.sandbox.site, FIRST, summary="changed"))
    copied.drain()
    requeued(copied, FIRST, Source.RECONCILE)
    assert value(copied, "healed_issues") == 0


def test_what_was_read_again_for_its_remote_links_is_not_healed(copied: Copy) -> None:
    requeued(copied, FIRST, Source.RECONCILE)
    assert value(copied, "healed_issues") == 0


def test_incomplete_issues_are_counted_once(copied: Copy) -> None:
    copied.sandbox.faults.add(faults.failing(403), path="remotelink")
    requeued(copied, FIRST, Source.WEBHOOK)
    assert value(copied, "incomplete_issues") == 1


def test_the_backlog_is_what_is_in_the_inbox_and_in_the_queue(copied: Copy) -> None:
    assert value(copied, "oldest_wait_s") is None
    copied.deliver(body("user_created", 1), ago=timedelta(minutes=3))
    copied.queue.put({JANUARY: [Item(FIRST, "x", datetime.now(UTC) - timedelta(minutes=5))]})
    health = measured(copied).values
    assert (health["waiting_events"], health["waiting_items"]) == (1, 1)
    assert health["oldest_wait_s"] in range(300, 310)


def test_the_days_of_the_token_are_counted_if_its_end_is_known(copied: Copy) -> None:
    assert value(copied, "token_days_left") is None
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert measured(copied, JIRA_TOKEN_EXPIRES=f"{tomorrow}").values["token_days_left"] == 1
    assert "JIRA_TOKEN_EXPIRES" in measured(copied, JIRA_TOKEN_EXPIRES="soon").unknown[Asked.TOKEN]


def test_what_the_key_that_writes_has_sealed_is_counted(copied: Copy) -> None:
    assert value(copied, "sealed_values") is None
    assert measured(copied, JIRA_ENCRYPTION_KEYS=key("k1")).values["sealed_values"] == 0
    KeysInUse(settings_of(copied).keys_file).add(keyring("k1"), 5)
    assert measured(copied, JIRA_ENCRYPTION_KEYS=key("k1")).values["sealed_values"] == 5
    assert "k1" in measured(copied).unknown[Asked.KEYS]


def test_the_room_that_everything_takes_is_told(copied: Copy) -> None:
    usage = {"raw": 5, "queue": 6}
    health = measure(settings_of(copied), copied.client, datetime.now(UTC), lambda: usage, 7).values
    taken = [health[f"{name}_bytes"] for name in ("raw", "queue", "attachments", "history")]
    assert taken == [5, 6, None, 7]
