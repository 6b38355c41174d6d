import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_assets.sync.configuration import catalogue
from jira_assets_tests.filling import filled
from jira_assets_tests.upkeep.rotate.kept import Kept


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("JIRA_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)  # where nobody has an .env
    policy = tmp_path / "privacy.toml"
    policy.write_text('preset = "strict"\n')
    monkeypatch.setenv("JIRA_PRIVACY", str(policy))
    monkeypatch.setenv("JIRA_DATA_DIR", str(tmp_path / "data"))
    yield
    catalogue.cache_clear()


@pytest.fixture(scope="session")
def plain_copy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[bytes]]:
    """A folder without a key, and names, addresses and sentences that are in it."""
    folder = tmp_path_factory.mktemp("plain") / "data"
    texts = filled(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parent)
        patch.setenv("JIRA_DATA_DIR", str(folder))
        kept = Kept(folder, patch)
        kept.use()
        kept.build()
        kept.attach()
    catalogue.cache_clear()
    return folder, texts


@pytest.fixture
def plain(tmp_path: Path, plain_copy: tuple[Path, set[bytes]], monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Everything as it is kept without a key."""
    shutil.copytree(plain_copy[0], tmp_path / "data")
    kept = Kept(tmp_path / "data", monkeypatch)
    kept.use()
    return kept


@pytest.fixture
def sealed(plain: Kept) -> Kept:
    """Everything as it is kept with the key `old`."""
    plain.rotate("old")
    return plain
