"""Where tests find public sample data that the repository does not contain."""

import os
from pathlib import Path

import pytest

_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared(relative: str) -> Path:
    """The path of a sample file or folder; skips the calling test where the samples are not installed."""
    path = Path(os.environ.get("JIRA_TEST_DATA", _BESIDE_THE_CHECKOUT)) / relative
    if not path.exists():
        pytest.skip(f"sample data {relative} is not here; set JIRA_TEST_DATA to the folder that has it")
    return path
