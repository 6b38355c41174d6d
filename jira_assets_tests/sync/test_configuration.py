"""What the settings make of the tables."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jira_assets.raw.site import read_resolved, write_fields
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets.sync.configuration import field_mapping, remember, resolution, site
from jira_assets.text.rendering import Rendering
from jira_assets_tests.default_tables import MAPPING

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load().with_values(JIRA_DATA_DIR=str(tmp_path), JIRA_FIELDS="", JIRA_DOMAIN="")


def test_without_a_file_the_default_columns_are_configured(settings: Settings) -> None:
    assert field_mapping(settings) == MAPPING


def test_a_file_that_cannot_be_used_is_a_setting_to_repair(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[columns.summary]\nname = "A"\ntype = "text"')
    with pytest.raises(SettingsError, match=r"JIRA_FIELDS .*mine.toml: columns.summary: .* Repair the file"):
        field_mapping(settings.with_values(JIRA_FIELDS=str(file)))


def test_a_file_that_cannot_be_used_keeps_the_code_location_from_loading_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[columns.a]\nname = "A"\ntype = "txt"')
    loaded = subprocess.run(
        [sys.executable, "-c", "import jira_assets.definitions"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "JIRA_FIELDS": str(file)},
        capture_output=True,
        text=True,
    )
    assert loaded.returncode == 1
    assert "mine.toml: columns.a: type is 'txt'. Use one of" in loaded.stderr.splitlines()[-1]


def test_the_site_is_as_configured_with_the_fields_that_were_fetched(settings: Settings) -> None:
    write_fields(settings.raw_dir, b'[{"id": "customfield_1", "name": "SEVERITY"}]')
    found = site(settings.with_values(JIRA_TEXT="plain"), resolution(settings))
    assert (found.url, found.rendering, found.keys) == (None, Rendering.PLAIN, {"customfield_1": "SEVERITY"})
    assert {each.column.name for each in found.shown_by["customfield_1"]} == {"severity"}


def test_what_is_remembered_is_found_by_its_id(settings: Settings) -> None:
    write_fields(settings.raw_dir, b'[{"id": "customfield_1", "name": "Severity"}]')
    remember(settings, resolution(settings))
    assert read_resolved(settings.raw_dir) == {"Severity": "customfield_1"}
    write_fields(settings.raw_dir, b'[{"id": "customfield_1", "name": "Impact"}]')
    assert resolution(settings).columns_by_field == {"customfield_1": ["severity"]}
