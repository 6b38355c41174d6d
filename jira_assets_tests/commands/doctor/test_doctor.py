import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from jira_assets import cli
from jira_assets.commands.doctor import machine_checks
from jira_assets.commands.doctor.finding import Level
from jira_assets.sandbox import faults
from jira_assets.sandbox.faults import Fault
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.settings import VARIABLES, Settings
from jira_assets_tests.commands.doctor.examining import Examine, small_site

HOLDS_THE_DATABASE = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with serve(small_site()) as running:
        yield running


@pytest.fixture
def examine(sandbox: RunningSandbox, tmp_path: Path) -> Examine:
    return Examine(sandbox, tmp_path)


def test_a_site_that_is_set_up_passes_every_check(examine: Examine) -> None:
    found = examine()
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert " ".join(found) == (
        "settings token life site credentials clock permissions projects start month SLAs keys disk database"
    )
    assert found["credentials"].message == "signed in as Sandbox User on the site"
    assert found["projects"].message == "2 to copy, with about 3 issues (ENG 1, SUP 2)"
    assert "oldest issue is SUP-1 of 2021-03" in found["start month"].message
    assert "JIRA_TOKEN_EXPIRES" in found["token life"].message


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


@pytest.mark.parametrize(
    ("days", "level", "message"),
    [
        (-1, Level.FAIL, "the token expired on "),
        (0, Level.WARN, "in 0 days"),
        (30, Level.WARN, "in 30 days"),
        (31, Level.OK, "in 31 days"),
    ],
)
def test_a_token_is_warned_about_thirty_days_before_it_ends(days: int, level: Level, message: str) -> None:
    today = date(2027, 5, 1)
    settings = Settings({"JIRA_TOKEN_EXPIRES": (today + timedelta(days=days)).isoformat()})
    (finding,) = machine_checks.token_life(settings, today)
    assert finding.level is level
    assert message in finding.message


def test_a_last_day_that_is_no_date_is_told(examine: Examine) -> None:
    found = examine(JIRA_TOKEN_EXPIRES="soon")
    assert "JIRA_TOKEN_EXPIRES" in found["settings"].message
    assert found["token life"].remedy == "Repair JIRA_TOKEN_EXPIRES first."


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


def test_a_project_in_which_the_permission_is_missing_is_named(
    sandbox: RunningSandbox, examine: Examine
) -> None:
    answer = b'{"permissions":{"BROWSE_PROJECTS":{"havePermission":false}}}'
    sandbox.faults.add(Fault("lacks it", status=200, body=answer), path="/mypermissions$", after=1, times=1)
    found = examine(JIRA_PROJECTS="ENG,SUP")
    assert found["permissions"].level is Level.FAIL
    assert found["permissions"].message == "the account lacks the permission Browse Projects in SUP"


def test_permissions_that_jira_does_not_tell_are_not_called_missing(
    sandbox: RunningSandbox, examine: Examine
) -> None:
    sandbox.faults.add(faults.failing(403, "Not allowed."), path="/mypermissions$")
    found = examine(JIRA_PROJECTS="ENG,SUP")
    assert found["permissions"].message == "GET /rest/api/3/mypermissions: HTTP 403: Not allowed."


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
def test_a_clock_that_is_wrong_is_warned_about(examine: Examine, seconds: int, word: str) -> None:
    with serve(Site(clock=lambda: int((time.time() + seconds) * 1000))) as sandbox:
        clock = examine(JIRA_BASE_URL=sandbox.url)["clock"]
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


@pytest.mark.parametrize(("mode", "is_named"), [(0o600, False), (0o400, False), (0o644, True), (0o620, True)])
def test_secrets_that_others_may_read_are_named(
    tmp_path: Path, examine: Examine, monkeypatch: pytest.MonkeyPatch, mode: int, is_named: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").touch()
    (tmp_path / ".env").chmod(mode)
    found = examine().get(".env")
    assert (found is not None) == is_named
    if found is not None:
        assert (found.level, found.remedy) == (Level.WARN, "chmod 600 .env")
        assert f"{mode:04o}" in found.message


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
    examine: Examine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.setenv(name, examine.values.get(name, ""))
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


def test_what_a_site_has_switched_off_is_told(sandbox: RunningSandbox, examine: Examine) -> None:
    sandbox.site.switched_off.update({"timeTrackingEnabled", "votingEnabled"})
    found = examine()["switched off"]
    assert (found.level, found.message) == (Level.OK, "time tracking, voting: not asked for")


def test_a_scope_that_one_endpoint_lacks_is_told_with_its_name(
    sandbox: RunningSandbox, examine: Examine
) -> None:
    sandbox.faults.add(faults.failing(401, "Unauthorized; scope does not match"), path="comment/list")
    found = examine()["scopes"]
    assert found.level is Level.WARN
    assert "POST /rest/api/3/comment/list" in found.message
    assert "read:jira-work" in found.remedy
