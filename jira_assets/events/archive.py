"""The archive of events: what was delivered, and what became of it, by day (UTC).

A line is one event: JSON with its ``name``, ``received_at``, ``identifier``, ``event``, ``outcome``,
``issue_ids`` and, as a string, the ``body`` (``body_base64`` if that is not UTF-8). So anybody can look in:

    zstdcat events/2026-11-20.*.jsonl.zst | jq 'select(.outcome == "unresolved") | .body | fromjson'

Every batch of events is a file, ``<day>.<time>-<hash>.jsonl.zst``, complete from the moment it is seen. When
a day is over, its files become one, by writing their zstd frames one after the other. A file is removed only
when what it holds is durable in another, so an event may be in two files but never in none; who reads gets it
once. None of this needs a lock.
"""

import hashlib
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec
import zstandard
from upath import UPath

from jira_assets.files import fsync_folder, remove_leftovers, replaced, write_durably

T = TypeVar("T")
_LEVEL = 3
_FILE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.[0-9]{6}-[0-9a-f]{32}\.jsonl\.zst")
_LAST_DAY = "9999-12-31"
_READ_BYTES = 4096  # 4 of them may become 128 KiB, so that many at once could fill the memory
_COPY_BYTES = 1 << 20


class DamagedArchive(Exception):
    """A file of the archive is not what was written. The others can be read."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} {problem}. Other files of the archive are not affected: "
            "restore this one from a backup, or move it away."
        )
        self.path = path


class Outcome(StrEnum):
    """What became of an event."""

    QUEUED = "queued"
    DROPPED = "dropped"  # of a project or month that is not configured
    IRRELEVANT = "irrelevant"  # known, and about no issue
    UNKNOWN = "unknown"  # not in Jira's catalogue
    UNRESOLVED = "unresolved"  # its issue could not be found


@dataclass(frozen=True, slots=True)
class ArchivedEvent:
    """An event that has been dealt with.

    ``name`` is that of its file in the inbox, ``event`` what Jira calls it; ``body`` is what was delivered,
    byte for byte.
    """

    name: str
    received_at: datetime
    identifier: str
    event: str
    outcome: Outcome
    issue_ids: tuple[str, ...]
    body: bytes


class _About(msgspec.Struct):
    identifier: str
    received_at: datetime


class _Line(_About, omit_defaults=True, kw_only=True):
    name: str
    event: str
    outcome: Outcome
    issue_ids: tuple[str, ...]
    body: str | None = None
    body_base64: bytes | None = None


class Archive:
    """The archive in a folder. Any number of processes may add to it, tidy it and read it at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, entries: Sequence[ArchivedEvent]) -> None:
        """Durable when this returns. Adding the same events again changes nothing. Raises OSError."""
        days: dict[str, list[ArchivedEvent]] = defaultdict(list)
        for entry in entries:
            days[_utc_day(entry.received_at)].append(entry)
        if days:
            write_durably(self._folder, {_batch_name(batch): _frame(batch) for batch in days.values()})

    def tidy(self, now: datetime, retention_days: int) -> None:
        """Makes one file of each day, but for the hour that is not over, and removes days that are older than
        the retention.

        A damaged file stays as it is, by itself, until its day is removed. Raises OSError.
        """
        this_hour = f"{now.astimezone(UTC):%Y-%m-%d.%H}"
        oldest = _utc_day(now - timedelta(days=retention_days))
        remove_leftovers(UPath(self._folder))
        for day, files in self._files().items():
            if day < oldest:
                _remove(files)
            elif len(over := [path for path in files if path.name < this_hour]) > 1:
                self._merge([path for path in over if _is_sound(path)])

    def read(self, day: date) -> Iterator[ArchivedEvent]:
        """The events that were received on a day (UTC), each once; batches in the order of their seconds.

        Events that are added meanwhile may or may not be among them. Raises DamagedArchive where damage
        begins.
        """
        seen: set[str] = set()
        for path in self._files_between(f"{day}", f"{day}"):
            for text in _lines(path):
                line = _decoded(text, _Line, path)
                if line.name not in seen:
                    seen.add(line.name)
                    yield _event(line)

    def identifiers(self, since: datetime) -> set[str]:
        """Of the events received since then. What is damaged is left out, which costs a duplicate at most."""
        identifiers: set[str] = set()
        for path in self._files_between(_utc_day(since), _LAST_DAY):
            with suppress(DamagedArchive):
                for text in _lines(path):
                    about = _decoded(text, _About, path)
                    if about.received_at >= since:
                        identifiers.add(about.identifier)
        return identifiers

    def _merge(self, files: Sequence[Path]) -> None:
        if len(files) < 2:
            return
        stamp, _, _ = files[0].name.rpartition("-")
        merged = self._folder / _file_name(stamp, (path.name for path in files))
        with suppress(FileNotFoundError):  # somebody else is tidying up too
            with replaced(UPath(merged)) as staged, staged.open("wb") as target:
                for path in files:
                    with path.open("rb") as source:
                        shutil.copyfileobj(source, target, _COPY_BYTES)
            fsync_folder(self._folder)
            _remove(files)

    def _files_between(self, first: str, last: str) -> Iterator[Path]:
        """The files of some days, oldest first, and then those that have taken their place meanwhile."""
        before: dict[Path, tuple[int, int]] | None = None
        while (now := self._identities(first, last)) != before:
            for path, identity in now.items():
                if before is None or before.get(path) != identity:
                    yield path
            before = now

    def _identities(self, first: str, last: str) -> dict[Path, tuple[int, int]]:
        identities = {}
        for day, files in self._files().items():
            for path in files if first <= day <= last else ():
                with suppress(FileNotFoundError):
                    status = path.stat()
                    identities[path] = (status.st_ino, status.st_mtime_ns)
        return identities

    def _files(self) -> dict[str, list[Path]]:
        """All files by day, in the order of time."""
        days: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(self._folder.glob("*.jsonl.zst")):
            if match := _FILE.fullmatch(path.name):
                days[match[1]].append(path)
        return days


def _utc_day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def _batch_name(batch: Sequence[ArchivedEvent]) -> str:
    first = min(entry.received_at for entry in batch).astimezone(UTC)
    return _file_name(f"{first:%Y-%m-%d.%H%M%S}", sorted(entry.name for entry in batch))


def _file_name(stamp: str, content: Iterable[str]) -> str:
    """The same for the same content, so that doing something again replaces what it made."""
    digest = hashlib.sha256("\n".join(content).encode()).hexdigest()[:32]
    return f"{stamp}-{digest}.jsonl.zst"


def _frame(batch: Iterable[ArchivedEvent]) -> bytes:
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
    pieces = [compressor.compress(_line(entry)) for entry in batch]
    return b"".join([*pieces, compressor.flush()])


def _line(entry: ArchivedEvent) -> bytes:
    line = _Line(
        name=entry.name,
        received_at=entry.received_at,
        identifier=entry.identifier,
        event=entry.event,
        outcome=entry.outcome,
        issue_ids=entry.issue_ids,
    )
    try:
        line.body = entry.body.decode()
    except UnicodeDecodeError:
        line.body_base64 = entry.body
    return msgspec.json.encode(line) + b"\n"


def _event(line: _Line) -> ArchivedEvent:
    return ArchivedEvent(
        name=line.name,
        received_at=line.received_at,
        identifier=line.identifier,
        event=line.event,
        outcome=line.outcome,
        issue_ids=line.issue_ids,
        body=(line.body or "").encode() if line.body_base64 is None else line.body_base64,
    )


def _decoded(text: bytes, into: type[T], path: Path) -> T:
    try:
        return msgspec.json.decode(text, type=into)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedArchive(path, f"has a line that is no event: {error}") from None


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file without their newlines, never more than one of them at once in memory."""
    line: list[bytes] = []
    for piece in _pieces(path):
        *ends, rest = piece.split(b"\n")
        for end in ends:
            yield b"".join([*line, end])
            line.clear()
        line.append(rest)
    if any(line):
        raise DamagedArchive(path, "ends within a line")


def _pieces(path: Path) -> Iterator[bytes]:
    """What the frames of a file hold; nothing if it has been removed meanwhile. Raises DamagedArchive."""
    frame = None
    try:
        with path.open("rb") as file:
            while compressed := file.read(_READ_BYTES):
                while compressed:
                    if frame is None or frame.eof:
                        frame = zstandard.ZstdDecompressor().decompressobj()
                    yield frame.decompress(compressed)
                    compressed = frame.unused_data
    except FileNotFoundError:
        return
    except (OSError, zstandard.ZstdError) as error:
        raise DamagedArchive(path, f"cannot be read: {error}") from error
    if frame is None or not frame.eof:
        raise DamagedArchive(path, "is cut short")


def _is_sound(path: Path) -> bool:
    try:
        return all(True for _ in _pieces(path))
    except DamagedArchive:
        return False


def _remove(files: Iterable[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)
