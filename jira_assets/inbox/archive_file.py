"""One file of the archive: its lines, and with which keys they are sealed."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from upath import UPath

from jira_assets.files import replaced
from jira_assets.inbox.frames import DamagedFrame, framed, keys, pieces
from jira_assets.privacy.errors import PrivacyError, UnknownKey
from jira_assets.privacy.keyring import Keyring
from jira_assets.privacy.rewriting import Change, Rewritten, unchanged

_RESTORE = ": restore this one from a backup, or move it away"


class DamagedArchive(Exception):
    """A file of the archive cannot be read. The others can."""

    def __init__(self, path: Path, problem: str, remedy: str = _RESTORE) -> None:
        super().__init__(f"{path} {problem}. Other files of the archive are not affected{remedy}.")
        self.path = path


class Overtaken(Exception):
    """Somebody has rewritten a file meanwhile: what it held before must not come back."""


def identity(path: Path) -> tuple[int, int]:
    """Another one for every content that a file has had."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def join(files: Sequence[Path], target: Path, keyring: Keyring) -> None:
    """Writes a file that holds the lines of these, one after the other.

    Raises Overtaken, FileNotFoundError, and DamagedArchive.
    """
    lines = (line + b"\n" for path in files for line in ArchiveFile(path, keyring).lines())
    with replaced(UPath(target)) as staged, staged.open("wb") as joined:
        before = list(map(identity, files))
        joined.writelines(framed(lines, keyring, target.name))
        if list(map(identity, files)) != before:
            raise Overtaken


class ArchiveFile:
    """A file. One that has been removed meanwhile is as good as empty.

    Raises DamagedArchive where damage begins.
    """

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self._path = path
        self._keyring = keyring

    def lines(self) -> Iterator[bytes]:
        """Its lines without their newlines, never more than one of them at once in memory."""
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            yield from self._lines(file)

    def is_sound(self) -> bool:
        """Whether all of it can be read."""
        try:
            return all(True for _ in self.lines())
        except DamagedArchive:
            return False

    def count_by_key(self) -> Counter[str | None]:
        """How many of its frames each key has sealed; None stands for no key."""
        with suppress(FileNotFoundError), self._path.open("rb") as file, self._reading():
            return Counter(keys(file, self._path.name))
        return Counter()

    def rewrite(self, change: Change) -> Rewritten:
        """Seals it with the key that writes, and changes those of its lines that ``change`` changes."""
        done = Rewritten()
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            with self._reading():
                counts = Counter(keys(file, self._path.name))
            done.seen = counts.total()
            if change is not unchanged:
                done.changed = sum(change(line) != line for line in self._from_start(file))
            done.resealed = 0 if done.changed else done.seen - counts[self._keyring.writing]
            if done.changed or done.resealed:
                self._replace(map(change, self._from_start(file)))
        return done

    def _replace(self, lines: Iterator[bytes]) -> None:
        with replaced(UPath(self._path)) as staged, staged.open("wb") as target:
            target.writelines(framed((line + b"\n" for line in lines), self._keyring, self._path.name))
            self._path.stat()  # a day that was removed meanwhile must not come back

    def _from_start(self, file: BinaryIO) -> Iterator[bytes]:
        file.seek(0, os.SEEK_SET)
        return self._lines(file)

    def _lines(self, file: BinaryIO) -> Iterator[bytes]:
        line: list[bytes] = []
        with self._reading():
            for piece in pieces(file, self._keyring, self._path.name):
                *ends, rest = piece.split(b"\n")
                for end in ends:
                    yield b"".join([*line, end])
                    line.clear()
                line.append(rest)
        if any(line):
            raise DamagedArchive(self._path, "ends within a line")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except UnknownKey as error:
            raise DamagedArchive(self._path, f"cannot be read: {error}", remedy="") from error
        except (OSError, DamagedFrame, PrivacyError) as error:
            raise DamagedArchive(self._path, f"cannot be read: {error}") from error
