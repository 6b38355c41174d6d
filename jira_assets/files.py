"""Files that are either the old ones or the new ones, on this machine's disks and elsewhere."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upath import UPath


def local(path: UPath) -> Path | None:
    """The path on this machine's disks; None for one that is elsewhere, such as s3://."""
    return Path(path.path) if path.protocol in ("", "file") else None


@contextmanager
def replaced(target: UPath) -> Iterator[Path]:
    """A new local file to be written; it takes the place of the target when the block ends without an error."""
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
