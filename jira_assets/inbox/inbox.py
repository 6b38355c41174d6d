"""The inbox: a folder with one file per delivery of Jira's, named so that they sort by arrival.

A file is one line of JSON about the delivery and, after its newline, the body byte for byte. The receiver
makes files durable before it answers; whoever drains the inbox removes them. Neither waits for the other.

With a key all of that is sealed for the name of the file, in whatever folder it is. A large body is sealed
while it arrives, when no name is known yet: then there is a byte 0x03, the line, sealed and ``HEADING_BYTES``
long together, and the body, sealed for a place that the line names.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from jira_assets import clock
from jira_assets.files import (
    UnfitFile,
    exchange,
    fsync_folder,
    make_folder,
    no_files,
    open_file,
    read_file,
    sync_in_turn,
    write_durably,
)
from jira_assets.privacy.errors import Tampered, UnknownKey
from jira_assets.privacy.keyring import LONGEST_BEGINNING, NO_KEYS, Keyring, key_id_of
from jira_assets.privacy.rewriting import Change, Rewritten, unchanged

HEADING_BYTES = 1024
"""Room for the line before a body that is written first: an identifier has at most 256 characters."""

LARGEST_BYTES = 32 * 1024 * 1024
"""More than the largest delivery of Jira's (25 MB) takes, sealed."""

_SEALED_APART = b"\x03"
_NAME = re.compile(r"([0-9]{13})-([0-9a-f]{32})\.event")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST_WAIT = timedelta(minutes=10)


class DamagedDelivery(Exception):
    """A file in the inbox is not what the receiver wrote. The message names it."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} in the inbox {problem}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as it was delivered. ``received_at`` is in UTC, to the millisecond.

    ``identifier`` is the same across retries of a delivery, and not signed by Jira, as ``issue_hint`` is not:
    the id that the webhook's own address named (``?issue=10001``), digits.
    """

    name: str
    identifier: str
    received_at: datetime
    issue_hint: str | None
    body: bytes

    @classmethod
    def arrived(
        cls,
        identifier: str,
        at: datetime,
        issue_hint: str | None,
        body: bytes,
        body_digest: str | None = None,
    ) -> "Delivery":
        """A delivery for the inbox. ``body_digest`` is that of a body that is elsewhere."""
        name = file_name(at, identifier, body_digest or digest(body))
        return cls(name, identifier, at, issue_hint, body)

    @property
    def fingerprint(self) -> str:
        """Stands for the identifier and the body in names and logs."""
        return _fingerprint_in(self.name)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many deliveries wait, and since when the first of them has."""

    count: int
    oldest: datetime | None


class _Heading(msgspec.Struct, omit_defaults=True):
    identifier: str
    received_at: int  # epoch milliseconds
    issue: str | None = None
    body_place: str = ""  # of one that is sealed apart


class Inbox:
    """The deliveries in a folder that nobody has dealt with yet."""

    def __init__(self, folder: Path, keyring: Keyring = NO_KEYS) -> None:
        self.folder = folder
        self._keyring = keyring

    def add(
        self, deliveries: Iterable[Delivery], sync: Callable[[Sequence[int]], None] = sync_in_turn
    ) -> None:
        """Durable when this returns. Raises OSError, after which some of them may be there."""
        files = {
            delivery.name: self._keyring.seal(encode(delivery), _place(delivery.name))
            for delivery in deliveries
        }
        write_durably(self.folder, files, sync)

    def passed_over(self) -> list[str]:
        """What lies here and is no file, so that it is left alone; what each is."""
        return [f"{self.folder / name} is {kind}" for name, kind in sorted(no_files(self.folder).items())]

    def names(self) -> list[str]:
        """The complete deliveries, oldest first; none if there is no such folder."""
        return sorted(self._names())

    def read(self, name: str) -> Delivery:
        """Raises FileNotFoundError if it has been removed meanwhile, DamagedDelivery, and UnknownKey."""
        if not _NAME.fullmatch(name):
            raise DamagedDelivery(name, "does not have the name of a delivery")
        try:
            about, body = self._opened(name, read_file(self.folder / name, LARGEST_BYTES))
            received_at = _EPOCH + timedelta(milliseconds=about.received_at)
        except (msgspec.MsgspecError, UnicodeDecodeError, OverflowError) as error:
            raise DamagedDelivery(name, "does not begin with a line about the delivery") from error
        except Tampered as error:
            raise DamagedDelivery(name, "is not what was sealed") from error
        except UnfitFile as error:
            raise DamagedDelivery(name, str(error)) from error
        return Delivery(name, about.identifier, received_at, about.issue, body)

    def _opened(self, name: str, stored: bytes) -> tuple[_Heading, bytes]:
        if stored.startswith(_SEALED_APART):
            line = self._keyring.unseal(stored[len(_SEALED_APART) : HEADING_BYTES], _place_of_line(name))
            about = msgspec.json.decode(line, type=_Heading)
            return about, self._keyring.unseal(stored[HEADING_BYTES:], about.body_place)
        line, newline, body = self._keyring.unseal(stored, _place(name)).partition(b"\n")
        if not newline:
            raise DamagedDelivery(name, "ends within its first line")
        return msgspec.json.decode(line, type=_Heading), body

    def rewrite(self, change: Change = unchanged) -> Rewritten:
        """Seals what waits with the key that writes, and changes the bodies that ``change`` changes.

        A killed run is finished by the next. Raises OSError where nothing can be written.
        """
        done = Rewritten()
        for name in self.names():
            with suppress(FileNotFoundError):  # it has been dealt with meanwhile
                try:
                    self._rewrite(name, change, done)
                except (DamagedDelivery, UnknownKey) as error:
                    done.problems.append(str(error))
        return done

    def count_by_key(self) -> Counter[str | None]:
        """How much of what waits each key has sealed; None stands for no key. Raises DamagedDelivery."""
        counts: Counter[str | None] = Counter()
        for name in self.names():
            with suppress(FileNotFoundError):
                counts.update(self._keys_of(name))
        return counts

    def _rewrite(self, name: str, change: Change, done: Rewritten) -> None:
        done.seen += 1
        is_current = self._keys_of(name) == {self._keyring.writing}
        if is_current and change is unchanged:
            return
        delivery = self.read(name)
        body = change(delivery.body)
        if is_current and body == delivery.body:
            return
        sealed = self._keyring.seal(encode(replace(delivery, body=body)), _place(name))
        exchange(self.folder / name, sealed)
        done.changed += body != delivery.body
        done.resealed += body == delivery.body

    def _keys_of(self, name: str) -> set[str | None]:
        """The ids of the keys that have sealed a delivery's line and its body."""
        try:
            with open_file(self.folder / name) as file:
                stored = file.read(HEADING_BYTES + LONGEST_BEGINNING)
        except UnfitFile as error:
            raise DamagedDelivery(name, str(error)) from error
        is_apart = stored.startswith(_SEALED_APART)
        sealed = (stored[len(_SEALED_APART) :], stored[HEADING_BYTES:]) if is_apart else (stored,)
        try:
            return {key_id_of(each, name) for each in sealed}
        except Tampered as error:
            raise DamagedDelivery(name, "is not what was sealed") from error

    def due(self, now: datetime) -> list[str]:
        """The deliveries that nobody has postponed beyond ``now``, oldest first."""
        latest = now.timestamp()
        # The clock may have been set back since: nothing is postponed for longer than this.
        earliest_of_the_future = latest + _LONGEST_WAIT.total_seconds()
        found = []
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                        moment = entry.stat().st_mtime
                        if moment <= latest or moment > earliest_of_the_future:
                            found.append(entry.name)
        return sorted(found)

    def postpone(self, name: str, until: datetime) -> None:
        """Leave a delivery where it is, and have it ``due`` later. The file's own time says when."""
        longest = clock.now() + _LONGEST_WAIT
        moment = min(until, longest).timestamp()
        with suppress(FileNotFoundError):
            os.utime(self.folder / name, (moment, moment))

    def move(self, name: str, folder: Path) -> None:
        """Put a delivery into another folder. Raises FileNotFoundError if it has been removed meanwhile."""
        make_folder(folder)
        (self.folder / name).rename(folder / name)
        fsync_folder(folder)

    def remove(self, names: Iterable[str]) -> None:
        """Deliveries that somebody else has removed already are fine."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def backlog(self) -> Backlog:
        """One listing of the folder, without opening anything."""
        names = self._names()
        return Backlog(len(names), _received_at(min(names)) if names else None)

    def fingerprints(self) -> list[str]:
        """The fingerprints of all deliveries; in older names they are of the identifier alone."""
        return [_fingerprint_in(name) for name in self._names()]

    def _names(self) -> list[str]:
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            return [
                entry.name
                for entry in entries
                if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
            ]
        return []


def file_name(received_at: datetime, identifier: str, body_digest: str) -> str:
    """Sorts by arrival, and tells deliveries apart without showing anything that came from outside."""
    return f"{_milliseconds(received_at):013d}-{fingerprint(identifier, body_digest)}.event"


def fingerprint(identifier: str, body_digest: str) -> str:
    """32 hexadecimal digits that stand for a delivery in names of files.

    Of the body too: whoever repeats or guesses an identifier must not make us take a true event for another.
    """
    return hashlib.sha256(f"{identifier}\n{body_digest}".encode()).hexdigest()[:32]


def digest(body: bytes) -> str:
    """The SHA-256 of a body, in hexadecimal digits."""
    return hashlib.sha256(body).hexdigest()


def encode(delivery: Delivery) -> bytes:
    """The content of a delivery's file, before it is sealed."""
    return _line(delivery) + b"\n" + delivery.body


def heading(delivery: Delivery, keyring: Keyring, body_place: str) -> bytes:
    """The first ``HEADING_BYTES`` of the file of a delivery whose body has its place already."""
    if keyring.writing is None:
        return _line(delivery).ljust(HEADING_BYTES - 1) + b"\n"
    line = _line(delivery, body_place).ljust(HEADING_BYTES - len(_SEALED_APART) - keyring.added_bytes)
    return _SEALED_APART + keyring.seal(line, _place_of_line(delivery.name))


def _place(name: str) -> str:
    return f"event/{name}"


def _place_of_line(name: str) -> str:
    return f"event/{name}/line"


def _line(delivery: Delivery, body_place: str = "") -> bytes:
    received_at = _milliseconds(delivery.received_at)
    about = _Heading(delivery.identifier, received_at, delivery.issue_hint, body_place)
    return msgspec.json.encode(about)


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def _fingerprint_in(name: str) -> str:
    return name[14:46]


def _received_at(name: str) -> datetime:
    return _EPOCH + timedelta(milliseconds=int(name[:13]))
