"""The two programs that keep a copy up to date: Dagster, and the receiver of webhooks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from jira_assets.demo.processes import HOST, Running, free_port, running


@contextmanager
def dagster_dev(folder: Path, port: int, environment: Mapping[str, str]) -> Iterator[Running]:
    """`dagster dev` (web UI, daemon, code server) with the folder's `dagster.yaml` and `workspace.yaml`."""
    module = ["dagster", "dev", "--host", HOST, "--port", str(port)]
    with running("Dagster", module, port, folder, {**environment, "DAGSTER_HOME": str(folder)}) as dagster:
        yield dagster


@contextmanager
def receiver(folder: Path, environment: Mapping[str, str]) -> Iterator[Running]:
    """`jira-assets serve`, on a free port."""
    port = free_port()
    module = ["jira_assets.cli", "serve", "--host", HOST, "--port", str(port)]
    with running("Receiver", module, port, folder, environment) as started:
        yield started
