"""A data folder with everything in it, the keys it is kept with, and what can be read of it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from msgspec import Raw

from jira_assets.inbox.archive import Archive
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import Queue
from jira_assets.privacy.in_use import KeysInUse
from jira_assets.privacy.reading import connect as revealed
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.attachments.store import AttachmentStore
from jira_assets.sync.configuration import catalogue, protection, resolution, site
from jira_assets.sync.publishing import publish_lookups
from jira_assets.upkeep.rotate.rewritten_tables import count_by_key
from jira_assets.upkeep.rotate.rotate import Rotated, Rotation
from jira_assets.upkeep.stores import stores
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.publish import VIEWS, publish_months
from jira_assets.warehouse.refresh import Refresh
from jira_assets_tests.privacy.keys import key
from jira_assets_tests.raw.records import state

ATTACHMENT = b"a rather private sentence, " * 9


@dataclass(frozen=True)
class Kept:
    """The folder. Keys are changed by ``use``; settings are those of the environment, as everywhere."""

    folder: Path
    patch: pytest.MonkeyPatch

    def use(self, *key_ids: str) -> Settings:
        """From now on these keys are set."""
        self.patch.setenv("JIRA_ENCRYPTION_KEYS", ",".join(map(key, key_ids)))
        catalogue.cache_clear()
        return Settings.load()

    def rotate(self, *key_ids: str) -> Rotated:
        return Rotation(self.use(*key_ids), lambda _line: None).run()

    def build(self) -> None:
        """Tables and published files of what is in the raw log."""
        settings = Settings.load()
        raw, tables = RawLog(settings.raw_dir, settings.keyring), catalogue().tables
        of_site = site(settings, resolution(settings))
        Refresh(raw, settings.warehouse_path, tables, of_site, protection(settings)).run(raw.months())
        with connect(settings.warehouse_path, read_only=True) as connection:
            publish_months(connection, tables, raw.months(), settings.published_dir)
        users = [Raw(b'{"accountId": "5b1", "displayName": "Ann Lee", "emailAddress": "ann@example.com"}')]
        raw.lookups.write("users", {None: users}, datetime(2026, 11, 30, tzinfo=UTC))
        publish_lookups(settings)

    def attach(self) -> None:
        settings = Settings.load()
        store = AttachmentStore(settings.attachments_dir, settings.keyring)
        for issue_id in ("1", "2"):
            with store.writing(issue_id, "7", len(ATTACHMENT)) as file:
                file.write(ATTACHMENT)

    def keys(self) -> set[str | None]:
        """Those with which anything is sealed, anywhere."""
        settings = Settings.load()
        opened = [store.opened(settings.keyring) for store in stores(settings) if store.opened is not None]
        counts = [pieces.count_by_key(piece) for pieces in opened for piece in pieces.names()]
        return {key_id for count in (*counts, *dict(count_by_key(settings)).values()) for key_id in count}

    def in_use(self) -> list[str]:
        return KeysInUse(Settings.load().keys_file).ids()

    def readable(self) -> dict[str, object]:
        """All that whoever has the keys can read."""
        settings = Settings.load()
        raw = RawLog(settings.raw_dir, settings.keyring)
        store = AttachmentStore(settings.attachments_dir, settings.keyring)
        queue = Queue(settings.queue_dir, settings.keyring)
        archive = Archive(settings.events_dir, settings.keyring)
        inboxes = [
            Inbox(folder, settings.keyring) for folder in (settings.inbox_dir, settings.unreadable_dir)
        ]
        published = f"{settings.published_dir / VIEWS}"
        with revealed(published, settings.keyring) as connection:
            tables = (*catalogue().tables, *catalogue().lookups)
            rows = {table.name: _rows(connection, table.view) for table in tables}
        return {
            "lists": {name: raw.lookups.read(name) for name in raw.lookups.lists()},
            "raw": {month: state(raw, month) for month in raw.months()},
            "queue": {month: queue.items(month) for month in queue.months()},
            "archive": {day: list(archive.read(date.fromisoformat(day))) for day in archive.days()},
            "inbox": [[inbox.read(name) for name in inbox.names()] for inbox in inboxes],
            "files": {
                (issue_id, attachment_id): b"".join(store.reading(issue_id, attachment_id))
                for issue_id in sorted(store.issue_ids())
                for attachment_id in sorted(store.attachment_ids(issue_id))
            },
            "published": rows,
        }


def _rows(connection: duckdb.DuckDBPyConnection, view: str) -> list[tuple[object, ...]]:
    return connection.execute(f"SELECT * FROM {view} ORDER BY ALL").fetchall()
