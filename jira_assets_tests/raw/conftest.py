from pathlib import Path

import pytest
from upath import UPath

from jira_assets.raw.log import RawLog


@pytest.fixture
def log(tmp_path: Path) -> RawLog:
    return RawLog(UPath(tmp_path))
