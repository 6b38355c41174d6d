"""Dagster's web UI and daemon as a child process: started, watched, and stopped with all that it started."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from jira_assets.demo.errors import DemoError

LOG = "dagster.log"
_HOST = "127.0.0.1"
_PACKAGES = Path(__file__).parents[2]
_SECONDS_TO_STOP = 30
_LINES_SHOWN = 15


class DagsterDev:
    """A running `dagster dev`."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, port: int) -> None:
        self._process = process
        self._log = log
        self.url = f"http://{_HOST}:{port}"

    def check(self) -> None:
        """Raises DemoError, with the end of its log, if Dagster is no longer running."""
        if self._process.poll() is not None:
            lines = self._log.read_text(errors="replace").splitlines()[-_LINES_SHOWN:]
            shown = "\n".join(["Dagster has stopped. The last it said:", *lines])
            sys.stderr.write(shown + "\n")
            raise DemoError(f"Dagster stopped with status {self._process.returncode}. Its log is {self._log}")


@contextmanager
def dagster_dev(folder: Path, port: int, environment: Mapping[str, str]) -> Iterator[DagsterDev]:
    """Runs `dagster dev` in a folder with a `dagster.yaml` and a `workspace.yaml`, until the block ends.

    The log is `dagster.log` in the folder.
    """
    command = [sys.executable, "-m", "dagster", "dev", "--host", _HOST, "--port", str(port)]
    log = folder / LOG
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - arguments of our own
            command,
            # Not the caller's folder: Dagster puts the `.env` of the folder it runs in over the environment.
            cwd=folder,
            env={**environment, "DAGSTER_HOME": str(folder), "PYTHONPATH": _importable(environment)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A Ctrl-C is for us alone: we stop it in our own order, and a group of its own finds stragglers.
            start_new_session=True,
        )
        try:
            yield DagsterDev(process, log, port)
        finally:
            _stop(process)


def require_free_port(port: int) -> None:
    """Raises DemoError if nothing can listen at the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As a server binds: a port that was in use a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise DemoError(
                f"port {port} cannot be used ({reason}); another Dagster may be running. "
                f"Stop it, or choose another port: --port {port + 1}"
            ) from error


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
