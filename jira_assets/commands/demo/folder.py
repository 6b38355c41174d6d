"""The folder that a demonstration keeps everything in: its own, and empty at its start."""

import fcntl
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from jira_assets.commands.demo.processes import DemoError
from jira_assets.files import write_durably

_MARKER = ".jira-assets-demo"
# The checkout's own files: beside this module they are links to them, in a wheel copies.
_CONFIGURATION = ("dagster.yaml", "workspace.yaml")
_KEPT = ("JIRA_DATA_DIR", "JIRA_ENCRYPTION_KEYS")


@contextmanager
def demo_folder(path: Path) -> Iterator[Path]:
    """The folder with nothing in it but Dagster's configuration files, reserved until the block ends.

    What an earlier demonstration left there is deleted. Raises DemoError rather than delete anything else,
    and while another demonstration uses the folder.
    """
    path.mkdir(parents=True, exist_ok=True)
    marker = path / _MARKER
    if not marker.exists() and any(path.iterdir()):
        raise DemoError(f"{path} holds something that no demo has put there. Name another folder: --data-dir")
    with marker.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"another demo is using {path}. Stop it, or name another folder: --data-dir"
            ) from None
        for left_over in path.iterdir():
            if left_over.name != _MARKER:
                _remove(left_over)
        for name in _CONFIGURATION:
            shipped = resources.files("jira_assets.commands.demo").joinpath(name)
            (path / name).write_bytes(shipped.read_bytes())
        yield path


def write_settings(folder: Path, environment: Mapping[str, str]) -> None:
    """An `.env` for commands that are run in the folder later, such as `jira-assets decrypt`."""
    lines = [f"{name}={environment[name]}\n" for name in _KEPT]
    write_durably(folder, {".env": "".join(lines).encode()})


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
