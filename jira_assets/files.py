"""Files that are either the old ones or the new ones, on this machine's disks and elsewhere.

On disks, nobody but us can read what is made here, unless it is said to be public.
"""

import contextlib
import os
import stat
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from upath import UPath

from jira_assets import clock

_LEFT_BEHIND_AFTER_S = 3600  # nobody takes this long to write a file
_COMPARED_BYTES = 1 << 20
_OPEN_AT_ONCE = 64  # of the few hundred files that a process may have open
_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_PUBLIC_FOLDER = 0o777  # less what the user's umask takes away
_OF_OTHERS = 0o077
_READ_AND_WRITE = 0o666
_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
}


class UnfitFile(OSError):
    """What has the name of a file is none that is read here. The message says what it is."""


def local(path: UPath) -> Path | None:
    """The path on this machine's disks; None for one that is elsewhere, such as s3://."""
    return Path(path.path) if path.protocol in ("", "file") else None


def private(path: str | os.PathLike[str], flags: int) -> int:
    """The ``opener`` of files that nobody else can read, from the moment they are there."""
    return os.open(path, flags, _PRIVATE_FILE)


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """A regular file to be read: nothing that waits, such as a FIFO, and no link to another place.

    Raises UnfitFile for whatever else has the name, and FileNotFoundError.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError:  # links and sockets cannot be opened like that
        if (kind := _kind(os.lstat(path).st_mode)) is not None:
            raise UnfitFile(f"is {kind}") from None
        raise
    if (kind := _kind(os.fstat(descriptor).st_mode)) is not None:
        os.close(descriptor)
        raise UnfitFile(f"is {kind}")
    return os.fdopen(descriptor, "rb")


def read_file(path: str | os.PathLike[str], most: int) -> bytes:
    """What a regular file holds. Raises UnfitFile, also for one of more bytes, and FileNotFoundError."""
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise UnfitFile(f"has {size} bytes, more than {most}")
        return file.read(size)


def no_files(folder: Path) -> dict[str, str]:
    """What lies in a folder that is no regular file, by name, and what each is. Nothing is opened."""
    found = {}
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                with contextlib.suppress(FileNotFoundError):
                    found[entry.name] = _kind(entry.stat(follow_symlinks=False).st_mode) or "a file"
    return found


def _kind(mode: int) -> str | None:
    """What has a mode, unless it is a regular file."""
    return None if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no file")


class _PrivateFiles:
    """Counts who wants files to be private: there is one umask for all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = 0
        self._before = 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._wanted:
                self._before = os.umask(_OF_OTHERS)
            self._wanted += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._wanted -= 1
            if not self._wanted:
                os.umask(self._before)

    def make_public_folder(self, folder: Path) -> None:
        """Make one with the mode that it would have without us."""
        with self._lock:
            mask = os.umask(self._before) if self._wanted else None
            try:
                folder.mkdir(_PUBLIC_FOLDER, exist_ok=True)
            finally:
                if mask is not None:
                    os.umask(mask)


private_files = _PrivateFiles()
"""While it is entered, nobody else can read what this process makes, from the first byte: for DuckDB, which
makes files, logs and spilled rows without a mode. Public files are public nevertheless.
"""


@contextmanager
def replaced(target: UPath, *, is_public: bool = False) -> Iterator[Path]:
    """A new local file to be written; it takes the target's place, durably, when the block ends without an
    error.

    A private one is there already, empty, so that whoever writes it needs not know about its mode.
    """
    on_disk = local(target)
    if on_disk is None:
        with tempfile.TemporaryDirectory() as folder:
            staged = Path(folder) / target.name
            yield staged
            target.write_bytes(staged.read_bytes())  # an object store replaces objects whole
        return
    make_folder(on_disk.parent, is_public=is_public)
    staged = on_disk.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        if not is_public:
            staged.touch(_PRIVATE_FILE, exist_ok=False)
        yield staged
        if is_public:
            staged.chmod(_PRIVATE_FILE | on_disk.parent.stat().st_mode & _OF_OTHERS & _READ_AND_WRITE)
        with staged.open("rb+") as file:
            os.fsync(file.fileno())
        staged.replace(on_disk)
        fsync_folder(on_disk.parent)
    finally:
        staged.unlink(missing_ok=True)


def is_same(one: Path, other: UPath) -> bool:
    """Whether two files hold the same; one that is not there is not the same."""
    try:
        if other.stat().st_size != one.stat().st_size:
            return False
        with one.open("rb") as first, other.open("rb") as second:
            while piece := first.read(_COMPARED_BYTES):
                if piece != second.read(_COMPARED_BYTES):
                    return False
    except FileNotFoundError:
        return False
    return True


def exchange(path: Path, content: bytes) -> None:
    """Put other content into a file, which keeps its times. Raises FileNotFoundError if it is not there."""
    with replaced(UPath(path)) as staged:
        staged.write_bytes(content)
        status = path.stat()
        os.utime(staged, ns=(status.st_atime_ns, status.st_mtime_ns))


def sync_in_turn(descriptors: Sequence[int]) -> None:
    """Make the content of open files durable."""
    for descriptor in descriptors:
        os.fsync(descriptor)


def write_durably(
    folder: Path, files: Mapping[str, bytes], sync: Callable[[Sequence[int]], None] = sync_in_turn
) -> None:
    """Create these files in a folder, each complete from the moment it is seen; durable when this returns.

    A file that has the name already is replaced. Raises OSError, after which some of the files may exist.
    All are written before the first is synced, so that the disk has less to do for each; ``sync`` may know a
    quicker way than one after the other.
    """
    make_folder(folder)
    remaining = iter(files.items())
    while group := dict(islice(remaining, _OPEN_AT_ONCE)):
        _write_group(folder, group, sync)
    fsync_folder(folder)


def _write_group(folder: Path, group: Mapping[str, bytes], sync: Callable[[Sequence[int]], None]) -> None:
    staged = {name: f"{folder}/.{uuid.uuid4().hex}.tmp" for name in group}
    descriptors: list[int] = []
    try:
        for name, content in group.items():
            # Without a file object, which takes longer to make than the file.
            descriptors.append(os.open(staged[name], os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE_FILE))
            _write_all(descriptors[-1], content)
        sync(descriptors)
        for name, path in staged.items():
            os.replace(path, f"{folder}/{name}")  # noqa: PTH105 - a Path takes longer to make
    except BaseException:
        for path in staged.values():
            Path(path).unlink(missing_ok=True)
        raise
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def make_folder_anywhere(folder: UPath, within: UPath | None = None) -> None:
    """As ``make_folder``, also where folders are nothing that has to be made durable, such as s3://."""
    on_disk = local(folder)
    if on_disk is None:
        folder.mkdir(parents=True, exist_ok=True)
    else:
        make_folder(on_disk, None if within is None else local(within))


def make_folder(folder: Path, within: Path | None = None, *, is_public: bool = False) -> None:
    """Create a folder, and those above it that are missing; durable when this returns. Raises OSError.

    Private are those from ``within`` downwards, which is the folder itself unless it is given. Public files
    are for those who may read their folder.
    """
    if not folder.is_dir():
        top = within or folder
        make_folder(folder.parent, top, is_public=is_public)
        is_private = folder.is_relative_to(top) and not is_public
        if is_private:
            folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)
        else:
            private_files.make_public_folder(folder)
        fsync_folder(folder.parent)


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a file's own fsync does not cover its name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def bytes_below(*roots: str | os.PathLike[str]) -> int:
    """The bytes of the files in these folders of this machine, each counted once; 0 of one that is not there.

    What is removed meanwhile may or may not be counted.
    """
    sizes: dict[str, int] = {}
    for root in roots:
        for folder, _, names in os.walk(root):
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    sizes[f"{folder}/{name}"] = os.lstat(f"{folder}/{name}").st_size
    return sum(sizes.values())


def remove_leftovers(folder: UPath) -> None:
    """Delete the unfinished files of writers that were killed; those of writers at work are younger."""
    on_disk = local(folder)
    if on_disk is None or not on_disk.exists():
        return
    names = [name for name in os.listdir(on_disk) if name[0] == "." and ".tmp" in name]  # noqa: PTH208 - quicker
    for path in map(on_disk.joinpath, names):  # DuckDB puts a .wal beside its file
        with contextlib.suppress(FileNotFoundError):  # somebody else may be tidying up too
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and clock.seconds() - status.st_mtime > _LEFT_BEHIND_AFTER_S:
                path.unlink()
