"""The code location loads whatever the settings are, and shows what the declarations say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dagster import AssetSpec, Definitions, TableSchema

from jira_assets.definitions import defs
from jira_assets.defs.keys import asset_key
from jira_assets.tables.catalogue import UNPARTITIONED
from jira_assets.tables.declare import Table
from jira_assets_tests.default_tables import BY_NAME, TABLES

SPECS = {spec.key: spec for spec in sorted(defs.resolve_all_asset_specs(), key=lambda spec: spec.key)}
REPOSITORY = Path(__file__).resolve().parents[1]
LOAD = "from jira_assets.definitions import defs; print(len(defs.resolve_all_asset_specs()))"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {
            "JIRA_START_MONTH": "rubbish",
            "JIRA_PROJECTS": "a b!",
            "JIRA_BASE_URL": "ftp://",
            "JIRA_DATA_DIR": "no://",
        },
    ],
    ids=["none", "malformed"],
)
def test_definitions_load_with_any_settings(settings: dict[str, str], tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JIRA_")}
    environment |= settings | {"PYTHONPATH": str(REPOSITORY)}
    loaded = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert loaded.returncode == 0, loaded.stderr
    assert int(loaded.stdout) == len(SPECS)
    assert list(tmp_path.iterdir()) == []


def test_dagster_accepts_all_of_it_together() -> None:
    """Names, for example: those of jobs and of assets must differ, which only the whole shows."""
    Definitions.validate_loadable(defs)


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.key.to_user_string())
def test_every_asset_says_what_it_is_whose_and_of_what_kind(spec: AssetSpec) -> None:
    assert spec.description
    assert spec.owners
    assert spec.kinds
    assert spec.tags["layer"]
    assert spec.group_name != "default"
    by_month = {asset_key(name) for name in (*BY_NAME, "raw_issues", "published")}
    assert (spec.partitions_def is not None) == (spec.key in by_month)


@pytest.mark.parametrize("table", [*TABLES, *UNPARTITIONED], ids=lambda table: table.name)
def test_a_table_shows_the_columns_that_it_declares(table: Table) -> None:
    shown = SPECS[asset_key(table.name)].metadata["dagster/column_schema"]
    assert isinstance(shown, TableSchema)
    assert [(column.name, column.type, column.description) for column in shown.columns] == [
        (column.name, column.kind.sql, column.description) for column in table.columns
    ]
    assert [column.name for column in shown.columns if not column.constraints.nullable] == [
        column.name for column in table.columns if not column.nullable
    ]
    unique = [column.name for column in shown.columns if column.constraints.unique]
    assert unique == (list(table.primary_key) if len(table.primary_key) == 1 else [])


def test_every_column_of_a_table_by_month_comes_from_parts_of_raw_issues() -> None:
    raw = SPECS[asset_key("raw_issues")].metadata["dagster/column_schema"]
    parts = {column.name for column in raw.columns}
    for table in TABLES:
        lineage = SPECS[asset_key(table.name)].metadata["dagster/column_lineage"].deps_by_column
        assert [*lineage] == [column.name for column in table.columns]
        assert {dep.column_name for deps in lineage.values() for dep in deps} == {*table.parts} <= parts


def test_tables_follow_raw_issues_and_published_follows_tables() -> None:
    for name in BY_NAME:
        assert [dep.asset_key for dep in SPECS[asset_key(name)].deps] == [asset_key("raw_issues")]
    assert {dep.asset_key for dep in SPECS[asset_key("published")].deps} == {
        asset_key(name) for name in BY_NAME
    }


def test_every_asset_is_checked_but_those_that_hold_nothing_of_their_own() -> None:
    checked = {key.asset_key for key in defs.resolve_asset_graph().asset_check_keys}
    assert checked == SPECS.keys() - {asset_key("published")}


def test_no_check_has_partitions_of_its_own() -> None:
    """A check per month would stay planned for the months that a range run does not evaluate one by one."""
    graph = defs.resolve_asset_graph()
    assert {graph.get(key).partitions_def for key in graph.asset_check_keys} == {None}
