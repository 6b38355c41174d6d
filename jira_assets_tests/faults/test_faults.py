"""A short form of `python -m jira_assets_tests.faults`: some faults of each operation."""

import subprocess
import sys

import pytest

from jira_assets_tests.faults.recorder import preloaded, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=why_not() or "")

_SMALL = ("receive", "drain", "apply", "append", "compact", "rotate", "forget")
_LARGE = ("create", "refresh", "publish first", "publish", "purge", "run")


@pytest.mark.parametrize(("operations", "most"), [(_SMALL, 12), (_LARGE, 3)])
def test_whatever_call_fails_the_copy_is_old_or_new_and_the_next_run_finishes(
    operations: tuple[str, ...], most: int
) -> None:
    chosen = [argument for name in operations for argument in ("--operation", name)]
    found = subprocess.run(
        [sys.executable, "-m", "jira_assets_tests.faults", *chosen, "--most", str(most)],
        env={**preloaded(), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
