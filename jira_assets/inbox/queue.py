"""The queue: which issues are to be fetched again, month by month, one file for each reason.

Whatever finds work puts it here: events, reconciliation, the poll of SLAs. An item is removed only when what
it asks for is durable in the raw log; until then every look at the queue finds it again.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
from upath import UPath

from jira_assets.files import (
    UnfitFile,
    exchange,
    make_folder,
    no_files,
    read_file,
    remove_leftovers,
    write_durably,
)
from jira_assets.inbox.events import Expected
from jira_assets.privacy.errors import Tampered, UnknownKey
from jira_assets.privacy.keyring import NO_KEYS, Keyring, key_id_of
from jira_assets.privacy.rewriting import Rewritten
from jira_assets.raw.record import Source
from jira_assets.timestamps import epoch_milliseconds

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_ISSUE_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
# Jira's reads catch up within seconds, and what still differs after an hour was told wrongly, or twice.
GIVE_UP_AFTER = timedelta(hours=1)
NOTHING_EXPECTED = Expected(None, None)
_ANY_TIME = datetime.min.replace(tzinfo=UTC)
_LARGEST_BYTES = 1024 * 1024  # an item has a few hundred
_NAME = re.compile(r"([0-9]{13})-([0-9]{1,20})-[0-9a-f]{16}\.json", re.ASCII)


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reason to fetch an issue: because of ``cause``, which came in at ``received_at``.

    ``expected`` is what Jira's answer shows unless it is older than the cause. With ``is_deletion`` it is
    that there is no such issue any more. ``project`` is the one that an issue was in which is said to be
    deleted, or was known here: if Jira leaves it out, whether it is deleted is asked further. What an event
    tells of may merely not be there yet, so an item that has none waits. ``moved_from`` is the month that is
    to let the issue go once this one has stored it. ``is_secured`` is whether an event said that the issue
    has a security level: it may be hidden then.
    """

    issue_id: str
    cause: str
    received_at: datetime
    source: Source = Source.WEBHOOK
    at: datetime | None = None
    expected: Expected = NOTHING_EXPECTED
    is_deletion: bool = False
    project: str | None = None
    moved_from: str | None = None
    is_secured: bool = False

    @property
    def is_missed(self) -> bool:
        """Whether the issue was missed where it should be, and no event is about that."""
        return self.project is not None and not self.is_deletion

    @property
    def name(self) -> str:
        """The file's name: the same for the same cause, later for what came later."""
        digest = hashlib.sha256(self.cause.encode()).hexdigest()[:16]
        return f"{epoch_milliseconds(self.received_at):013d}-{self.issue_id}-{digest}.json"


class NewestItem(NamedTuple):
    """The item of a month that was added last: when (nanoseconds since the epoch), and its name."""

    added: int
    name: str


class Queue:
    """The queue below a folder: `<folder>/<month>/<item>`. Items are sealed if there is a key.

    Whatever looks into items raises UnknownKey for one whose key is missing, and leaves it where it is.
    """

    def __init__(self, folder: Path, keyring: Keyring = NO_KEYS) -> None:
        self._folder = folder
        self._keyring = keyring

    def put(self, items: Mapping[str, Iterable[Item]]) -> None:
        """Add items by month; durable when this returns. Adding one again changes nothing."""
        for month, of_month in items.items():
            files = {item.name: self._encoded(month, item) for item in of_month if _checked(item)}
            if files:
                # What is there keeps its time, by which is told what no run was asked for yet.
                for name in self.names(month):
                    files.pop(name, None)
                make_folder(self._folder)
                write_durably(self._of(month), files)

    def add(self, items: Mapping[str, Sequence[Item]]) -> int:
        """Put those that ask for what no item in the queue asks for yet; returns how many.

        So what looks for differences may find the same ones again before they are dealt with.
        """
        new = {month: self._unasked(month, of_month) for month, of_month in items.items()}
        self.put(new)
        return sum(map(len, new.values()))

    def passed_over(self) -> list[str]:
        """What lies here and is no item and no month, so that it is left alone; what each is."""
        months = self._months()
        found = [
            (self._folder / name, kind)
            for name, kind in no_files(self._folder).items()
            if kind != "a folder" and name not in months
        ]
        found += [
            (self._of(month) / name, kind)
            for month in months
            for name, kind in no_files(self._of(month)).items()
        ]
        return [f"{path} is {kind}" for path, kind in sorted(found)]

    def months(self) -> list[str]:
        """The months with work, oldest first."""
        return [month for month in self._months() if self.names(month)]

    def newest(self) -> dict[str, NewestItem]:
        """The item that was added last, of each month with work."""
        return {month: newest for month in self._months() if (newest := self._newest(month)) is not None}

    def names(self, month: str) -> list[str]:
        """The names of a month's items, oldest first."""
        with suppress(FileNotFoundError), os.scandir(self._of(month)) as entries:
            return sorted(entry.name for entry in entries if _is_item(entry))
        return []

    def items(self, month: str) -> list[Item]:
        """A month's items, oldest first. One whose file is damaged still says which issue it is about."""
        remove_leftovers(UPath(self._of(month)))
        return self._read_all(month)

    def remove(self, month: str, items: Iterable[Item]) -> None:
        """Take items out that are done. One that comes back after a power cut is merely done twice."""
        for item in items:
            (self._of(month) / item.name).unlink(missing_ok=True)

    def rewrite(self, month: str) -> Rewritten:
        """Seals a month's items with the key that writes; they keep the times at which they were added.

        A killed run is finished by the next. Raises OSError where nothing can be written.
        """
        done = Rewritten()
        for name in self.names(month):
            with suppress(FileNotFoundError):  # it has been dealt with meanwhile
                try:
                    self._rewrite(month, name, done)
                except UnknownKey as error:
                    done.problems.append(f"{name} in the queue of {month}: {error}")
        return done

    def count_by_key(self, month: str) -> Counter[str | None]:
        """How many of a month's items each key has sealed; None stands for no key."""
        counts: Counter[str | None] = Counter()
        for name in self.names(month):
            with suppress(FileNotFoundError, Tampered):
                counts[key_id_of(_stored(self._of(month) / name), name)] += 1
        return counts

    def _rewrite(self, month: str, name: str, done: Rewritten) -> None:
        done.seen += 1
        path, place = self._of(month) / name, _place(month, name)
        try:
            stored = _stored(path)
            if key_id_of(stored, place) != self._keyring.writing:
                exchange(path, self._keyring.seal(self._keyring.unseal(stored, place), place))
                done.resealed += 1
        except Tampered:
            self._read(month, name)  # which puts what can still be told in its place

    def _unasked(self, month: str, items: Sequence[Item]) -> list[Item]:
        ids = {item.issue_id for item in items}
        waiting = {_asked(item) for item in self._read_all(month, ids)}
        return [item for item in items if _asked(item) not in waiting]

    def _read_all(self, month: str, issue_ids: Container[str] | None = None) -> list[Item]:
        """The items of a month, or those about these issues."""
        found = []
        for name in self.names(month):
            if issue_ids is None or name.split("-")[1] in issue_ids:
                with suppress(FileNotFoundError):  # another run was quicker
                    found.append(self._read(month, name))
        return found

    def _months(self) -> list[str]:
        with suppress(FileNotFoundError):
            return sorted(
                path.name for path in self._folder.iterdir() if _MONTH.fullmatch(path.name) and path.is_dir()
            )
        return []

    def _newest(self, month: str) -> NewestItem | None:
        found = []
        with suppress(FileNotFoundError), os.scandir(self._of(month)) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if _is_item(entry):
                        found.append(NewestItem(entry.stat().st_mtime_ns, entry.name))
        return max(found, default=None)

    def _encoded(self, month: str, item: Item) -> bytes:
        return self._keyring.seal(msgspec.json.encode(item), _place(month, item.name))

    def _read(self, month: str, name: str) -> Item:
        path = self._of(month) / name
        try:
            content = self._keyring.unseal(_stored(path), _place(month, name))
            return msgspec.json.decode(content, type=Item)
        except (Tampered, msgspec.DecodeError, UnicodeDecodeError):
            item = Item(issue_id=name.split("-")[1], cause=name, received_at=received_at(name))
            self.put({month: [item]})
            path.unlink()
            return item

    def _of(self, month: str) -> Path:
        if not _MONTH.fullmatch(month):
            raise ValueError(f"{month!r} is not a month (YYYY-MM)")
        return self._folder / month


def _place(month: str, name: str) -> str:
    return f"queue/{month}/{name}"


def received_at(name: str) -> datetime:
    """When the cause of an item came in, from the name of its file."""
    return datetime.fromtimestamp(int(name[:13]) / 1000, UTC)


def _asked(item: Item) -> Item:
    """What an item asks for, whatever the reason."""
    return msgspec.structs.replace(item, cause="", received_at=_ANY_TIME)


def _is_item(entry: os.DirEntry[str]) -> bool:
    return _NAME.fullmatch(entry.name) is not None and entry.is_file(follow_symlinks=False)


def _stored(path: Path) -> bytes:
    """The content of an item's file. Raises Tampered for what is none, FileNotFoundError."""
    try:
        return read_file(path, _LARGEST_BYTES)
    except UnfitFile as error:
        raise Tampered(f"{path} {error}") from error


def _checked(item: Item) -> bool:
    if not _ISSUE_ID.fullmatch(item.issue_id):
        raise ValueError(f"{item.issue_id!r} is not the id of an issue")
    return True
