from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import RunRequest, SkipReason, build_sensor_context

from jira_assets.defs.jira.jobs import rebuild_months
from jira_assets.defs.jira.rebuild_sensor import rebuild_sensor
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.sandbox.site import Site
from jira_assets.sync import configuration
from jira_assets_tests.default_tables import BY_NAME
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.pipeline import Pipeline, pipeline
from jira_assets_tests.privacy.keys import key

NAME = "Wilhelmina Featherstonehaugh"
TABLES = [*BY_NAME, "published"]


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Pipeline]:
    site = Site([full_issue(1, reporter={"accountId": "5b1", "displayName": NAME})])
    with pipeline(site, tmp_path) as ready:
        assert ready.run(MONTH).success
        yield ready
    configuration.catalogue.cache_clear()


def tick(pipe: Pipeline) -> RunRequest | SkipReason:
    found = rebuild_sensor(build_sensor_context(instance=pipe.instance, resources={"site_copy": SiteCopy()}))
    assert isinstance(found, RunRequest | SkipReason)
    return found


def change(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Change a setting, and start anew."""
    monkeypatch.setenv(name, value)
    configuration.catalogue.cache_clear()


def test_while_nothing_has_changed_nothing_is_asked_for(copied: Pipeline) -> None:
    assert isinstance(tick(copied), SkipReason)


def test_a_change_of_settings_makes_all_months_anew_without_a_request_to_jira(
    copied: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, "JIRA_TEXT", "plain")
    asked = tick(copied)
    assert isinstance(asked, RunRequest)
    assert set(asked.tags.values()) == {MONTH}
    requests = len(copied.sandbox.requests)
    assert copied.run(MONTH, assets=TABLES).success
    assert len(copied.sandbox.requests) == requests
    assert isinstance(tick(copied), SkipReason)


def test_what_a_key_makes_unreadable_is_gone_from_the_file(
    copied: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert copied.query("SELECT reporter_name FROM jira.issues") == [(NAME,)]
    change(monkeypatch, "JIRA_ENCRYPTION_KEYS", key("now"))
    assert isinstance(tick(copied), RunRequest)
    assert copied.run(MONTH, assets=TABLES).success
    assert copied.query("SELECT reporter_name FROM jira.issues") != [(NAME,)]
    files = [copied.database, *copied.folder.glob("warehouse.duckdb.wal")]
    assert not [path for path in files if NAME.encode() in path.read_bytes()]
    assert isinstance(tick(copied), SkipReason)


def test_nothing_is_asked_for_twice(copied: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    change(monkeypatch, "JIRA_TEXT", "plain")
    first, second = tick(copied), tick(copied)
    assert isinstance(first, RunRequest)
    assert isinstance(second, RunRequest)
    assert first.run_key == second.run_key


def test_a_version_that_comes_back_is_asked_for_again(
    copied: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = []
    for text in ("plain", "markdown", "plain"):
        change(monkeypatch, "JIRA_TEXT", text)
        asked = tick(copied)
        assert isinstance(asked, RunRequest)
        keys.append(asked.run_key)
        assert copied.run_job(rebuild_months.name, month=MONTH).success
    assert len({*keys}) == 3
