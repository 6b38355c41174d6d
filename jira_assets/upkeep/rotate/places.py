"""Where things are kept that are sealed, each in pieces that can be rewritten one after the other."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

from jira_assets.inbox.archive import Archive
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import Queue
from jira_assets.privacy.forgotten import ForgottenList
from jira_assets.privacy.rewriting import Rewritten
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.attachments.store import AttachmentStore

_ALL = ("all",)


@dataclass(frozen=True, slots=True)
class SealedStore:
    """One of them. Its pieces are months, days or issues; ``units`` is what people call what it counts.

    ``count_by_key`` tells how much of a piece each key has sealed (None stands for no key), and raises what
    reading it raises.
    """

    name: str
    units: str
    pieces: Callable[[], Collection[str]]
    rewrite: Callable[[str], Rewritten]
    count_by_key: Callable[[str], Counter[str | None]]


def places(settings: Settings) -> tuple[SealedStore, ...]:
    """All of them but the tables, each before those that things move to from there.

    Raises ``SettingsError`` and ``PrivacyError``.
    """
    keyring = settings.keyring
    raw = RawLog(settings.raw_dir, keyring)
    lookups = raw.lookups
    inbox, unreadable = Inbox(settings.inbox_dir, keyring), Inbox(settings.unreadable_dir, keyring)
    queue, archive = Queue(settings.queue_dir, keyring), Archive(settings.events_dir, keyring)
    files = AttachmentStore(settings.attachments_dir, keyring)
    forgotten = ForgottenList(settings.raw_dir, keyring)
    return (
        SealedStore("raw log", "payloads", raw.months, raw.rewrite, raw.count_by_key),
        SealedStore("lists", "lists", lookups.lists, lookups.rewrite, lookups.count_by_key),
        _inbox("inbox", inbox),
        _inbox("unreadable events", unreadable),
        SealedStore("queue", "items", queue.months, queue.rewrite, queue.count_by_key),
        SealedStore("archive of events", "frames", archive.days, archive.rewrite, archive.count_by_key),
        SealedStore(
            "people who are forgotten",
            "lists",
            lambda: _ALL if forgotten.path.exists() else (),
            lambda _: forgotten.rewrite(),
            lambda _: Counter([forgotten.key_id()]),
        ),
        SealedStore("attachments", "files", files.issue_ids, files.rewrite, files.count_by_key),
    )


def _inbox(name: str, inbox: Inbox) -> SealedStore:
    return SealedStore(
        name, "events", lambda: _ALL, lambda _: inbox.rewrite(), lambda _: inbox.count_by_key()
    )
