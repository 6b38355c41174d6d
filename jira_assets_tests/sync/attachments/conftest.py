from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_assets_tests.sync.attachments.keeping import Keeping, keeping


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Keeping]:
    with keeping(tmp_path) as ready:
        yield ready
