"""What is in a folder at any moment of a record of system calls, and what a power failure leaves of it.

A file's own fsync makes its content durable, the fsync of its folder its name; POSIX promises no more. So
there are two things that a power failure may leave: nothing of what was not synced, or new names of files
whose content is not there yet.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from jira_assets_tests.faults.recorder import Call


class Left(StrEnum):
    """What is left by whatever ends the process."""

    ALL = "a kill"
    SYNCED = "a power failure"
    NAMES = "a power failure that keeps names"


@dataclass(slots=True, eq=False)
class _File:
    content: bytearray
    synced: bytes = b""


_Names = dict[str, _File | None]
"""What each path stands for, None for a folder."""


@dataclass
class Disk:
    """A folder's files, in memory."""

    folder: Path
    _names: _Names = field(default_factory=dict)
    _synced: _Names = field(default_factory=dict)
    _opened: dict[int, str | _File] = field(default_factory=dict)  # a folder's path, or a file

    @classmethod
    def of(cls, folder: Path) -> "Disk":
        """All that is there now has long been durable."""
        disk = cls(folder)
        for path in folder.rglob("*"):
            content = None if path.is_dir() else path.read_bytes()
            disk._names[str(path)] = None if content is None else _File(bytearray(content), content)
        disk._synced = dict(disk._names)
        return disk

    def states(self, calls: Sequence[Call]) -> Iterator[int]:
        """Does one call after the other; stops before each that changes something, with its number."""
        number = 0
        for call in calls:
            number += call.is_counted
            if self._changes(call):
                yield number
            self._do(call)

    def left(self, left: Left) -> dict[str, bytes | None]:
        """The content of each file, by its path within the folder; None for folders."""
        names = self._synced if left is Left.SYNCED else self._names
        found: dict[str, bytes | None] = {}
        for path, file in sorted(names.items()):
            parent = os.path.dirname(path)  # noqa: PTH120 - of text
            if parent != str(self.folder) and os.path.relpath(parent, self.folder) not in found:
                continue  # its folder's name was not durable
            content = None if file is None else bytes(file.content) if left is Left.ALL else file.synced
            found[os.path.relpath(path, self.folder)] = content
        return found

    def _changes(self, call: Call) -> bool:
        if call.kind == "o":
            return bool(call.offset & os.O_TRUNC) or (
                call.path not in self._names and call.path != str(self.folder)
            )
        return call.kind in "wtaslrum"

    def _do(self, call: Call) -> None:
        match call.kind:
            case "o":
                self._open(call)
            case "c":
                self._opened.pop(call.fd, None)
            case "m":
                self._names[call.path] = None
            case "u":
                self._names.pop(call.path)
            case "l":
                self._names[call.target] = self._names[call.path]
            case "r":
                self._rename(call.path, call.target)
            case "s":
                self._sync(self._opened[call.fd])
            case "w" | "t" | "a":
                self._write(call)

    def _open(self, call: Call) -> None:
        if call.path == str(self.folder) or (call.path in self._names and self._names[call.path] is None):
            self._opened[call.fd] = call.path
            return
        file = self._names.setdefault(call.path, _File(bytearray()))
        assert file is not None
        if call.offset & os.O_TRUNC:
            file.content.clear()
        self._opened[call.fd] = file

    def _rename(self, path: str, target: str) -> None:
        below = [name for name in self._names if name == path or name.startswith(f"{path}/")]
        for name in below:
            self._names[target + name[len(path) :]] = self._names.pop(name)

    def _sync(self, opened: str | _File) -> None:
        if isinstance(opened, _File):
            opened.synced = bytes(opened.content)
            return
        for name in {*self._names, *self._synced}:
            if os.path.dirname(name) != opened:  # noqa: PTH120 - of text
                continue
            if name in self._names:
                self._synced[name] = self._names[name]
            else:
                self._synced.pop(name)

    def _write(self, call: Call) -> None:
        file = self._opened[call.fd]
        assert isinstance(file, _File)
        if call.kind == "w":
            size = max(len(file.content), call.offset)
            file.content.extend(bytes(size - len(file.content)))
            file.content[call.offset : call.offset + len(call.data)] = call.data
        elif call.kind == "t":
            del file.content[call.offset :]
            file.content.extend(bytes(call.offset - len(file.content)))
        else:
            file.content.extend(bytes(max(0, call.offset - len(file.content))))


def put(left: dict[str, bytes | None], folder: Path) -> None:
    """Make a folder of what is left."""
    folder.mkdir()
    for name, content in left.items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)
