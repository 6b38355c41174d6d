"""Fields that come, go and are renamed, and a mapping that changes, from end to end."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import materialize

from jira_assets.definitions import resources
from jira_assets.defs.jira.fields import jira_fields
from jira_assets.defs.keys import asset_key
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.sandbox.catalogue import custom_field, rename_field
from jira_assets.sandbox.custom_fields import field_catalogue
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.pipeline import Pipeline, Run, pipeline

MONTH = "2024-01"
TABLES = ["issues", "unreadable_values"]
SEVERITY, TEAM = "customfield_10030", "customfield_10039"
_SELECT = "com.atlassian.jira.plugin.system.customfieldtypes:select"


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipeline]:
    """One issue, copied."""
    issue = full_issue(1, customfield_10030={"value": "S1"}, customfield_10039="blue")
    with pipeline(Site([issue], fields=field_catalogue()), tmp_path) as ready:
        succeeded(ready.run(MONTH))
        yield ready


def succeeded(run: Run) -> Run:
    assert run.success, run.errors
    return run


def shown(pipe: Pipeline, column: str) -> object:
    ((value,),) = pipe.published(f'SELECT "{column}" FROM jira_issues')
    return value


def test_a_renamed_field_keeps_its_column(pipe: Pipeline) -> None:
    rename_field(pipe.sandbox.site.fields(), SEVERITY, "Impact")
    run = succeeded(pipe.run(MONTH))
    assert shown(pipe, "severity") == "S1"
    assert run.checks()["issues.fields_are_mapped"]
    assert pipe.published(f"SELECT name, issue_columns FROM jira_fields WHERE field_id = '{SEVERITY}'") == [
        ("Impact", ["severity"])
    ]


def test_a_new_field_of_the_old_name_does_not_take_the_column(pipe: Pipeline) -> None:
    fields = pipe.sandbox.site.fields()
    rename_field(fields, SEVERITY, "Impact")
    fields.append(custom_field(10099, "Severity", "option", _SELECT))
    succeeded(pipe.run(MONTH))
    assert shown(pipe, "severity") == "S1"


def test_what_was_read_of_fields_that_are_listed_no_more_stays(pipe: Pipeline) -> None:
    before = shown(pipe, "custom_fields")
    pipe.sandbox.site.fields().clear()
    succeeded(pipe.run(MONTH, assets=["raw_issues"]))
    pipe.sandbox.site.fields().extend(field_catalogue()[:10])
    succeeded(pipe.run(MONTH))
    assert (shown(pipe, "severity"), shown(pipe, "custom_fields")) == ("S1", before)
    assert pipe.published("SELECT count(*) > 10 FROM jira_fields WHERE NOT is_listed") == [(True,)]


def test_a_name_that_several_fields_have_is_warned_of(tmp_path: Path) -> None:
    fields = [*field_catalogue(), custom_field(10099, "Severity", "option", _SELECT)]
    with pipeline(Site([full_issue(1, customfield_10030="S1")], fields=fields), tmp_path) as pipe:
        run = succeeded(pipe.run(MONTH))
        assert shown(pipe, "severity") is None
        (offender,) = run.offenders("issues.fields_are_mapped")
    assert "2 fields have the name 'Severity'" in offender
    assert f"Severity ({SEVERITY}, option), Severity (customfield_10099, option)" in offender


def test_a_field_that_is_new_is_in_jira_fields_as_soon_as_a_run_meets_it(pipe: Pipeline) -> None:
    known = "SELECT name FROM jira_fields WHERE field_id = 'customfield_10099'"
    assert pipe.published(known) == []
    pipe.sandbox.site.fields().append(custom_field(10099, "Blast radius", "option", _SELECT))
    run = succeeded(pipe.run(MONTH))
    assert pipe.published(known) == [("Blast radius",)]
    assert run.materialized("jira_fields") == [""]
    assert succeeded(pipe.run(MONTH)).materialized("jira_fields") == []


def test_jira_fields_that_could_not_be_published_is_published_by_the_next_run(pipe: Pipeline) -> None:
    published = pipe.folder / "published" / "jira_fields"
    whole = (published / "all.parquet").read_bytes()
    shutil.rmtree(published)
    succeeded(pipe.run(MONTH))
    assert (published / "all.parquet").read_bytes() == whole


def test_jira_fields_is_read_from_jira(pipe: Pipeline) -> None:
    rename_field(pipe.sandbox.site.fields(), TEAM, "Crew")
    assert materialize([jira_fields], instance=pipe.instance, resources=resources(SiteCopy())).success
    assert pipe.published(f"SELECT name FROM jira_fields WHERE field_id = '{TEAM}'") == [("Crew",)]


def test_a_changed_mapping_rebuilds_the_tables_without_calling_jira(pipe: Pipeline, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        f'[columns.order]\nid = "{TEAM}"\ntype = "text"\n'
        '[columns.severity]\nname = "Severity"\ntype = "number"\n'
    )
    requests = len(pipe.sandbox.requests)
    _materialize_in_a_process_of_its_own(file, *TABLES, "published")
    assert len(pipe.sandbox.requests) == requests
    assert pipe.published('SELECT "order", severity, custom_fields FROM jira_issues') == [
        ("blue", None, None)
    ]
    assert pipe.query("SELECT field, reason FROM jira.unreadable_values") == [
        ("severity", f"the field {SEVERITY} holds an object with keys value")
    ]
    columns = [name for name, *_ in pipe.query("DESCRIBE jira.issues")]
    assert "order" in columns
    assert "l3_team" not in columns


def _materialize_in_a_process_of_its_own(mapping: Path, *assets: str) -> None:
    """With another mapping: a process has but one."""
    command = [
        "asset",
        "materialize",
        "--select",
        ",".join(asset_key(name).to_user_string() for name in assets),
        "--partition",
        MONTH,
    ]
    done = subprocess.run(
        [sys.executable, "-m", "dagster", *command, "-m", "jira_assets.definitions"],
        env={**os.environ, "JIRA_FIELDS": str(mapping)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
