"""``jira-assets fields`` against a running sandbox."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_assets.cli import main
from jira_assets.sandbox.catalogue import rename_field
from jira_assets.sandbox.custom_fields import field_catalogue
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.pipeline import Pipeline, pipeline

MONTH = "2024-01"


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    issues = [
        full_issue(1, customfield_10030={"value": "S1"}, customfield_10016=3.0, customfield_10039="a"),
        full_issue(2, customfield_10030={"value": "S2"}, customfield_10038="Because."),
        full_issue(3, customfield_10016=5.0),
    ]
    with pipeline(Site(issues, fields=field_catalogue()), tmp_path_factory.mktemp("fields")) as pipe:
        run = pipe.run(MONTH)
        assert run.success, run.errors
        yield pipe


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["fields", *arguments]) == 0
    return capsys.readouterr().out


def line(text: str, field_id: str) -> list[str]:
    return next(each for each in text.splitlines() if field_id in each).split()


@pytest.mark.usefixtures("copied")
def test_it_tells_how_often_a_field_is_filled_and_where_it_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = printed(capsys)
    assert line(text, "customfield_10030") == ["2", "customfield_10030", "option", "Severity", "severity"]
    assert line(text, "customfield_10039")[-3:] == ["custom_fields:", "Team", "(customfield_10039)"]
    assert line(text, "customfield_10016")[0] == "2"
    assert line(text, "customfield_10037")[0] == "0"
    assert line(text, "workratio")[0] == "?"
    assert "60 fields, 19 of the site's own, 7 shown by columns; 3 issues." in text
    assert "Columns without a field: triage, configuration_item," in text


@pytest.mark.usefixtures("copied")
def test_it_proposes_columns_for_what_is_filled_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    proposed = tomllib.loads(printed(capsys, "--propose"))["columns"]
    assert {name: column["type"] for name, column in proposed.items()} == {
        "story_point_estimate": "number",
        "root_cause": "rich text",
        "team": "text",
    }


def test_jira_is_asked_only_if_wanted(copied: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    rename_field(copied.sandbox.site.fields(), "customfield_10033", "Launch")
    asked = len(copied.sandbox.requests)
    assert "Go-live" in printed(capsys)
    assert len(copied.sandbox.requests) == asked
    assert "Launch" in printed(capsys, "--refresh")
    assert len(copied.sandbox.requests) == asked + 1


def test_a_name_cannot_command_the_terminal_nor_shift_columns(
    copied: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    rename_field(copied.sandbox.site.fields(), "customfield_10037", "サイズ\x1b[2J")
    text = printed(capsys, "--refresh")
    (renamed,) = [each for each in text.splitlines() if "customfield_10037" in each]
    (heading, *_) = text.splitlines()
    assert "\x1b" not in text
    # Three characters of East Asia take a cell more each.
    assert renamed.index("custom_fields:") + 3 == heading.index("SHOWN BY")


def test_before_anything_is_copied_fields_are_listed_and_nothing_proposed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pipeline(Site([full_issue(1)], fields=field_catalogue()), tmp_path):
        assert "; 0 issues." in printed(capsys)
        assert main(["fields", "--propose"]) == 1
    assert "no issue is copied yet" in capsys.readouterr().err


def test_a_mapping_that_is_wrong_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text('[columns.a]\nname = "A"\ntype = "txt"')
    monkeypatch.setenv("JIRA_FIELDS", str(tmp_path / "mine.toml"))
    assert main(["doctor"]) == 1
    assert "mine.toml: columns.a: type is 'txt'. Use one of text" in capsys.readouterr().out
