"""Sealed files of any size, in bounded memory: each is one AES-GCM message.

A file is a mark and then a sealed value as the keyring makes them, with its tag at the very end. Without keys
it is just its content; one that looks like a mark gets the mark and a zero in front of it.

Only the tag proves the content, so files are read twice: nobody sees a byte of one that was changed, cut
short or moved to another place.
"""

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from jira_assets.privacy.errors import NotSealed, Tampered
from jira_assets.privacy.keyring import LONGEST_BEGINNING, TAG_BYTES, Keyring, beginning_bytes, key_id_of

_MARK = b"\x89jira-assets\r\n\x1a\n"
_PLAIN = b"\x00"  # no version of a sealed value
_CHUNK_BYTES = 64 * 1024  # fits a processor's cache: with 1 MB at a time encryption takes five times as long


class Writer(Protocol):
    """What takes a file's content. The file is refused by readers unless it is finished, and stays open."""

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def finish(self) -> None: ...


class Sealing:
    """Writes a sealed value, as ``Keyring.unseal`` reads them, piece by piece. Raises NoKey."""

    def __init__(self, file: BinaryIO, keyring: Keyring, place: str) -> None:
        self._file = file
        beginning, self._context = keyring.sealing(place)
        file.write(beginning)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        for start in range(0, len(view), _CHUNK_BYTES):
            self._file.write(self._context.update(view[start : start + _CHUNK_BYTES]))

    def finish(self) -> None:
        self._file.write(self._context.finalize() + self._context.tag)


class _Plain:
    """Writes content as it is, save for what must not be taken for a mark."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start: bytes | None = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._start is None:
            self._file.write(data)
            return
        self._start += bytes(data)
        if len(self._start) >= len(_MARK):
            self.finish()

    def finish(self) -> None:
        if self._start is not None:
            self._file.write(_MARK + _PLAIN if _resembles_mark(self._start) else b"")
            self._file.write(self._start)
            self._start = None


def sealing(file: BinaryIO, keyring: Keyring, place: str) -> Writer:
    """Seals what is written to it into a file that is open for writing, if there is a key."""
    if keyring.writing is None:
        return _Plain(file)
    file.write(_MARK)
    return Sealing(file, keyring, place)


def unsealed(file: BinaryIO, keyring: Keyring, place: str) -> Iterator[bytes]:
    """The content of a file that is open for reading, in pieces, verified before this returns.

    Raises UnknownKey, and Tampered if it is not what was sealed for this place. An empty file stays empty.
    """
    start = _content_start(file, place)
    if start is not None:
        if keyring.refuses_plain:
            raise NotSealed(place)
        return _pieces(file, start)
    for _ in _decrypted(file, keyring, place):
        pass
    return _decrypted(file, keyring, place)


def unsealed_size(file: BinaryIO, place: str) -> int:
    """How many bytes ``unsealed`` gives, without reading them. Raises Tampered if that cannot be."""
    start = _content_start(file, place)
    size = file.seek(0, 2)
    if start is not None:
        return size - start
    file.seek(len(_MARK))
    beginning = beginning_bytes(file.read(LONGEST_BEGINNING), place)
    return size - len(_MARK) - beginning - TAG_BYTES


def key_of(file: BinaryIO, place: str) -> str | None:
    """The id of the key that has sealed a file, if one has. Raises Tampered if that cannot be."""
    if _content_start(file, place) is not None:
        return None
    file.seek(len(_MARK))
    return key_id_of(file.read(LONGEST_BEGINNING), place)


def _content_start(file: BinaryIO, place: str) -> int | None:
    """Where the content of a plain file begins; None if the file is sealed."""
    file.seek(0)
    start = file.read(len(_MARK) + 1)
    if not _resembles_mark(start[: len(_MARK)]):
        return 0
    if not start.startswith(_MARK):
        raise Tampered(place)
    return len(start) if start.endswith(_PLAIN) else None


def _resembles_mark(start: bytes) -> bool:
    """Also if some of it was changed, or cut off: otherwise ciphertext might be taken for content."""
    same = sum(mine == theirs for mine, theirs in zip(start, _MARK, strict=False))
    return 2 * same > min(len(start), len(_MARK))


def _pieces(file: BinaryIO, start: int) -> Iterator[bytes]:
    file.seek(start)
    while piece := file.read(_CHUNK_BYTES):
        yield piece


def _decrypted(file: BinaryIO, keyring: Keyring, place: str) -> Iterator[bytes]:
    """What is in a sealed file. Believe it only when the iterator has ended."""
    from cryptography.exceptions import InvalidTag  # only where there are keys

    remaining = file.seek(0, 2) - len(_MARK) - TAG_BYTES
    file.seek(len(_MARK))
    start, context = keyring.unsealing(file.read(LONGEST_BEGINNING), place)
    remaining -= start
    file.seek(len(_MARK) + start)
    while remaining > 0 and (piece := file.read(min(_CHUNK_BYTES, remaining))):
        remaining -= len(piece)
        yield context.update(piece)
    try:
        yield context.finalize_with_tag(file.read(TAG_BYTES))
    except (InvalidTag, ValueError):  # the latter is a tag that is cut short
        raise Tampered(place) from None
