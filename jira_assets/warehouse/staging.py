"""Frames that wait to be stored: in memory while they are small, else as Arrow files beside the warehouse."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from jira_assets.files import make_folder, private

Piece = Mapping[str, pl.DataFrame]
"""Frames of the same issues, by the names of their tables."""

_BYTES_IN_MEMORY = 64_000_000


class Stage:
    """Keeps pieces until they are stored. `remove_leftovers` sweeps the files of a killed process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []
        self._bytes = 0

    def keep(self, pieces: Iterable[Piece]) -> "StagedPieces":
        """Takes all of these pieces. What all that is held takes in memory is bounded."""
        staged: list[Piece | Mapping[str, Path]] = []
        held: list[Piece] = []
        size = 0
        for piece in pieces:
            held.append(piece)
            size += sum(int(frame.estimated_size()) for frame in piece.values())
            if self._bytes + size > _BYTES_IN_MEMORY:
                staged.append(self._written(held))
                held, size = [], 0
        self._bytes += size
        return StagedPieces([*staged, *held])

    def clear(self) -> None:
        """Forget all that is kept."""
        for path in self._files:
            path.unlink(missing_ok=True)
        self._files.clear()
        self._bytes = 0

    def _written(self, pieces: Sequence[Piece]) -> Mapping[str, Path]:
        paths = {}
        make_folder(self._folder)
        for name in pieces[0]:
            paths[name] = self._folder / f".{uuid.uuid4().hex}.tmp"
            self._files.append(paths[name])
            with open(paths[name], "xb", opener=private) as file:
                pl.concat([piece[name] for piece in pieces]).write_ipc(file)
        return paths


class StagedPieces:
    """Pieces that can be read again and again."""

    def __init__(self, pieces: Sequence[Piece | Mapping[str, Path]]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[Piece]:
        for piece in self._pieces:
            yield {name: _frame(each) for name, each in piece.items()}

    def frames(self, table: str) -> Iterator[pl.DataFrame]:
        """Those of one table."""
        return (_frame(piece[table]) for piece in self._pieces)


def _frame(kept: pl.DataFrame | Path) -> pl.DataFrame:
    return pl.read_ipc(kept) if isinstance(kept, Path) else kept


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """What is kept lasts until the block ends."""
    made = Stage(folder)
    try:
        yield made
    finally:
        made.clear()
