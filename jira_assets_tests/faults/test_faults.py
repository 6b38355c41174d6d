import subprocess
import sys

import pytest

from jira_assets_tests.faults.recorder import preloaded, why_not


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
def test_whatever_call_fails_each_state_is_old_or_new_and_the_next_run_finishes() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "jira_assets_tests.faults", "--most", "8"],
        env={**preloaded(), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
