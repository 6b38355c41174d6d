from pathlib import Path

import pytest

from jira_assets.commands.doctor import machine_checks
from jira_assets.commands.keys import main
from jira_assets.privacy.in_use import KeysInUse
from jira_assets.privacy.keyring import Keyring
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets_tests.privacy.keys import key, keyring


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JIRA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", "")
    return tmp_path / "data"


def test_the_first_key_is_a_line_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new"]) == 0
    name, _, line = capsys.readouterr().out.strip().partition("=")
    assert name == "JIRA_ENCRYPTION_KEYS"
    assert len(Keyring.parse(line).ids) == 1


def test_another_key_has_another_id_and_goes_in_front(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str] = []
    for _ in range(3):
        monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", ",".join(keys))
        assert main(["new"]) == 0
        keys.insert(0, capsys.readouterr().out.strip().removeprefix("JIRA_ENCRYPTION_KEYS="))
    assert len(Keyring.parse(",".join(keys)).ids) == 3


def test_a_key_can_be_given_a_name_that_no_other_has(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    assert main(["new", "production"]) == 0
    assert "JIRA_ENCRYPTION_KEYS=production:" in capsys.readouterr().out
    KeysInUse(data / "keys.json").add(keyring("lost"))
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", key("production"))
    assert (main(["new", "production"]), main(["new", "lost"])) == (1, 1)
    assert capsys.readouterr().out == ""


def test_the_list_tells_which_key_writes_and_which_are_in_use(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    KeysInUse(data / "keys.json").add(keyring("old"))
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", f"{key('new')},{key('old')}")
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    assert [line.split(maxsplit=1) for line in said.splitlines()] == [
        ["new", "writes, not in use"],
        ["old", "in use"],
    ]
    assert key("new").removeprefix("new:") not in said


def test_a_key_that_has_sealed_enough_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", key("k1"))
    in_use = KeysInUse(data / "keys.json")
    in_use.add(keyring("k1"), 2**31 - 1)
    for said, level in (("2,147,483,647 values", "OK"), ("2,147,483,648 values, REPLACE", "WARN")):
        assert main(["list"]) == 0
        assert said in capsys.readouterr().out
        (finding,) = machine_checks.keys(Settings.load())
        assert finding.level.name == level
        in_use.add(keyring("k1"), 1)


def test_the_list_names_keys_that_are_missing_and_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    for key_id in ("lost", "k1"):
        KeysInUse(data / "keys.json").add(keyring(key_id))
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", key("k1", "other"))
    assert main(["list"]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("k1 ")
    assert "WRONG" in first
    assert second.startswith("lost ")
    assert "MISSING" in second


def test_without_keys_the_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert "no keys" in capsys.readouterr().out


def test_keys_that_are_written_wrongly_are_an_error_of_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", "k1:short")
    with pytest.raises(SettingsError, match="JIRA_ENCRYPTION_KEYS"):
        main(["list"])
