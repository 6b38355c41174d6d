"""A short form of what `make soak` does to the flow of webhooks."""

from pathlib import Path

import pytest
from soak_webhooks import WORKERS, soak
from webhook_soak.unfinished import Unfinished
from webhook_soak.worker import RECEIVING, STAGES


def test_no_event_is_lost_when_everything_is_killed_and_disks_are_full_and_jira_fails() -> None:
    lines: list[str] = []
    outcome = soak(WORKERS, events=150, pace=50, issues=40, seed=1, report=lines.append)
    assert outcome.problems == []
    assert outcome.kills.keys() >= {RECEIVING, *STAGES}
    assert lines


def test_a_run_is_owed_when_it_has_failed_and_not_while_somebody_is_at_it(tmp_path: Path) -> None:
    unfinished = Unfinished(tmp_path)
    with pytest.raises(OSError, match="full"), unfinished.run("2024-01"):  # noqa: PT012
        assert (len(unfinished.runs()), unfinished.abandoned()) == (1, set())
        raise OSError("full")
    assert unfinished.abandoned() == {"2024-01"}
    with unfinished.run("2024-02"), unfinished.run("2024-01"):
        assert unfinished.abandoned() == {"2024-01"}  # until the second run has done it
    assert (unfinished.runs(), unfinished.abandoned()) == (set(), set())
