"""A checksum over a whole segment, in front of the footer, where Parquet readers do not look.

Parquet itself checks nothing but what its compression happens to notice. A flipped bit in a column of ids or
times would give other rows, or crash the reader, so none sees a segment before its checksum is right.
"""

import stat
import zlib
from functools import lru_cache
from typing import IO

from upath import UPath

from jira_assets.raw.errors import UnreadableSegment

_MAGIC = b"PAR1"
_MARK = b"CRC:"
_SEAL_BYTES = len(_MARK) + 4
_TAIL_BYTES = 8  # the length of the footer, and the magic number
_CHUNK_BYTES = 1 << 20


def sealed(parquet: bytes) -> bytes:
    """A Parquet file with its checksum."""
    footer_bytes = int.from_bytes(parquet[-_TAIL_BYTES:-4], "little")
    at = len(parquet) - _TAIL_BYTES - footer_bytes
    return parquet[:at] + _MARK + zlib.crc32(parquet).to_bytes(4, "little") + parquet[at:]


def verify(path: UPath) -> None:
    """Raises UnreadableSegment unless the file is just what was sealed. A file is read for it once."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # a FIFO would be waited for
        raise UnreadableSegment(str(path), "it is no file")
    _verify(path, status.st_size, getattr(status, "st_mtime", None))


def checksum(path: UPath) -> int:
    """The checksum that a file was sealed with. Raises UnreadableSegment if it has none."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(_seal_at(file, path, size))
        seal = file.read(_SEAL_BYTES)
    if not seal.startswith(_MARK):
        raise UnreadableSegment(str(path), "it has no checksum")
    return int.from_bytes(seal[len(_MARK) :], "little")


@lru_cache(maxsize=10_000)
def _verify(path: UPath, size: int, modified: float | None) -> None:
    del modified  # part of what makes it the same file
    with path.open("rb") as file:
        seal_at = _seal_at(file, path, size)
        file.seek(0)
        found, at = 0, 0
        while at < seal_at and (chunk := file.read(min(_CHUNK_BYTES, seal_at - at))):
            found, at = zlib.crc32(chunk, found), at + len(chunk)
        seal = file.read(_SEAL_BYTES)
        found = zlib.crc32(file.read(), found)
    if seal != _MARK + found.to_bytes(4, "little"):
        raise UnreadableSegment(str(path), "it is not what was written: its checksum is wrong")


def _seal_at(file: IO[bytes], path: UPath, size: int) -> int:
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    seal_at = size - _TAIL_BYTES - int.from_bytes(tail[:4], "little") - _SEAL_BYTES
    if tail[4:] != _MAGIC or seal_at < len(_MAGIC):
        raise UnreadableSegment(str(path), "it is not a whole Parquet file")
    return seal_at
