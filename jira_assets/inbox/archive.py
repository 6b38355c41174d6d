"""The archive of events: what was delivered, and what became of it, by day (UTC).

A line is one event: JSON with its ``name``, ``received_at``, ``identifier``, ``event``, ``outcome``,
``issue_ids`` and, as a string, the ``body`` (``body_base64`` if that is not UTF-8). So anybody can look in:

    zstdcat events/2026-11-20.*.jsonl.zst | jq 'select(.outcome == "unresolved") | .body | fromjson'

With a key they are sealed, for their file, and zstd's tools see nothing in them.
Every batch of events is a file, ``<day>.<time>-<hash>.jsonl.zst``, complete from the moment it is seen. When
a day is over, its files become one, which holds their lines one after the other. A file is removed only
when what it holds is durable in another, so an event may be in two files but never in none; who reads gets it
once. None of this needs a lock.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec
from upath import UPath

from jira_assets.files import remove_leftovers, write_durably
from jira_assets.inbox.archive_file import ArchiveFile, DamagedArchive, Overtaken, identity, join
from jira_assets.inbox.frames import framed
from jira_assets.inbox.inbox import digest, fingerprint
from jira_assets.privacy.forgetting import Forgetting
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.privacy.redaction import Redaction
from jira_assets.privacy.rewriting import Change, Rewritten, unchanged

T = TypeVar("T")
_FILE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.[0-9]{6}-[0-9a-f]{32}\.jsonl\.zst")
_LAST_DAY = "9999-12-31"


class EventOutcome(StrEnum):
    """What became of an event."""

    QUEUED = "queued"
    DROPPED = "dropped"  # of a project or month that is not configured
    IRRELEVANT = "irrelevant"  # known, and about no issue
    UNKNOWN = "unknown"  # not in Jira's catalogue
    INVISIBLE = "invisible"  # of an issue that is not there for us, as Jira confirms: nothing is lost
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
    outcome: EventOutcome
    issue_ids: tuple[str, ...]
    body: bytes


class _About(msgspec.Struct):
    received_at: datetime


class _Line(_About, omit_defaults=True, kw_only=True):
    name: str
    identifier: str
    event: str
    outcome: EventOutcome
    issue_ids: tuple[str, ...]
    body: str | None = None
    body_base64: bytes | None = None


class Archive:
    """The archive in a folder. Any number of processes may add to it, tidy it and read it at once."""

    def __init__(
        self, folder: Path, keyring: Keyring = NO_KEYS, forgetting: Forgetting | None = None
    ) -> None:
        self._folder = folder
        self._keyring = keyring
        self._forgetting = forgetting

    def add(self, entries: Sequence[ArchivedEvent]) -> None:
        """Durable when this returns. Adding the same events again changes nothing.

        Who is forgotten is left out. Raises OSError, and PrivacyError if nobody knows who that is.
        """
        days: dict[str, list[ArchivedEvent]] = defaultdict(list)
        redaction = self._redaction(entries)
        for entry in entries if redaction is None else _redacted(entries, redaction):
            days[_utc_day(entry.received_at)].append(entry)
        named = {_batch_name(batch): batch for batch in days.values()}
        files = {
            name: b"".join(framed(map(_line, batch), self._keyring, name)) for name, batch in named.items()
        }
        if files:
            write_durably(self._folder, files)
        # Somebody may have been forgotten meanwhile, and looked for before this was there.
        now = self._redaction()
        if now is not None and now is not redaction:
            for day in days:
                self.rewrite(day, now.payload)

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
                self._merge([path for path in over if self._file(path).is_sound()])

    def read(self, day: date) -> Iterator[ArchivedEvent]:
        """The events that were received on a day (UTC), each once; batches in the order of their seconds.

        Events that are added meanwhile may or may not be among them. Raises DamagedArchive where damage
        begins.
        """
        seen: set[str] = set()
        for path in self._files_between(f"{day}", f"{day}"):
            for text in self._file(path).lines():
                line = _decoded(text, _Line, path)
                if line.name not in seen:
                    seen.add(line.name)
                    yield _event(line)

    def fingerprints(self, since: datetime) -> set[str]:
        """Of the events received since then, as ``inbox.fingerprint`` makes them.

        What is damaged is left out, which costs a duplicate at most.
        """
        fingerprints: set[str] = set()
        for path in self._files_between(_utc_day(since), _LAST_DAY):
            with suppress(DamagedArchive):
                for text in self._file(path).lines():
                    if _decoded(text, _About, path).received_at >= since:
                        event = _event(_decoded(text, _Line, path))
                        fingerprints.add(fingerprint(event.identifier, digest(event.body)))
        return fingerprints

    def days(self) -> list[str]:
        """The days (``YYYY-MM-DD``) of which there are events, oldest first."""
        return list(self._files())

    def rewrite(self, day: str, change: Change = unchanged) -> Rewritten:
        """Seals a day's events with the key that writes, and changes the bodies that ``change`` changes.

        A killed run is finished by the next. Raises OSError where nothing can be written.
        """
        done = Rewritten()
        looked_at: set[Path] = set()
        for path in self._files_between(day, day):
            if path not in looked_at:  # those that are rewritten come again
                looked_at.add(path)
                try:
                    done.add(self._file(path).rewrite(_of_line(change, path)))
                except DamagedArchive as error:
                    done.problems.append(str(error))
        return done

    def count_by_key(self, day: str) -> Counter[str | None]:
        """How much of a day each key has sealed; None stands for no key. Raises DamagedArchive."""
        files = self._files_between(day, day)
        return sum((self._file(path).count_by_key() for path in files), Counter())

    def _redaction(self, entries: Sequence[ArchivedEvent] = ()) -> Redaction | None:
        if self._forgetting is None:
            return None
        return self._forgetting.for_storing(entry.body for entry in entries)

    def _merge(self, files: Sequence[Path]) -> None:
        if len(files) < 2:
            return
        stamp, _, _ = files[0].name.rpartition("-")
        merged = self._folder / _file_name(stamp, (path.name for path in files))
        with suppress(FileNotFoundError, Overtaken):  # somebody else is tidying up too
            join(files, merged, self._keyring)
            _remove(files)

    def _file(self, path: Path) -> ArchiveFile:
        return ArchiveFile(path, self._keyring)

    def _files_between(self, first: str, last: str) -> Iterator[Path]:
        """The files of some days, oldest first, and then those that have taken their place meanwhile."""
        before: dict[Path, tuple[int, int]] | None = None
        while (now := self._identities(first, last)) != before:
            for path, current in now.items():
                if before is None or before.get(path) != current:
                    yield path
            before = now

    def _identities(self, first: str, last: str) -> dict[Path, tuple[int, int]]:
        identities = {}
        for day, files in self._files().items():
            for path in files if first <= day <= last else ():
                with suppress(FileNotFoundError):
                    identities[path] = identity(path)
        return identities

    def _files(self) -> dict[str, list[Path]]:
        """All files by day, in the order of time."""
        days: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(self._folder.glob("*.jsonl.zst")):
            if (match := _FILE.fullmatch(path.name)) and path.is_file() and not path.is_symlink():
                days[match[1]].append(path)
        return days


def _redacted(entries: Sequence[ArchivedEvent], redaction: Redaction) -> list[ArchivedEvent]:
    return [replace(entry, body=redaction.payload(entry.body)) for entry in entries]


def _utc_day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def _batch_name(batch: Sequence[ArchivedEvent]) -> str:
    first = min(entry.received_at for entry in batch).astimezone(UTC)
    return _file_name(f"{first:%Y-%m-%d.%H%M%S}", sorted(entry.name for entry in batch))


def _file_name(stamp: str, content: Iterable[str]) -> str:
    """The same for the same content, so that doing something again replaces what it made."""
    digest = hashlib.sha256("\n".join(content).encode()).hexdigest()[:32]
    return f"{stamp}-{digest}.jsonl.zst"


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


def _of_line(change: Change, path: Path) -> Change:
    """The change of a line whose body is changed."""
    if change is unchanged:
        return unchanged

    def changed(text: bytes) -> bytes:
        event = _event(_decoded(text, _Line, path))
        body = change(event.body)
        return text if body == event.body else _line(replace(event, body=body)).rstrip(b"\n")

    return changed


def _remove(files: Iterable[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)
