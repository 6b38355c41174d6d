"""Runs that have begun and not succeeded: Dagster's run storage knows them, and workers have this."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Unfinished:
    """A file for each run, named after its month."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def months(self) -> set[str]:
        """The months that a run owes something to."""
        return {path.stem for path in self._folder.iterdir()}

    @contextmanager
    def run(self, month: str) -> Iterator[None]:
        """One run of a month. If it succeeds, it has also done what those owed that began before it."""
        before = list(self._folder.glob(f"{month}.*"))
        own = self._folder / f"{month}.{uuid.uuid4().hex}"
        own.touch()
        yield
        for path in [*before, own]:
            path.unlink(missing_ok=True)
