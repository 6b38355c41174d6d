from pathlib import Path

import pytest

from jira_assets_tests.warehouse.filled import fill


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that no test changes."""
    return fill(tmp_path_factory.mktemp("filled"))
