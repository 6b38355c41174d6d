"""Programs that run beside the demonstration: started, watched, and stopped with all that they started."""

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from jira_assets import clock
from jira_assets.sandbox.server import RunningSandbox
from jira_assets.settings import VARIABLES
from jira_assets.timestamps import month_of


class DemoError(Exception):
    """The demonstration cannot start or go on. The message says why, and what to do."""


HOST = "127.0.0.1"
_PACKAGES = Path(__file__).parents[3]
_SECONDS_TO_STOP = 30
_LINES_SHOWN = 15


class Running:
    """A program that was started. ``url`` is where it listens."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, port: int) -> None:
        self._name = name
        self._process = process
        self._log = log
        self.url = f"http://{HOST}:{port}"

    def check(self) -> None:
        """Raises DemoError, with the end of its log, if the program is no longer running."""
        if self._process.poll() is not None:
            lines = self._log.read_text(errors="replace").splitlines()[-_LINES_SHOWN:]
            shown = "\n".join([f"{self._name} has stopped. The last it said:", *lines])
            sys.stderr.write(shown + "\n")
            status = self._process.returncode
            raise DemoError(f"{self._name} stopped with status {status}. Its log is {self._log}")


@contextmanager
def running(
    name: str, module: Sequence[str], port: int, folder: Path, environment: Mapping[str, str]
) -> Iterator[Running]:
    """Runs ``python -m <module>`` in a folder until the block ends; its log is ``<name>.log`` there."""
    log = folder / f"{name.lower()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - arguments of our own
            [sys.executable, "-m", *module],
            # Not the caller's folder: Dagster puts the `.env` of the folder it runs in over the environment.
            cwd=folder,
            env={**environment, "PYTHONPATH": _importable(environment)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A Ctrl-C is for us alone: we stop it in our own order, and a group of its own finds stragglers.
            start_new_session=True,
        )
        try:
            yield Running(name, process, log, port)
        finally:
            _stop(process)


def require_free_port(port: int) -> None:
    """Raises DemoError if nothing can listen at the port."""
    with _probe() as probe:
        try:
            probe.bind((HOST, port))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise DemoError(
                f"port {port} cannot be used ({reason}); another Dagster may be running. "
                f"Stop it, or choose another port: --port {port + 1}"
            ) from error


def free_port() -> int:
    """A port that nobody listens at."""
    with _probe() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _probe() -> socket.socket:
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As a server binds: a port that was in use a moment ago is free.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return probe


def _importable(environment: Mapping[str, str]) -> str:
    """A PYTHONPATH with this package in it, which may be in a checkout that is not installed."""
    return os.pathsep.join(filter(None, [str(_PACKAGES), environment.get("PYTHONPATH")]))


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        pass  # killed below
    finally:
        # Runs that were in progress, and whatever else would outlive it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


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
