"""What anybody can learn who finds the data folder, the tables aside."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_assets_tests.filling import FOLDERS, files, filled, found_below
from jira_assets_tests.privacy.keys import key


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_with_a_key_no_name_address_or_sentence_can_be_found(tmp_path: Path) -> None:
    texts = filled(tmp_path, key("k1"))
    assert len(texts) > 50
    assert {path.relative_to(tmp_path).parts[0] for path in files(tmp_path)} == {*FOLDERS}
    assert found_below(tmp_path, texts) == set()


def test_without_one_some_can(tmp_path: Path) -> None:
    texts = filled(tmp_path)
    assert found_below(tmp_path, texts) >= {b"Maria Sommer"}


@pytest.mark.parametrize("keys", ["", key("k1")], ids=["plain", "sealed"])
def test_with_a_key_or_without_nobody_else_can_read_it(tmp_path: Path, keys: str) -> None:
    data = tmp_path / "data"
    filled(data, keys)
    paths = [path for name in FOLDERS for path in (data / name, *(data / name).rglob("*"))]
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in paths}
    assert modes == {(True, 0o700), (False, 0o600)}
    assert data.stat().st_mode & 0o777 == 0o755
