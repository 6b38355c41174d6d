"""The receiver with a key."""

import json
from pathlib import Path

import pytest

from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.receiver.app import application
from jira_assets.inbox.receiver.server import running
from jira_assets.privacy.errors import UnknownKey
from jira_assets.settings import Settings
from jira_assets_tests.inbox.receiver.sending import SECRET, deliver, event
from jira_assets_tests.privacy.keys import key

MB = 1024 * 1024


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    values = {"JIRA_WEBHOOK_SECRET": SECRET, "JIRA_DATA_DIR": str(tmp_path / "data")}
    return Settings({**values, "JIRA_ENCRYPTION_KEYS": key("k1")})


@pytest.mark.parametrize("size", [100, MB, 3 * MB, 25 * MB - 9])
def test_an_event_of_any_size_is_sealed(url: str, settings: Settings, size: int) -> None:
    body = json.dumps({"x": "secret".ljust(size, "y")}).encode()
    assert deliver(url, body, query="?issue=10001").status_code == 200
    inbox = Inbox(settings.inbox_dir, settings.keyring)
    (name,) = inbox.names()
    content = (inbox.folder / name).read_bytes()
    assert b"secret" not in content
    assert b"10001" not in content
    assert (inbox.read(name).body, inbox.read(name).issue_hint) == (body, "10001")


@pytest.mark.parametrize("size", [100, 3 * MB])
def test_what_is_no_event_is_sealed_too(url: str, settings: Settings, size: int) -> None:
    body = b"secret".ljust(size)
    assert deliver(url, body).status_code == 202
    unreadable = Inbox(settings.unreadable_dir, settings.keyring)
    (name,) = unreadable.names()
    assert b"secret" not in (unreadable.folder / name).read_bytes()
    assert unreadable.read(name).body == body


def test_duplicates_are_known_after_a_restart(settings: Settings) -> None:
    for outcome in ("stored", "duplicate"):
        with running(settings) as url:
            assert deliver(url, event(), "one").json()["outcome"] == outcome


def test_it_does_not_start_without_a_key_that_is_in_use(settings: Settings) -> None:
    settings.keyring.seal(b"text", "somewhere")
    with pytest.raises(UnknownKey, match="'k1'"):
        application(settings.with_values(JIRA_ENCRYPTION_KEYS=key("k2")))
