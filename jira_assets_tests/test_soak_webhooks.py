"""A short form of what `make soak` does to the flow of webhooks."""

from soak_webhooks import WORKERS, soak
from webhook_soak.worker import RECEIVING, STAGES


def test_no_event_is_lost_when_everything_is_killed_and_disks_are_full_and_jira_fails() -> None:
    lines: list[str] = []
    outcome = soak(WORKERS, events=150, pace=50, issues=40, seed=1, report=lines.append)
    assert outcome.problems == []
    assert outcome.kills.keys() >= {RECEIVING, *STAGES}
    assert lines
