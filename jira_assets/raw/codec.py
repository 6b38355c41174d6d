"""Payloads at rest: each one compressed on its own, so that one issue is read without decoding the others."""

import threading
from collections.abc import Sequence

import zstandard

_LEVEL = 3  # higher levels save under 5 % on issues and cost three times the time
_local = threading.local()


class DamagedPayload(Exception):
    """What is stored is not what was stored."""


def compress(payload: bytes) -> bytes:
    """One zstd frame with its content size and a checksum, so that a flipped bit is noticed."""
    compressor: zstandard.ZstdCompressor | None = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    return compressor.compress(payload)


def decompress_all(frames: Sequence[bytes]) -> list[bytes]:
    """The payloads of frames, in their order; raises DamagedPayload when one of them is damaged.

    All in one call, because each call hands the interpreter to another thread and has to wait to get it back.
    """
    decompressor: zstandard.ZstdDecompressor | None = getattr(_local, "decompressor", None)
    if decompressor is None:
        decompressor = _local.decompressor = zstandard.ZstdDecompressor()
    # Three of five parts of an ordinary issue are empty lists.
    packed: list[bytes | bytearray | memoryview] = [frame for frame in frames if frame != _EMPTY_LIST]
    packed.append(_EMPTY_LIST)  # zstandard 0.25 aborts the process when all payloads are empty
    try:
        unpacked = iter(decompressor.multi_decompress_to_buffer(packed))
    except (zstandard.ZstdError, ValueError, MemoryError) as error:  # what a header says may be damaged too
        raise DamagedPayload(str(error)) from error
    return [b"[]" if frame == _EMPTY_LIST else next(unpacked).tobytes() for frame in frames]


_EMPTY_LIST = compress(b"[]")
