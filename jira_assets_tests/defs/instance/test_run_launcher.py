"""Pins what `WatchfulRunLauncher` leans on in Dagster: a failure here reads "upstream changed"."""

import json
from pathlib import Path

import pytest
from dagster import DagsterInstance
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.test_utils import create_run_for_test

from jira_assets.defs.instance.runs import WatchfulRunLauncher


@pytest.fixture
def instance(tmp_path: Path) -> DagsterInstance:
    overrides = {
        "run_launcher": {"module": WatchfulRunLauncher.__module__, "class": WatchfulRunLauncher.__name__}
    }
    return DagsterInstance.local_temp(str(tmp_path), overrides=overrides)


def test_dagster_can_ask_it_for_the_health_of_a_run(instance: DagsterInstance) -> None:
    assert instance.run_launcher.supports_check_run_worker_health


def test_a_run_whose_code_server_is_gone_is_not_found(instance: DagsterInstance, tmp_path: Path) -> None:
    server = json.dumps({"host": "localhost", "socket": str(tmp_path / "nobody-listens-here")})
    run = create_run_for_test(instance, tags={GRPC_INFO_TAG: server})
    assert instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.NOT_FOUND


def test_of_a_run_that_names_no_server_nothing_is_claimed(instance: DagsterInstance) -> None:
    run = create_run_for_test(instance)
    assert instance.run_launcher.check_run_worker_health(run).status is WorkerStatus.UNKNOWN
