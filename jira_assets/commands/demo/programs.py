"""The two programs that keep a copy up to date: Dagster, and the receiver of webhooks."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from jira_assets import clock
from jira_assets.commands.demo.processes import HOST, Running, free_port, running
from jira_assets.sandbox.server import RunningSandbox
from jira_assets.settings.environment import VARIABLES
from jira_assets.timestamps import month_of


def environment_for(sandbox: RunningSandbox, folder: Path) -> Mapping[str, str]:
    """The environment in which both copy a sandbox into a folder: ours, without the user's own settings."""
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    oldest = min((issue.created for issue in sandbox.site), default=int(clock.seconds() * 1e9) // 1_000_000)
    return inherited | {
        "JIRA_BASE_URL": sandbox.url,
        "JIRA_EMAIL": sandbox.account.email,
        "JIRA_API_TOKEN": sandbox.account.token,
        "JIRA_WEBHOOK_SECRET": secrets.token_urlsafe(),
        "JIRA_START_MONTH": month_of(datetime.fromtimestamp(oldest / 1000, UTC)),
        "JIRA_DATA_DIR": str(folder),
    }


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
