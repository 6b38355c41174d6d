"""The tables of what issues refer to, from Jira to analysts, and the issues that follow a new name."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dagster import RunRequest, SkipReason, build_sensor_context

from jira_assets.defs.jira.lookups_sensor import lookups_sensor
from jira_assets.defs.jira.rebuild_sensor import rebuild_sensor
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.inbox.drain import Drain
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.sandbox.renaming import rename
from jira_assets.sandbox.sent_events import SentEvent
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.sync import configuration
from jira_assets.tables.lookups import LOOKUP_TABLES
from jira_assets_tests.default_tables import BY_NAME
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.pipeline import Pipeline, Run, pipeline
from jira_assets_tests.privacy.keys import key

JANUARY, FEBRUARY, MARCH = "2024-01", "2024-02", "2024-03"
ANN = {"accountId": "5b10a2844c20165700ede21a", "displayName": "Ann Lee", "emailAddress": "ann@example.com"}
DONE = {"id": "3", "name": "Done", "statusCategory": {"key": "done", "name": "Done"}}
TABLES = [*BY_NAME, "published"]
_JOINED = "FROM jira_issues JOIN jira_users ON account_id = reporter_account_id"


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipeline]:
    """Sealed: an issue a month, of which only that of February is of Ann; all lists were read."""
    configuration.catalogue.cache_clear()
    version = {"id": "8", "name": "1.0", "released": True, "releaseDate": "2024-05-01"}
    issues = [
        full_issue(number, created=f"{month}-05T10:00:00.000+0000", status=DONE)
        for number, month in enumerate((JANUARY, FEBRUARY, MARCH), 1)
    ]
    issues[1]["fields"] |= {"reporter": ANN, "fixVersions": [version]}
    with pipeline(Site(issues), tmp_path, JIRA_ENCRYPTION_KEYS=key("k1")) as ready:
        succeeded(ready.run(JANUARY, MARCH))
        succeeded(ready.run_job("refresh_lookups"))
        assert isinstance(rebuild(ready), SkipReason)
        yield ready
    configuration.catalogue.cache_clear()


def succeeded(run: Run) -> Run:
    assert run.success, run.errors
    return run


def rebuild(pipe: Pipeline) -> RunRequest | SkipReason:
    found = rebuild_sensor(build_sensor_context(instance=pipe.instance, resources={"site_copy": SiteCopy()}))
    assert isinstance(found, RunRequest | SkipReason)
    return found


def due(pipe: Pipeline) -> RunRequest | SkipReason:
    found = lookups_sensor(build_sensor_context(instance=pipe.instance, resources={"site_copy": SiteCopy()}))
    assert isinstance(found, RunRequest | SkipReason)
    return found


def arrive(events: list[SentEvent]) -> None:
    settings = Settings.load()
    deliveries = [Delivery.arrived(each.identifier, datetime.now(UTC), None, each.body) for each in events]
    Inbox(settings.inbox_dir, settings.keyring).add(deliveries)
    Drain.from_settings(settings).run(5)


def test_the_lists_are_published_and_people_can_be_joined(pipe: Pipeline) -> None:
    for table in LOOKUP_TABLES:
        assert pipe.published(f"SELECT count(*) >= 0 FROM {table.view}") == [(True,)]
    assert pipe.published("SELECT version_id, project_id, is_released, release_date FROM jira_versions") == [
        ("8", "1", True, date(2024, 5, 1))
    ]
    statuses = pipe.published("SELECT name, category_key, is_listed FROM jira_statuses")
    assert statuses == [("Done", "done", True)]
    comments = "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'jira_sprints' AND comment IS NULL"
    assert pipe.published(comments) == [(0,)]
    assert not {name.split(".")[0] for name in pipe.failed_checks()} & {table.name for table in LOOKUP_TABLES}
    ((same, name),) = pipe.published(f"SELECT reporter_name = display_name, display_name {_JOINED}")
    assert same
    assert name != "Ann Lee"
    metadata = succeeded(pipe.run_job("refresh_lookups")).metadata("jira_organizations", "")
    assert metadata["dagster/row_count"] == 0
    assert "404" in metadata["absent"]


def test_only_the_month_that_shows_somebody_is_made_anew_without_a_request(pipe: Pipeline) -> None:
    rename(pipe.sandbox.site, "users", ANN["accountId"], displayName="Ann Smith")
    succeeded(pipe.run_job("refresh_lookups"))
    asked = rebuild(pipe)
    assert isinstance(asked, RunRequest)
    assert set(asked.tags.values()) == {FEBRUARY}
    shown = "SELECT month, _synced_at, reporter_name FROM jira.issues ORDER BY 1"
    before, requests = pipe.query(shown), len(pipe.sandbox.requests)
    succeeded(pipe.run(FEBRUARY, assets=TABLES))
    assert len(pipe.sandbox.requests) == requests
    after = pipe.query(shown)
    assert [old[2] != new[2] for old, new in zip(before, after, strict=True)] == [False, True, False]
    assert [row[:2] for row in after] == [row[:2] for row in before]
    assert pipe.published(f"SELECT reporter_name = display_name {_JOINED}") == [(True,)]
    assert isinstance(rebuild(pipe), SkipReason)
    rename(pipe.sandbox.site, "users", ANN["accountId"], displayName="Ann Lee")
    succeeded(pipe.run_job("refresh_lookups"))
    again = rebuild(pipe)
    assert isinstance(again, RunRequest)
    assert again.run_key != asked.run_key


def test_an_event_about_a_version_has_its_list_read_once(pipe: Pipeline) -> None:
    assert isinstance(due(pipe), SkipReason)
    arrive(rename(pipe.sandbox.site, "versions", "8", name="1.0.0"))
    asked = due(pipe)
    assert isinstance(asked, RunRequest)
    run = succeeded(pipe.run_job("refresh_lookups", asked.run_config))
    assert run.materialized("jira_versions") == [""]
    assert run.materialized("jira_users") == []
    assert isinstance(due(pipe), SkipReason)
    assert pipe.published("SELECT name FROM jira_versions") == [("1.0.0",)]


def test_a_list_that_fails_is_named_and_the_others_are_stored(pipe: Pipeline) -> None:
    (Settings.load().raw_dir / "site" / "users.json").write_bytes(b"[{")
    rename(pipe.sandbox.site, "versions", "8", name="1.0.0")
    run = pipe.run_job("refresh_lookups")
    assert not run.success
    assert "users.json cannot be read" in run.errors
    assert pipe.published("SELECT name FROM jira_versions") == [("1.0.0",)]
    succeeded(pipe.run(FEBRUARY, assets=TABLES))
    assert pipe.query("SELECT fix_versions FROM jira.issues WHERE month = '2024-02'") == [(["1.0.0"],)]
