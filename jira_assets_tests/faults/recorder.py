"""The system calls that change files below a folder: written down, and failed by number.

They are those of this process, whoever makes them: Python, Polars and DuckDB call the same C library, and
`recorder.c` is loaded before it.
"""

import ctypes
import errno
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

_SOURCE = Path(__file__).with_name("recorder.c")
_ENTRY = struct.Struct("<qiiic?2x")  # `struct entry` there
_PRELOAD = "LD_PRELOAD"


class Fault(StrEnum):
    """What becomes of the call with the given number."""

    ENOSPC = "ENOSPC"
    EIO = "EIO"
    FULL = "a disk that stays full"


_ERRORS = {Fault.ENOSPC: errno.ENOSPC, Fault.EIO: errno.EIO, Fault.FULL: errno.ENOSPC}


@dataclass(frozen=True, slots=True)
class Call:
    """A system call. ``kind`` is a letter of `recorder.c`; what failed has ``!`` and changed nothing.

    ``offset`` is where is written, the size that is given to a file, or the flags of an open. ``path`` is
    also of what is renamed or linked to be ``target``.
    """

    kind: str
    fd: int
    offset: int
    data: bytes
    target: str
    is_counted: bool

    @property
    def path(self) -> str:
        return os.fsdecode(self.data)

    def __str__(self) -> str:
        about = f"{len(self.data)} bytes at {self.offset}" if self.kind == "w" else self.path
        return f"{_NAMES[self.kind]} {about} {self.target}".strip()


_NAMES = {
    "o": "open",
    "c": "close",
    "w": "write",
    "s": "fsync",
    "t": "ftruncate",
    "a": "fallocate",
    "r": "rename",
    "l": "link",
    "u": "unlink",
    "m": "mkdir",
    "!": "a call that failed, about",
}


def why_not() -> str | None:
    """Why nothing can be recorded on this machine; None if it can."""
    if not sys.platform.startswith("linux"):
        return "system calls are recorded on Linux only"
    return (
        None
        if shutil.which("cc")
        else "the recorder of system calls needs a C compiler (apt-get install gcc)"
    )


def preloaded() -> dict[str, str]:
    """The environment in which a process records its calls."""
    return {**os.environ, _PRELOAD: str(_built())}


def run_again_preloaded() -> NoReturn:
    """Start this program anew, in that environment."""
    os.execve(sys.executable, sys.orig_argv, preloaded())  # noqa: S606 - it is this program


def is_preloaded() -> bool:
    return hasattr(ctypes.CDLL(None), "faults_watch")


@contextmanager
def recorded(folder: Path, fault: Fault | None = None, number: int = 0) -> Iterator[list[Call]]:
    """The calls of the block, there when it has ended. The one with a number, from 1 on, fails as told."""
    library = ctypes.CDLL(None)
    calls: list[Call] = []
    with tempfile.TemporaryFile() as record:
        error = _ERRORS[fault] if fault else 0
        lasting = fault is Fault.FULL
        library.faults_watch(os.fsencode(folder), record.fileno(), ctypes.c_long(number), error, int(lasting))
        try:
            yield calls
        finally:
            library.faults_rest()
            record.seek(0)
            calls += _parsed(record.read())


def counted(calls: Sequence[Call]) -> list[Call]:
    """Those that have a number."""
    return [call for call in calls if call.is_counted]


def _parsed(record: bytes) -> Iterator[Call]:
    at = 0
    while at < len(record):
        offset, fd, first, second, kind, is_counted = _ENTRY.unpack_from(record, at)
        at += _ENTRY.size
        data, target = record[at : at + first], record[at + first : at + first + second]
        at += first + second
        yield Call(kind.decode(), fd, offset, data, os.fsdecode(target), is_counted)


def _built() -> Path:
    """The library, compiled once for each version of its source."""
    source = _SOURCE.read_bytes()
    name = f"jira-assets-recorder-{os.getuid()}-{sha256(source).hexdigest()[:16]}.so"
    library = Path(tempfile.gettempdir()) / name
    if not library.exists():
        staged = library.with_suffix(f".{os.getpid()}")
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", "-Wall", "-o", str(staged), str(_SOURCE), "-ldl", "-lpthread"],  # noqa: S607
            check=True,
        )
        staged.replace(library)
    return library
