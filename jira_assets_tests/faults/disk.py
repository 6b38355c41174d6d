"""What is in a folder at any moment of a record of system calls, and what a power failure leaves of it.

A file's own fsync makes its content durable, the fsync of its folder its name; POSIX promises no more. So
there are two things that a power failure may leave: nothing of what was not synced, or new names of files
whose content is not there yet.
"""

import os
from dataclasses import dataclass
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


Content = dict[str, bytes | None]
"""What is in each file of a folder, by its path within; None for folders."""

_Names = dict[str, _File | None]
"""What each path stands for, None for a folder."""


class Disk:
    """A folder's files, in memory. What is there at first has long been durable."""

    def __init__(self, folder: Path, content: Content) -> None:
        self._folder = str(folder)
        self._names: _Names = {
            str(folder / name): None if held is None else _File(bytearray(held), held)
            for name, held in content.items()
        }
        self._synced = dict(self._names)
        self._opened: dict[int, str | _File] = {}  # a folder's path, or a file

    def left(self, left: Left) -> Content:
        names = self._synced if left is Left.SYNCED else self._names
        found: Content = {}
        for path, file in sorted(names.items()):
            name = path[len(self._folder) + 1 :]
            folder = name.rpartition("/")[0]
            if not folder or folder in found:  # otherwise the folder's own name was not durable
                content = None if file is None else bytes(file.content) if left is Left.ALL else file.synced
                found[name] = content
        return found

    def changes(self, call: Call) -> bool:
        """Whether a call changes what is there, or what is durable."""
        if call.kind == "o":
            is_there = call.path in self._names or call.path == self._folder
            return not is_there or bool(call.offset & os.O_TRUNC)
        return call.kind in "wtaslrum"

    def do(self, call: Call) -> None:
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
        if call.path == self._folder or (call.path in self._names and self._names[call.path] is None):
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
            if name.rpartition("/")[0] != opened:
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


def read(folder: Path) -> Content:
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }


def put(content: Content, folder: Path) -> None:
    """Make a folder of what it is to hold."""
    folder.mkdir()
    for name, held in sorted(content.items()):
        if held is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(held)
