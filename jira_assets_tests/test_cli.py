import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from jira_assets import cli
from jira_assets.settings.environment import SettingsError


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Adds a command ``probe`` whose module has the given source."""

    def add(source: str) -> None:
        (tmp_path / "probe_command.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "probe_command", raising=False)
        monkeypatch.setattr(cli, "COMMANDS", (cli.Command("probe", "does what it is told", "probe_command"),))

    return add


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--help"])
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    assert all(command.name in printed and command.summary in printed for command in cli.COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--nonsense", "doctor"]])
def test_wrong_usage_is_told_apart_from_failure(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize("name", [command.name for command in cli.COMMANDS])
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([name, "--help"])
    assert caught.value.code == 0
    assert f"usage: jira-assets {name}" in capsys.readouterr().out


def test_a_command_gets_the_arguments_that_follow_its_name(command: Callable[[str], None]) -> None:
    command("def main(argv):\n    return 7 if list(argv) == ['--help', 'a', '--', '-b'] else 1\n")
    assert cli.main(["probe", "--help", "a", "--", "-b"]) == 7


def test_a_command_that_returns_nothing_has_succeeded(command: Callable[[str], None]) -> None:
    command("def main(argv):\n    return None\n")
    assert cli.main(["probe"]) == 0


@pytest.mark.parametrize(
    ("raised", "shown"),
    [
        ("OSError(98, 'Address already in use')", "[Errno 98] Address already in use"),
        ("ValueError('two\\nlines')", "ValueError: two lines (jira-assets --traceback shows where)"),
    ],
)
def test_a_failure_is_one_line_on_stderr(
    command: Callable[[str], None], capsys: pytest.CaptureFixture[str], raised: str, shown: str
) -> None:
    command(f"def main(argv):\n    raise {raised}\n")
    assert cli.main(["probe"]) == 1
    assert capsys.readouterr() == ("", f"jira-assets probe: {shown}\n")


def test_a_missing_setting_is_told_in_its_own_words(
    command: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command(
        "from jira_assets.settings.environment import SettingsError\n"
        "def main(argv):\n    raise SettingsError('JIRA_DOMAIN', 'is not set', 'Set it')\n"
    )
    assert cli.main(["probe"]) == 1
    assert capsys.readouterr().err == "jira-assets probe: JIRA_DOMAIN is not set. Set it.\n"


def test_where_a_command_failed_is_shown_on_request(command: Callable[[str], None]) -> None:
    command(
        "from jira_assets.settings.environment import SettingsError\n"
        "def main(argv):\n    raise SettingsError('JIRA_DOMAIN', 'is not set', 'Set it')\n"
    )
    with pytest.raises(SettingsError):
        cli.main(["--traceback", "probe"])


def test_an_interrupted_command_reports_what_a_shell_would(command: Callable[[str], None]) -> None:
    command("def main(argv):\n    raise KeyboardInterrupt\n")
    assert cli.main(["probe"]) == cli.INTERRUPTED


def test_the_help_does_not_load_what_a_run_needs(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom jira_assets import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(bool({'dagster', 'duckdb', 'polars', 'requests', 'starlette'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_a_command_whose_output_does_not_fit_on_the_disk_has_failed(
    command: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command("def main(argv):\n    print('a little, which stays in a buffer')\n")
    descriptor = os.open("/dev/full", os.O_WRONLY)
    full = os.fdopen(descriptor, "w")
    monkeypatch.setattr(sys, "stdout", full)
    assert cli.main(["probe"]) == 1
    assert "No space left" in capsys.readouterr().err
    with suppress(OSError):
        full.close()
