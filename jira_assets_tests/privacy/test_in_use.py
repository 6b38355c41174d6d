import json
import multiprocessing
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jira_assets.privacy.errors import PrivacyError, UnknownKey, WrongKey
from jira_assets.privacy.in_use import KeysInUse
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets_tests.privacy.keys import key, keyring

PLACE = "somewhere"


@pytest.fixture
def settings_with(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with these keys, and always the same data."""

    def settings(*keys: str) -> Settings:
        return Settings({"JIRA_DATA_DIR": str(tmp_path / "data"), "JIRA_ENCRYPTION_KEYS": ",".join(keys)})

    return settings


SettingsWith = Callable[..., Settings]


def test_without_keys_nothing_is_sealed_and_nothing_is_noted(settings_with: SettingsWith) -> None:
    settings = settings_with()
    assert settings.keyring.seal(b"text", PLACE) == b"text"
    assert not settings.data_dir.exists()


def test_a_key_is_in_use_once_it_writes_and_not_before(settings_with: SettingsWith) -> None:
    settings = settings_with(key("k1"), key("k2"))
    assert settings.keyring.unseal(keyring("k2").seal(b"text", PLACE), PLACE) == b"text"
    assert not settings.keys_file.exists()
    settings.keyring.seal(b"text", PLACE)
    assert KeysInUse(settings.keys_file).ids() == ["k1"]


@pytest.mark.parametrize("keys", [[], [key("k2")], [key("k2"), key("k3")]])
def test_a_key_that_is_in_use_and_missing_is_named_before_anything_is_written(
    settings_with: SettingsWith, keys: list[str]
) -> None:
    settings_with(key("k1")).keyring.seal(b"text", PLACE)
    with pytest.raises(UnknownKey, match="'k1'"):
        _ = settings_with(*keys).keyring


def test_a_key_that_is_another_than_the_one_in_use_is_named(settings_with: SettingsWith) -> None:
    settings_with(key("k1")).keyring.seal(b"text", PLACE)
    for keys in ([key("k1", "other")], [key("k2"), key("k1", "other")]):
        with pytest.raises(WrongKey, match="'k1'"):
            _ = settings_with(*keys).keyring


def test_a_new_key_in_front_writes_and_the_one_behind_it_is_still_needed(settings_with: SettingsWith) -> None:
    settings_with(key("k1")).keyring.seal(b"text", PLACE)
    settings = settings_with(key("k2"), key("k1"))
    settings.keyring.seal(b"text", PLACE)
    assert KeysInUse(settings.keys_file).ids() == ["k1", "k2"]
    with pytest.raises(UnknownKey, match="'k1'"):
        _ = settings_with(key("k2")).keyring


def test_values_are_counted_before_they_are_sealed_and_pseudonyms_are_not(
    settings_with: SettingsWith,
) -> None:
    settings = settings_with(key("k1"))
    counted = KeysInUse(settings.keys_file)
    ring = settings.keyring
    ring.pseudonym(b"Maria", "name")
    noted = counted.values()["k1"]
    for _ in range(1000):
        ring.pseudonym(b"Maria", "name")
    assert counted.values() == {"k1": noted}
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: ring.seal(b"text", PLACE), range(1000)))
    assert 1000 <= counted.values()["k1"] < 2500
    before = counted.values()["k1"]
    for _ in range(10):  # processes, each of which may be killed when it has sealed one value
        Keyring.parse(key("k1"), before_writing=lambda values: counted.add(keyring("k1"), values)).seal(
            b"text", PLACE
        )
    assert before + 10 <= counted.values()["k1"] < before + 1000
    assert settings.keyring is settings.keyring  # what is counted makes no other ring


def test_a_file_of_before_values_were_counted_begins_with_none(settings_with: SettingsWith) -> None:
    settings = settings_with(key("k1"))
    KeysInUse(settings.keys_file).add(keyring("k1"))
    content = json.loads(settings.keys_file.read_text())
    settings.keys_file.write_text(json.dumps({"checks": content["checks"]}))
    assert KeysInUse(settings.keys_file).values_of_writing(settings.keyring) == 0
    settings.keyring.seal(b"text", PLACE)
    assert KeysInUse(settings.keys_file).values()["k1"] >= 1
    assert KeysInUse(settings.keys_file).values_of_writing(NO_KEYS) is None


def test_a_retired_key_is_needed_no_more(settings_with: SettingsWith) -> None:
    settings_with(key("k1")).keyring.seal(b"text", PLACE)
    settings = settings_with(key("k2"), key("k1"))
    settings.keyring.seal(b"text", PLACE)
    KeysInUse(settings.keys_file).retire("k1")
    assert list(KeysInUse(settings.keys_file).values()) == ["k2"]
    assert settings_with(key("k2")).keyring.ids == ("k2",)


def test_two_processes_that_start_with_two_keys_of_one_id_do_not_both_write(
    settings_with: SettingsWith,
) -> None:
    one, other = settings_with(key("k1")).keyring, settings_with(key("k1", "other")).keyring
    one.seal(b"text", PLACE)
    with pytest.raises(WrongKey, match="'k1'"):
        other.seal(b"text", PLACE)


def test_a_keyring_is_made_once_for_thousands_of_calls(settings_with: SettingsWith) -> None:
    settings = settings_with(key("k1"))
    settings.keyring.seal(b"text", PLACE)
    assert settings.keyring is settings.keyring


def test_keys_that_are_written_wrongly_name_the_setting_and_show_nothing(settings_with: SettingsWith) -> None:
    secret = key("k1").removeprefix("k1:")
    with pytest.raises(SettingsError, match="JIRA_ENCRYPTION_KEYS has no proper id at place 1") as caught:
        _ = settings_with(secret).keyring
    assert secret[:8] not in "".join(traceback.format_exception(caught.value))
    assert secret not in repr(settings_with(key("k1")))


def test_a_damaged_file_is_named(settings_with: SettingsWith) -> None:
    settings = settings_with(key("k1"))
    settings.keyring.seal(b"text", PLACE)
    settings.keys_file.write_bytes(settings.keys_file.read_bytes()[:-5])
    with pytest.raises(PrivacyError, match=r"keys\.json"):
        _ = settings.keyring


def test_a_key_is_not_in_the_file_and_nobody_else_can_read_it(settings_with: SettingsWith) -> None:
    settings = settings_with(key("k1"))
    settings.keyring.seal(b"text", PLACE)
    assert key("k1").removeprefix("k1:") not in settings.keys_file.read_text()
    assert settings.keys_file.stat().st_mode & 0o777 == 0o600


def note(path: Path, key_id: str) -> None:
    KeysInUse(path).add(keyring(key_id))


def test_processes_that_begin_to_write_at_once_are_all_noted(tmp_path: Path) -> None:
    path, ids = tmp_path / "keys.json", [f"k{number}" for number in range(12)]
    processes = multiprocessing.get_context("forkserver")
    with ThreadPoolExecutor(4) as threads, processes.Pool(2) as pool:
        notings = [pool.apply_async(note, (path, key_id)) for key_id in ids[::2]]
        list(threads.map(lambda key_id: note(path, key_id), ids[1::2]))
        for noting in notings:
            noting.get(60)
    assert sorted(KeysInUse(path).ids()) == sorted(ids)
    KeysInUse(path).verify(keyring(*ids))


def test_no_key_is_needed_where_none_was_used(tmp_path: Path) -> None:
    KeysInUse(tmp_path / "keys.json").verify(NO_KEYS)
