from pathlib import Path

import pytest
from upath import UPath

from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.raw.log import RawLog


@pytest.fixture
def keyring() -> Keyring:
    return NO_KEYS


@pytest.fixture
def log(tmp_path: Path, keyring: Keyring) -> RawLog:
    return RawLog(UPath(tmp_path), keyring)
