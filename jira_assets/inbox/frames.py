"""What a file of the archive consists of: zstd frames of lines, one after the other, sealed by a key if any.

All but those of lines that are not sealed are of the kind that zstd's readers skip (RFC 8878, 3.1.2).

A sealed frame is bound to its file, to the frame before it and to whether it is the last: none can be taken
away, exchanged, repeated or brought from elsewhere. Without a key a file begins with a mark and ends with a
digest of its name and lines, which tells damage, though not from somebody who means it. Files are seen only
when they are complete, so one that ends too early was cut, whether within a frame or between two.

Files from before had no mark and no digest, and frames that were sealed for their day alone.
"""

import io
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import chain, pairwise
from typing import BinaryIO

import zstandard

from jira_assets.privacy.errors import NotSealed
from jira_assets.privacy.keyring import TAG_BYTES, Keyring, is_sealed, key_id_of

_LEVEL = 3
_LINES_BYTES = 1 << 20  # of a frame: a sealed one is read as a whole
_READ_BYTES = 4096  # 4 of them may become 128 KiB, so that many at once could fill the memory
_SKIPPED = b"\x2a\x4d\x18"  # after a first byte, and before the number of bytes in 4, the lowest first
_SEALED_FOR_DAY, _SEALED, _BEGINNING, _DIGEST = (bytes([first]) + _SKIPPED for first in range(0x5A, 0x5E))
_SKIPPED_HEADER_BYTES = 8
_DAY_LENGTH = len("9999-12-31")


class DamagedFrame(Exception):
    """A frame is not what was written."""


def framed(lines: Iterable[bytes], keyring: Keyring, name: str) -> Iterator[bytes]:
    """Lines as the file of this name holds them, frame by frame."""
    if keyring.writing is None:
        digest = sha256(name.encode())
        yield _skipped(_BEGINNING, b"")
        for block in _blocks(lines):
            digest.update(block)
            yield _compressed(block)
        yield _skipped(_DIGEST, digest.digest())
    else:
        before = b""
        for block, following in pairwise(chain(_blocks(lines), (b"",))):
            place = _place(name, before, is_last=not following)
            sealed = keyring.seal(_compressed(block), place)
            before = sealed[-TAG_BYTES:]
            yield _skipped(_SEALED, sealed)


def pieces(file: BinaryIO, keyring: Keyring, name: str) -> Iterator[bytes]:
    """What the frames of a file hold. Raises DamagedFrame, Tampered and UnknownKey where that begins."""
    frames = _Frames(file)
    if frames.mark() == _SEALED:
        yield from _chained(frames, keyring, name)
    elif frames.mark() == _BEGINNING:
        _refuse_plain(keyring, name)
        yield from _digested(frames, name)
    else:
        yield from _by_day(frames, keyring, name)


def keys(file: BinaryIO, name: str) -> Iterator[str | None]:
    """For each frame of lines the id of the key that has sealed it, if one has. Raises as ``pieces``."""
    frames = _Frames(file)
    while frames.are_left():
        mark = frames.mark()
        if mark in (_SEALED, _SEALED_FOR_DAY):
            yield key_id_of(frames.skipped(mark), name)
        elif mark in (_BEGINNING, _DIGEST):
            frames.skipped(mark)
        else:
            for _ in frames.decompressed():
                pass
            yield None


def _chained(frames: "_Frames", keyring: Keyring, name: str) -> Iterator[bytes]:
    before = b""
    while frames.are_left():
        sealed = frames.skipped(_SEALED)
        place = _place(name, before, is_last=not frames.are_left())
        before = sealed[-TAG_BYTES:]
        yield from _unsealed(sealed, keyring, place)


def _digested(frames: "_Frames", name: str) -> Iterator[bytes]:
    digest = sha256(name.encode())
    frames.skipped(_BEGINNING)
    while frames.mark() != _DIGEST:
        for piece in frames.decompressed():
            digest.update(piece)
            yield piece
    if frames.skipped(_DIGEST) != digest.digest() or frames.are_left():
        raise DamagedFrame("it does not hold what was written")


def _by_day(frames: "_Frames", keyring: Keyring, name: str) -> Iterator[bytes]:
    place = f"archive/{name[:_DAY_LENGTH]}"
    while frames.are_left():
        if frames.mark().endswith(_SKIPPED):
            yield from _unsealed(frames.skipped(_SEALED_FOR_DAY), keyring, place)
        else:
            _refuse_plain(keyring, name)
            yield from frames.decompressed()


def _refuse_plain(keyring: Keyring, name: str) -> None:
    if keyring.refuses_plain:
        raise NotSealed(f"archive/{name}")


def _place(name: str, before: bytes, *, is_last: bool) -> str:
    """What a frame is sealed for. The tag before it says all that stands before it."""
    return f"archive/{name}/{before.hex()}/{'last' if is_last else 'more'}"


def _unsealed(sealed: bytes, keyring: Keyring, place: str) -> Iterator[bytes]:
    if not is_sealed(sealed):
        raise DamagedFrame("it holds something that nobody wrote")
    with io.BytesIO(keyring.unseal(sealed, place)) as frame:
        yield from _Frames(frame).decompressed()


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines that a frame takes."""
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= _LINES_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _compressed(block: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(block)


def _skipped(mark: bytes, content: bytes) -> bytes:
    return mark + len(content).to_bytes(4, "little") + content


class _Frames:
    """The frames of a file, one after the other. Raises DamagedFrame, also if there is none."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffered = file.read(_READ_BYTES)
        if not self._buffered:
            raise DamagedFrame("it is empty")

    def are_left(self) -> bool:
        self._buffered = self._buffered or self._file.read(_READ_BYTES)
        return bool(self._buffered)

    def mark(self) -> bytes:
        """What the next frame begins with, which stays the next."""
        if len(self._buffered) < _SKIPPED_HEADER_BYTES:
            self._buffered += self._file.read(_READ_BYTES)
        return self._buffered[: len(_SEALED)]

    def skipped(self, mark: bytes) -> bytes:
        """What the next frame holds, which must be one of those with this mark."""
        if self.mark() != mark:
            raise DamagedFrame("it holds something that nobody wrote")
        end = _SKIPPED_HEADER_BYTES + int.from_bytes(self._buffered[4:_SKIPPED_HEADER_BYTES], "little")
        self._buffered += self._file.read(max(0, end - len(self._buffered)))
        if len(self._buffered) < end:
            raise DamagedFrame("it is cut short")
        frame, self._buffered = self._buffered[:end], self._buffered[end:]
        return frame[_SKIPPED_HEADER_BYTES:]

    def decompressed(self) -> Iterator[bytes]:
        """What the next frame holds, which is not a sealed one."""
        frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            while not frame.eof:
                if not self.are_left():
                    raise DamagedFrame("it is cut short")
                yield frame.decompress(self._buffered)
                self._buffered = frame.unused_data
        except zstandard.ZstdError as error:
            raise DamagedFrame(str(error)) from error
