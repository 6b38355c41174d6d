"""Resources alone say which site is copied, and where to: runs need no environment."""

import os
from pathlib import Path

import duckdb
import pytest
from dagster import Failure, materialize

from jira_assets.definitions import resources
from jira_assets.defs.jira.raw_issues import raw_issues
from jira_assets.defs.jira.tables import jira_tables
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.privacy.in_use import KeysInUse
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.privacy.keys import key, keyring


@pytest.fixture(autouse=True)
def without_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("JIRA_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)  # where nobody has an .env


def test_a_month_is_copied_as_the_resources_say(tmp_path: Path) -> None:
    with serve(Site([full_issue(1, comments=3)])) as sandbox:
        variables = {
            "JIRA_BASE_URL": sandbox.url,
            "JIRA_EMAIL": sandbox.account.email,
            "JIRA_API_TOKEN": sandbox.account.token,
            "JIRA_DATA_DIR": str(tmp_path / "elsewhere"),
        }
        copied = materialize(
            [raw_issues, jira_tables],
            partition_key="2024-01",
            resources=resources(SiteCopy(variables=variables)),
        )
    assert copied.success
    with duckdb.connect(str(tmp_path / "elsewhere" / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM jira.comments").fetchall() == [(3,)]
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


def test_a_key_that_is_missing_ends_a_run_without_retries(tmp_path: Path) -> None:
    site_copy = SiteCopy(variables={"JIRA_DATA_DIR": str(tmp_path), "JIRA_ENCRYPTION_KEYS": key("old")})
    KeysInUse(site_copy.ready_settings().keys_file).add(keyring("old"), 1)
    with pytest.raises(Failure, match="old") as raised:
        SiteCopy(variables={"JIRA_DATA_DIR": str(tmp_path)}).ready_settings()
    assert raised.value.allow_retries is False
