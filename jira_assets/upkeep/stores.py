"""The one list of what is kept: where it lies, and how it is counted, rewritten, searched and swept.

Dagster's history is not among it: Dagster keeps that itself, and `defs/health/retention.py` makes it short.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from upath import UPath

from jira_assets.files import bytes_below, local, remove_leftovers
from jira_assets.inbox.archive import Archive
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import Queue
from jira_assets.privacy.forgotten import ForgottenList
from jira_assets.privacy.keyring import Keyring
from jira_assets.privacy.rewriting import Change, Rewritten
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part
from jira_assets.settings import Settings
from jira_assets.sync.attachments.store import AttachmentStore

_MONTH_LENGTH = len("2024-01")
_UNFINISHED = ".*.tmp*"


class PayloadOwner(NamedTuple):
    """Whose payload it is. The body of an event has no issue and no part; its month is that in which it came,
    or ``waiting``. Neither has an entry of the site's lists, which are of all months.
    """

    month: str
    issue_id: str | None = None
    part: str | None = None


_ALL = ("all",)
_WAITING = PayloadOwner("waiting")
LISTS = PayloadOwner("lists")
"""Where what the site calls things is, people among them."""

ChangeOf = Callable[[PayloadOwner], Change]
"""What is to become of the payloads of each owner."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """What is sealed of a store, in pieces that are rewritten one after the other: months, days or issues.

    ``units`` is what people call what is counted. ``count_by_key`` tells how much of a piece each key has
    sealed (None stands for no key), and raises what reading it raises. ``payloads``, where people may be in
    them, are those that nothing supersedes.
    """

    units: str
    names: Callable[[], Collection[str]]
    rewrite: Callable[[str, ChangeOf], Rewritten]
    count_by_key: Callable[[str], Counter[str | None]]
    payloads: Callable[[str], Iterator[tuple[PayloadOwner, bytes]]] | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """Something that is kept in ``folder``, or beside it if the two are of one ``name`` there.

    ``counted_as`` is its part of the columns ``…_bytes`` of `data_health`. What cannot be ``opened`` is made
    from the others: it is built anew instead of rewritten. ``is_searched`` where people are redacted.
    """

    name: str
    counted_as: str
    folder: UPath | Path
    opened: Callable[[Keyring], Pieces] | None = None
    is_searched: bool = False


def stores(settings: Settings) -> tuple[Store, ...]:
    """All of them, each before those that things move to from there. Raises ``SettingsError``."""
    raw, files = settings.raw_dir, settings.attachments_dir
    inbox, unreadable = settings.inbox_dir, settings.unreadable_dir
    queue, events = settings.queue_dir, settings.events_dir
    return (
        Store("raw log", "raw", raw, lambda keyring: _issues(RawLog(raw, keyring)), is_searched=True),
        Store("lists", "raw", raw, lambda keyring: _lists(RawLog(raw, keyring)), is_searched=True),
        Store("inbox", "queue", inbox, lambda keyring: _inbox(Inbox(inbox, keyring)), is_searched=True),
        # They are no events, so nothing in them can be redacted: forgetting deletes them.
        Store("unreadable events", "queue", unreadable, lambda keyring: _inbox(Inbox(unreadable, keyring))),
        Store("queue", "queue", queue, lambda keyring: _queue(Queue(queue, keyring))),
        Store(
            "archive of events",
            "archive",
            events,
            lambda keyring: _archive(Archive(events, keyring)),
            is_searched=True,
        ),
        Store(
            "list of who is forgotten", "raw", raw, lambda keyring: _forgotten(ForgottenList(raw, keyring))
        ),
        # Those of somebody who is forgotten are deleted.
        Store("attachments", "attachments", files, lambda keyring: _files(AttachmentStore(files, keyring))),
        Store("tables", "warehouse", settings.warehouse_path),
        Store("published files", "published", settings.published_dir),
    )


def disk_usage(settings: Settings) -> Mapping[str, int]:
    """The bytes of what is kept, as `data_health` counts it. Raises ``SettingsError`` and OSError."""
    usage: Counter[str] = Counter()
    for counted_as, folder in dict.fromkeys((store.counted_as, store.folder) for store in stores(settings)):
        usage[counted_as] += _bytes(folder)
    return usage


def unfinished(settings: Settings) -> Iterator[Path]:
    """The files of writers that are at work, or were killed at it."""
    yield from settings.local_dir.glob(_UNFINISHED)  # others may keep theirs in folders below
    for folder in dict.fromkeys(store.folder for store in stores(settings)):
        on_disk = local(UPath(folder))
        if on_disk is not None:
            yield from on_disk.rglob(_UNFINISHED)


def sweep(settings: Settings) -> None:
    """Deletes the unfinished files of writers that were killed; those of writers at work are younger."""
    for folder in {path.parent for path in unfinished(settings)}:
        remove_leftovers(UPath(folder))


def _bytes(folder: UPath | Path) -> int:
    on_disk = local(UPath(folder))
    if on_disk is None:
        return int(folder.fs.du(folder.path)) if isinstance(folder, UPath) and folder.exists() else 0
    if on_disk.is_dir():
        return bytes_below(on_disk)
    with_log = (on_disk, on_disk.with_name(f"{on_disk.name}.wal"))
    return sum(path.stat().st_size for path in with_log if path.exists())


def _issues(raw: RawLog) -> Pieces:
    def rewrite(month: str, change_of: ChangeOf) -> Rewritten:
        return raw.rewrite_parts(month, lambda issue_id, part: change_of(PayloadOwner(month, issue_id, part)))

    def payloads(month: str) -> Iterator[tuple[PayloadOwner, bytes]]:
        for issue in raw.latest(month):
            for part, payload in issue.payloads.items():
                yield PayloadOwner(month, issue.issue_id, part.value), payload
            for _, payload in issue.slas:
                yield PayloadOwner(month, issue.issue_id, Part.SLA.value), payload

    return Pieces("payloads", raw.months, rewrite, raw.count_by_key, payloads)


def _lists(raw: RawLog) -> Pieces:
    lookups = raw.lookups

    def payloads(name: str) -> Iterator[tuple[PayloadOwner, bytes]]:
        return ((LISTS, bytes(entry.entry)) for entry in lookups.read(name))

    return Pieces(
        "lists",
        lookups.lists,
        lambda name, change_of: lookups.rewrite(name, change_of(LISTS)),
        lookups.count_by_key,
        payloads,
    )


def _inbox(inbox: Inbox) -> Pieces:
    return Pieces(
        "events",
        lambda: _ALL,
        lambda _, change_of: inbox.rewrite(change_of(_WAITING)),
        lambda _: inbox.count_by_key(),
    )


def _queue(queue: Queue) -> Pieces:
    return Pieces("items", queue.months, lambda month, _: queue.rewrite(month), queue.count_by_key)


def _archive(archive: Archive) -> Pieces:
    def owner(day: str) -> PayloadOwner:
        return PayloadOwner(day[:_MONTH_LENGTH])

    def payloads(day: str) -> Iterator[tuple[PayloadOwner, bytes]]:
        return ((owner(day), event.body) for event in archive.read(date.fromisoformat(day)))

    return Pieces(
        "frames",
        archive.days,
        lambda day, change_of: archive.rewrite(day, change_of(owner(day))),
        archive.count_by_key,
        payloads,
    )


def _forgotten(forgotten: ForgottenList) -> Pieces:
    return Pieces(
        "lists",
        lambda: _ALL if forgotten.path.exists() else (),
        lambda *_: forgotten.rewrite(),
        lambda _: Counter([forgotten.key_id()]),
    )


def _files(files: AttachmentStore) -> Pieces:
    return Pieces("files", files.issue_ids, lambda issue_id, _: files.rewrite(issue_id), files.count_by_key)
