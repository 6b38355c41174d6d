"""Runs that have begun and not succeeded: Dagster's run storage knows them, and workers have this."""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Unfinished:
    """A file for each run, named after its month, which whoever runs it holds locked while alive.

    Who is killed lets go of it: then the month is to be done again, and not before.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def runs(self) -> set[str]:
        """All of them, those in progress too."""
        return {path.name for path in self._folder.glob("[!.]*")}

    def abandoned(self) -> set[str]:
        """The months of runs that nobody is at: they failed, or whoever did them was killed."""
        return {path.stem for path in self._abandoned("[!.]*")}

    @contextmanager
    def run(self, month: str) -> Iterator[None]:
        """One run of a month. If it succeeds, it has also done what those owed that were abandoned before."""
        before = self._abandoned(f"{month}.*")
        own = self._folder / f"{month}.{uuid.uuid4().hex}"
        staged = own.with_name(f".{own.name}")
        with staged.open("xb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            staged.rename(own)  # nobody sees it unlocked
            yield
            for path in [*before, own]:
                path.unlink(missing_ok=True)

    def _abandoned(self, pattern: str) -> list[Path]:
        return [path for path in self._folder.glob(pattern) if not _is_held(path)]


def _is_held(path: Path) -> bool:
    with suppress(FileNotFoundError):  # it has just succeeded
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)
    return True
