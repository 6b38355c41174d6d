import shutil
from pathlib import Path

import pytest
from dagster import DagsterInstance

from jira_assets.defs.instance.runs import PromptRunCoordinator

REPOSITORY = Path(__file__).resolve().parents[3]


def test_the_queue_is_looked_into_every_half_second_and_keeps_its_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(REPOSITORY / "dagster.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        coordinator = instance.run_coordinator
        assert isinstance(coordinator, PromptRunCoordinator)
        assert coordinator.dequeue_interval_seconds == 0.5
        assert coordinator.dequeue_use_threads
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 3
        assert {limit["key"] for limit in queue.tag_concurrency_limits} == {
            "dagster/backfill",
            "dagster/partition",
        }
        assert queue.max_user_code_failure_retries == 3
