import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jira_assets import cli
from jira_assets.environment import VARIABLES
from jira_assets.jira import doctor, machine_checks
from jira_assets.jira.finding import Finding, Level
from jira_assets.sandbox import faults
from jira_assets.sandbox.accounts import CLOUD_ID
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings

TOKEN = "sandbox-token"
SCOPED_TOKEN = "sandbox-scoped-token"
HOLDS_THE_DATABASE = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""

Examine = Callable[..., dict[str, Finding]]


def _issue(number: int, project: str, created: str) -> dict[str, Any]:
    moment = f"{created}T10:00:00.000+0000"
    fields = {
        "project": {"id": project, "key": project, "name": project},
        "created": moment,
        "updated": moment,
    }
    return {"id": str(number), "key": f"{project}-{number}", "fields": fields}


def _site() -> Site:
    return Site(
        [_issue(1, "SUP", "2021-03-05"), _issue(2, "ENG", "2022-01-31"), _issue(3, "SUP", "2023-01-01")]
    )


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with serve(_site()) as running:
        yield running


@pytest.fixture
def values(sandbox: RunningSandbox, tmp_path: Path) -> dict[str, str]:
    return {
        "JIRA_BASE_URL": sandbox.url,
        "JIRA_EMAIL": "me@example.com",
        "JIRA_API_TOKEN": TOKEN,
        "JIRA_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
def examine(values: dict[str, str]) -> Examine:
    """The worst finding of each check, with some variables replaced."""

    def run(**replaced: str) -> dict[str, Finding]:
        findings = list(doctor.examine(Settings({**values, **replaced})))
        assert all(finding.remedy for finding in findings if finding.level is not Level.OK)
        assert not any(TOKEN in doctor.line(finding) for finding in findings)
        order = list(Level)
        return {
            finding.check: finding for finding in sorted(findings, key=lambda each: order.index(each.level))
        }

    return run


def test_a_site_that_is_set_up_passes_every_check(examine: Examine) -> None:
    found = examine()
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert " ".join(found) == (
        "settings site credentials clock permissions projects start month disk database"
    )
    assert found["credentials"].message == "signed in as Sandbox User on the site"
    assert found["projects"].message == "2 to copy, with about 3 issues (ENG 1, SUP 2)"
    assert "oldest issue is SUP-1 of 2021-03" in found["start month"].message


def test_a_scoped_token_passes_through_the_gateway(examine: Examine) -> None:
    found = examine(JIRA_API_TOKEN=SCOPED_TOKEN, JIRA_CLOUD_ID=CLOUD_ID)
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert found["credentials"].message.endswith("through the gateway")


def test_every_setting_at_fault_is_named() -> None:
    settings = Settings({"JIRA_PROJECTS": "sup", "JIRA_START_MONTH": "2019", "JIRA_SLA_EMAIL": "x"})
    named = [finding.message.split()[0] for finding in machine_checks.settings_are_well_formed(settings)]
    assert named == ["JIRA_DOMAIN", "JIRA_API_TOKEN", "JIRA_PROJECTS", "JIRA_START_MONTH", "JIRA_SLA_EMAIL"]


def test_what_needs_a_missing_setting_is_not_checked_and_the_rest_is(examine: Examine) -> None:
    found = examine(JIRA_PROJECTS="sup", JIRA_START_MONTH="2019")
    assert found["projects"].remedy == "Repair JIRA_PROJECTS first."
    assert found["start month"].remedy == "Repair JIRA_START_MONTH first."
    assert found["credentials"].level is Level.OK
    found = examine(JIRA_API_TOKEN="")
    assert found["site"].remedy == "Repair JIRA_API_TOKEN first."
    assert found["disk"].level is Level.OK


def test_a_site_that_does_not_answer_is_told_apart_from_wrong_credentials(examine: Examine) -> None:
    found = examine(JIRA_BASE_URL="http://127.0.0.1:1")
    assert found["site"].level is Level.FAIL
    assert "127.0.0.1:1 does not answer" in found["site"].message
    assert "credentials" not in found


def test_a_server_that_is_not_jira_is_recognised(sandbox: RunningSandbox, examine: Examine) -> None:
    found = examine(JIRA_BASE_URL=f"{sandbox.url}/wiki")
    assert found["site"].level is Level.FAIL
    assert "is not a Jira site" in found["site"].message


def test_a_wrong_token_is_refused_by_the_site(examine: Examine) -> None:
    found = examine(JIRA_API_TOKEN="wrong-token")
    assert found["site"].level is Level.OK
    assert found["credentials"].level is Level.FAIL
    assert found["credentials"].message.startswith("HTTP 401")
    assert "wrong-token" not in doctor.line(found["credentials"])
    assert "projects" not in found


def test_a_scoped_token_on_the_site_is_recognised_and_the_cloud_id_is_given(examine: Examine) -> None:
    found = examine(JIRA_API_TOKEN=SCOPED_TOKEN)
    assert found["credentials"].level is Level.FAIL
    assert f"set JIRA_CLOUD_ID={CLOUD_ID}" in found["credentials"].remedy


def test_a_classic_token_on_the_gateway_is_recognised(examine: Examine) -> None:
    found = examine(JIRA_CLOUD_ID=CLOUD_ID)
    assert found["credentials"].level is Level.FAIL
    assert "unset JIRA_CLOUD_ID" in found["credentials"].remedy


def test_the_cloud_id_of_another_site_is_corrected(examine: Examine) -> None:
    found = examine(JIRA_API_TOKEN=SCOPED_TOKEN, JIRA_CLOUD_ID="00000000-0000-0000-0000-000000000000")
    assert found["site"].level is Level.FAIL
    assert f"is {CLOUD_ID}: set JIRA_CLOUD_ID" in found["site"].remedy


def test_a_token_without_the_scope_is_told_which_scopes_it_needs(
    sandbox: RunningSandbox, examine: Examine
) -> None:
    sandbox.faults.add(faults.failing(401, "Unauthorized; scope does not match"), path="/myself$")
    found = examine(JIRA_API_TOKEN=SCOPED_TOKEN, JIRA_CLOUD_ID=CLOUD_ID)
    assert "read:jira-work" in found["credentials"].remedy


def test_an_account_that_is_forbidden_to_sign_in_gets_the_advice_for_it(
    sandbox: RunningSandbox, examine: Examine
) -> None:
    sandbox.faults.add(faults.failing(403, "Not allowed."), path="/myself$")
    found = examine()
    assert found["credentials"].level is Level.FAIL
    assert "403" in found["credentials"].message


def test_one_check_that_jira_refuses_leaves_the_others(sandbox: RunningSandbox, examine: Examine) -> None:
    sandbox.faults.add(faults.failing(403, "Not allowed."), path="/project/search$")
    found = examine()
    assert found["projects"].level is Level.FAIL
    assert found["start month"].level is Level.OK


def test_an_account_that_sees_nothing_fails(sandbox: RunningSandbox, examine: Examine) -> None:
    sandbox.account.projects = frozenset()
    found = examine()
    assert found["permissions"].level is Level.FAIL
    assert found["projects"].level is Level.FAIL
    assert found["start month"].level is Level.WARN


def test_a_project_that_cannot_be_seen_is_named_with_the_likely_one(examine: Examine) -> None:
    found = examine(JIRA_PROJECTS="ENG,SPU")
    assert found["projects"].level is Level.FAIL
    assert "SPU" in found["projects"].message
    assert found["projects"].remedy.startswith("Did you mean SUP?")
    assert "oldest issue is ENG-2" in found["start month"].message


def test_issues_before_the_start_month_are_warned_about_with_the_month_to_set(examine: Examine) -> None:
    found = examine(JIRA_START_MONTH="2022-02")
    assert found["start month"].level is Level.WARN
    assert found["start month"].message.startswith("about 2 issues")
    assert found["start month"].remedy == "Set JIRA_START_MONTH=2021-03."


def test_issues_of_other_projects_do_not_concern_the_start_month(examine: Examine) -> None:
    assert examine(JIRA_START_MONTH="2022-01", JIRA_PROJECTS="ENG")["start month"].level is Level.OK


@pytest.mark.parametrize(("seconds", "word"), [(-90, "ahead of"), (90, "behind")])
def test_a_clock_that_is_wrong_is_warned_about(values: dict[str, str], seconds: int, word: str) -> None:
    with serve(Site(clock=lambda: int((time.time() + seconds) * 1000))) as sandbox:
        findings = list(doctor.examine(Settings({**values, "JIRA_BASE_URL": sandbox.url})))
    clock = next(finding for finding in findings if finding.check == "clock")
    assert clock.level is Level.WARN
    assert word in clock.message


def test_a_data_folder_that_is_a_file_fails(tmp_path: Path, examine: Examine) -> None:
    (tmp_path / "occupied").write_text("")
    found = examine(JIRA_DATA_DIR=str(tmp_path / "occupied"))
    assert found["disk"].level is Level.FAIL
    assert "JIRA_DATA_DIR" in found["disk"].remedy


def test_looking_leaves_nothing_behind(tmp_path: Path, examine: Examine) -> None:
    examine()
    assert list(tmp_path.iterdir()) == []


def test_a_remote_data_folder_is_tried_out(examine: Examine) -> None:
    assert "can be written to" in examine(JIRA_DATA_DIR="memory://doctor/data")["disk"].message


def test_a_database_opens(tmp_path: Path, examine: Examine) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{_database(tmp_path)}' AS warehouse")
        connection.execute(
            "CREATE SCHEMA warehouse.jira; CREATE TABLE warehouse.jira.issues (issue_id VARCHAR)"
        )
    assert examine()["database"].message.endswith("opens and has 1 tables")


def test_a_database_that_another_process_holds_names_the_process(tmp_path: Path, examine: Examine) -> None:
    command = [sys.executable, "-c", HOLDS_THE_DATABASE, _database(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        found = examine()
    assert found["database"].level is Level.WARN
    assert str(holder.pid) in found["database"].message


def test_a_file_that_is_no_database_fails(tmp_path: Path, examine: Examine) -> None:
    Path(_database(tmp_path)).write_bytes(b"not a database" * 1000)
    assert examine()["database"].level is Level.FAIL


def test_the_command_prints_a_line_for_each_check_and_fails_only_for_failures(
    values: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.setenv(name, values.get(name, ""))
    assert cli.main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("All is well.\n")
    monkeypatch.setenv("JIRA_START_MONTH", "2024-01")
    assert cli.main(["doctor"]) == 0
    assert "0 to repair, 1 to look at." in capsys.readouterr().out
    monkeypatch.setenv("JIRA_PROJECTS", "NONE")
    assert cli.main(["doctor"]) == 1
    assert "fail  projects" in capsys.readouterr().out


def _database(tmp_path: Path) -> str:
    path = tmp_path / "data" / "warehouse.duckdb"
    path.parent.mkdir(parents=True)
    return str(path)
