"""The inbox: a folder with one file per delivery of Jira's, named so that they sort by arrival.

A file is one line of JSON about the delivery and, after its newline, the body byte for byte. The receiver
makes files durable before it answers; whoever drains the inbox removes them. Neither waits for the other.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from jira_assets.files import fsync_folder, make_folder, sync_in_turn, write_durably

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

    ``identifier`` is the same across retries of a delivery; ``issue_hint`` is the id that the webhook's own
    address named (``?issue=10001``), digits, which Jira does not sign.
    """

    name: str
    identifier: str
    received_at: datetime
    issue_hint: str | None
    body: bytes

    @classmethod
    def arrived(cls, identifier: str, at: datetime, issue_hint: str | None, body: bytes) -> "Delivery":
        """A delivery that is to be put into the inbox."""
        return cls(file_name(at, identifier), identifier, at, issue_hint, body)

    @property
    def fingerprint(self) -> str:
        """Stands for the identifier in names and logs."""
        return _fingerprint_in(self.name)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many deliveries wait, and since when the first of them has."""

    count: int
    oldest: datetime | None


class _Heading(msgspec.Struct):
    identifier: str
    received_at: int  # epoch milliseconds
    issue: str | None = None


class Inbox:
    """The deliveries in a folder that nobody has dealt with yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(
        self, deliveries: Iterable[Delivery], sync: Callable[[Sequence[int]], None] = sync_in_turn
    ) -> None:
        """Durable when this returns. Raises OSError, after which some of them may be there."""
        write_durably(self.folder, {delivery.name: encode(delivery) for delivery in deliveries}, sync)

    def names(self) -> list[str]:
        """The complete deliveries, oldest first; none if there is no such folder."""
        return sorted(self._names())

    def read(self, name: str) -> Delivery:
        """Raises FileNotFoundError if it has been removed meanwhile, and DamagedDelivery."""
        if not _NAME.fullmatch(name):
            raise DamagedDelivery(name, "does not have the name of a delivery")
        heading, newline, body = (self.folder / name).read_bytes().partition(b"\n")
        if not newline:
            raise DamagedDelivery(name, "ends within its first line")
        try:
            about = msgspec.json.decode(heading, type=_Heading)
            received_at = _EPOCH + timedelta(milliseconds=about.received_at)
        except (msgspec.MsgspecError, UnicodeDecodeError, OverflowError) as error:
            raise DamagedDelivery(name, "does not begin with a line about the delivery") from error
        return Delivery(name, about.identifier, received_at, about.issue, body)

    def due(self, now: datetime) -> list[str]:
        """The deliveries that nobody has postponed beyond ``now``, oldest first."""
        latest = now.timestamp()
        # The clock may have been set back since: nothing is postponed for longer than this.
        earliest_of_the_future = latest + _LONGEST_WAIT.total_seconds()
        found = []
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if _NAME.fullmatch(entry.name):
                        moment = entry.stat().st_mtime
                        if moment <= latest or moment > earliest_of_the_future:
                            found.append(entry.name)
        return sorted(found)

    def postpone(self, name: str, until: datetime) -> None:
        """Leave a delivery where it is, and have it ``due`` later. The file's own time says when."""
        longest = datetime.now(UTC) + _LONGEST_WAIT
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

    def oldest(self) -> datetime | None:
        """When the delivery that has waited longest came in."""
        return self.backlog().oldest

    def fingerprints(self) -> list[str]:
        """The fingerprints of the identifiers of all deliveries."""
        return [_fingerprint_in(name) for name in self._names()]

    def _names(self) -> list[str]:
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            return [entry.name for entry in entries if _NAME.fullmatch(entry.name)]
        return []


def file_name(received_at: datetime, identifier: str) -> str:
    """Sorts by arrival, and tells deliveries apart without showing anything that came from outside."""
    return f"{_milliseconds(received_at):013d}-{fingerprint(identifier)}.event"


def fingerprint(identifier: str) -> str:
    """32 hexadecimal digits that stand for an identifier in names of files."""
    return hashlib.sha256(identifier.encode()).hexdigest()[:32]


def encode(delivery: Delivery) -> bytes:
    """The content of a delivery's file."""
    return heading(delivery) + b"\n" + delivery.body


def heading(delivery: Delivery) -> bytes:
    """The first line of a delivery's file, without its newline; blanks may follow it."""
    received_at = _milliseconds(delivery.received_at)
    return msgspec.json.encode(_Heading(delivery.identifier, received_at, delivery.issue_hint))


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def _fingerprint_in(name: str) -> str:
    return name[14:46]


def _received_at(name: str) -> datetime:
    return _EPOCH + timedelta(milliseconds=int(name[:13]))
