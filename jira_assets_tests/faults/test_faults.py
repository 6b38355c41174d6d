import subprocess
import sys

import pytest

from jira_assets_tests.faults.recorder import preloaded, why_not

needs_recorder = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def enumerate_faults(*options: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "jira_assets_tests.faults", *options],
        env={**preloaded(), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


@needs_recorder
def test_whatever_call_fails_each_state_is_old_or_new_and_the_next_run_finishes() -> None:
    enumerate_faults("--most", "8")


@needs_recorder
def test_a_power_failure_takes_nothing_that_was_told_to_be_done() -> None:
    quick = [word for name in ("receive", "drain", "append") for word in ("--operation", name)]
    enumerate_faults(*quick, "--only", "^power")
