"""What a file of the archive consists of: zstd frames of lines, one after the other, sealed by a key if any.

A sealed frame stands in one of those that zstd's readers skip (RFC 8878, 3.1.2). So files can be joined as
before, also those from before there was a key with later ones.
"""

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import zstandard

from jira_assets.privacy.keyring import Keyring, is_sealed, key_id_of

_LEVEL = 3
_LINES_BYTES = 1 << 20  # of a frame: a sealed one is read as a whole
_READ_BYTES = 4096  # 4 of them may become 128 KiB, so that many at once could fill the memory
_SKIPPED = b"\x5a\x2a\x4d\x18"  # and the number of bytes that follow, in 4 bytes, the lowest first
_SKIPPED_HEADER_BYTES = 8


class DamagedFrame(Exception):
    """A frame is not what was written."""


def framed(lines: Iterable[bytes], keyring: Keyring, place: str) -> Iterator[bytes]:
    """Lines as a file holds them, frame by frame."""
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= _LINES_BYTES:
            yield _frame(waiting, keyring, place)
            waiting, size = [], 0
    if waiting:
        yield _frame(waiting, keyring, place)


def pieces(file: BinaryIO, keyring: Keyring, place: str) -> Iterator[bytes]:
    """What the frames of a file hold. Raises DamagedFrame, Tampered and UnknownKey where that begins."""
    frames = _Frames(file)
    while frames.are_left():
        sealed = frames.sealed()
        if sealed is None:
            yield from frames.decompressed()
        else:
            with io.BytesIO(keyring.unseal(sealed, place)) as frame:
                yield from _Frames(frame).decompressed()


def keys(file: BinaryIO, place: str) -> Iterator[str | None]:
    """For each frame of a file the id of the key that has sealed it, if one has. Raises as ``pieces``."""
    frames = _Frames(file)
    while frames.are_left():
        sealed = frames.sealed()
        if sealed is None:
            for _ in frames.decompressed():
                pass
            yield None
        else:
            yield key_id_of(sealed, place)


def _frame(lines: Iterable[bytes], keyring: Keyring, place: str) -> bytes:
    frame = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(b"".join(lines))
    if keyring.writing is None:
        return frame
    sealed = keyring.seal(frame, place)
    return _SKIPPED + len(sealed).to_bytes(4, "little") + sealed


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

    def sealed(self) -> bytes | None:
        """What is sealed in the next frame; None if that is not sealed, and then it is still the next."""
        if len(self._buffered) < _SKIPPED_HEADER_BYTES:
            self._buffered += self._file.read(_READ_BYTES)
        if self._buffered[1:4] != _SKIPPED[1:4]:  # whatever its first byte: nothing may be skipped
            return None
        end = _SKIPPED_HEADER_BYTES + int.from_bytes(self._buffered[4:_SKIPPED_HEADER_BYTES], "little")
        self._buffered += self._file.read(max(0, end - len(self._buffered)))
        if len(self._buffered) < end:
            raise DamagedFrame("it is cut short")
        frame, self._buffered = self._buffered[:end], self._buffered[end:]
        sealed = frame[_SKIPPED_HEADER_BYTES:]
        if not frame.startswith(_SKIPPED) or not is_sealed(sealed):
            raise DamagedFrame("it holds something that nobody wrote")
        return sealed

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
