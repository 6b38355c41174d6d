"""Files that are either the old ones or the new ones, on this machine's disks and elsewhere."""

import contextlib
import os
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from upath import UPath

_LEFT_BEHIND_AFTER_S = 3600  # nobody takes this long to write a file


def local(path: UPath) -> Path | None:
    """The path on this machine's disks; None for one that is elsewhere, such as s3://."""
    return Path(path.path) if path.protocol in ("", "file") else None


@contextmanager
def replaced(target: UPath) -> Iterator[Path]:
    """A new local file to be written; it takes the target's place when the block ends without an error."""
    on_disk = local(target)
    if on_disk is None:
        with tempfile.TemporaryDirectory() as folder:
            staged = Path(folder) / target.name
            yield staged
            target.write_bytes(staged.read_bytes())  # an object store replaces objects whole
        return
    on_disk.parent.mkdir(parents=True, exist_ok=True)
    staged = on_disk.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        yield staged
        with staged.open("rb+") as file:
            os.fsync(file.fileno())
        staged.replace(on_disk)
    finally:
        staged.unlink(missing_ok=True)


def write_durably(folder: Path, files: Mapping[str, bytes]) -> None:
    """Create these files in a folder, each complete from the moment it is seen; durable when this returns.

    A file that has the name already is replaced. Raises OSError, after which some of the files may exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        staged = folder / f".{uuid.uuid4().hex}.tmp"
        try:
            with staged.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            staged.replace(folder / name)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
    fsync_folder(folder)


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a file's own fsync does not cover its name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: UPath) -> None:
    """Delete the unfinished files of writers that were killed; those of writers at work are younger."""
    on_disk = local(folder)
    if on_disk is None or not on_disk.exists():
        return
    for path in on_disk.glob(".*.tmp*"):  # DuckDB puts a .wal beside its file
        with contextlib.suppress(FileNotFoundError):  # somebody else may be tidying up too
            if time.time() - path.stat().st_mtime > _LEFT_BEHIND_AFTER_S:
                path.unlink()
