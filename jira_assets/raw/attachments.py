"""What became of the content of an issue's attachments: a part of the issue, so that tables can tell it."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class FileState(StrEnum):
    """What became of a file's content. Of one that nobody has asked for there is no record."""

    STORED = "stored"
    TOO_LARGE = "too_large"
    FAILED = "failed"


class FileRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of the content of one attachment.

    ``size`` (bytes) and ``sha256`` (hexadecimal) are those of what is stored. ``media_id`` is the id that
    documents call the file by. ``reason`` is why it could not be stored, in our words.
    """

    state: FileState
    size: int | None = None
    sha256: str | None = None
    media_id: str | None = None
    reason: str | None = None


FileRecords = Mapping[str, FileRecord]
"""By the ids of the attachments."""


def encode_files(records: FileRecords) -> bytes:
    """The payload of an issue's part; equal records give equal bytes."""
    return msgspec.json.encode({attachment_id: records[attachment_id] for attachment_id in sorted(records)})


def decode_files(payload: bytes | None) -> FileRecords:
    """The records in a payload. What cannot be read is as good as never recorded."""
    try:
        return {} if payload is None else msgspec.json.decode(payload, type=dict[str, FileRecord])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
