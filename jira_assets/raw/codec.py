"""Payloads at rest, in one of two forms, told apart by how they begin.

* JSON as Jira sent it: what unsealed segments hold, whose pages Parquet compresses.
* A zstd frame of its own: what is sealed afterwards, what is no JSON object or array, and what versions up to
  0.1 stored without a key.

Either may stand behind how often it was changed since it was fetched.
"""

import threading

import zstandard

_REVISION = b"\x5e\x2a\x4d\x18\x04\x00\x00\x00"  # a frame that zstd's readers skip, of 4 bytes
_REVISION_BYTES = len(_REVISION) + 4
_JSON = (b"{", b"[")  # no frame begins like that
_LEVEL = 3  # higher levels save under 5 % on issues and cost three times the time
_local = threading.local()


class DamagedPayload(Exception):
    """What is stored is not what was stored."""


def plain(payload: bytes, revision: int = 0) -> bytes:
    """A payload as it is stored where nobody seals it; ``revision`` as in ``compress``."""
    if not payload.startswith(_JSON):
        return compress(payload, revision)
    return _REVISION + revision.to_bytes(4, "little") + payload if revision else payload


def compress(payload: bytes, revision: int = 0) -> bytes:
    """One zstd frame with its content size and a checksum, so that a flipped bit is noticed.

    ``revision`` is how often the payload was changed since it was fetched.
    """
    compressor: zstandard.ZstdCompressor | None = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    frame = compressor.compress(payload)
    return _REVISION + revision.to_bytes(4, "little") + frame if revision else frame


def is_compressed(stored: bytes) -> bool:
    """Whether a payload is stored as a frame."""
    return not _unrevised(stored).startswith(_JSON)


def revision_of(stored: bytes) -> int:
    """How often a payload was changed since it was fetched."""
    return int.from_bytes(stored[len(_REVISION) : _REVISION_BYTES], "little") if _is_revised(stored) else 0


def decompress(stored: bytes) -> bytes:
    """The payload, in whichever form it is stored; raises DamagedPayload when its frame is damaged."""
    if stored == _EMPTY_LIST:  # three of five parts of an ordinary issue
        return b"[]"
    frame = _unrevised(stored)
    if frame.startswith(_JSON):
        return frame
    decompressor: zstandard.ZstdDecompressor | None = getattr(_local, "decompressor", None)
    if decompressor is None:
        decompressor = _local.decompressor = zstandard.ZstdDecompressor()
    try:
        return decompressor.decompress(frame)
    except (zstandard.ZstdError, MemoryError) as error:  # the size that a header states may be damaged too
        raise DamagedPayload(str(error)) from error


def _is_revised(stored: bytes) -> bool:
    return stored.startswith(_REVISION)


def _unrevised(stored: bytes) -> bytes:
    return stored[_REVISION_BYTES:] if _is_revised(stored) else stored


_EMPTY_LIST = compress(b"[]")
