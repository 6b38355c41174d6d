"""What the routes share, and what starts and ends with the application."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from upath import UPath

from jira_assets import clock
from jira_assets.files import remove_leftovers
from jira_assets.inbox.archive import Archive
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.receiver.body import Room
from jira_assets.inbox.receiver.duplicates import Duplicates
from jira_assets.inbox.receiver.log import logger
from jira_assets.inbox.receiver.metrics import Metrics
from jira_assets.inbox.receiver.signature import Verifier
from jira_assets.inbox.receiver.store import Store
from jira_assets.raw.lookups import LookupStore
from jira_assets.settings import Settings

_RETRIED_FOR = timedelta(days=2)  # Jira's retries are minutes apart
_TIDY_EVERY_S = 600


@dataclass(frozen=True, slots=True)
class ReceiverState:
    """One receiver's parts. Events of other than these projects are dropped; with none, all are kept."""

    verifier: Verifier
    inbox: Inbox
    unreadable: Inbox
    archive: Archive
    projects: Sequence[str]
    room: Room
    store: Store = field(default_factory=Store)
    duplicates: Duplicates = field(default_factory=Duplicates)
    metrics: Metrics = field(default_factory=Metrics)

    @classmethod
    def from_settings(cls, settings: Settings) -> "ReceiverState":
        """Raises ``SettingsError``, ``UnknownKey`` and ``WrongKey``."""
        lookups = LookupStore(settings.raw_dir, settings.keyring)
        return cls(
            Verifier(settings.webhook_secrets),
            Inbox(settings.inbox_dir, settings.keyring),
            Inbox(settings.unreadable_dir, settings.keyring),
            Archive(settings.events_dir, settings.keyring),
            (*settings.projects, *lookups.current_keys(settings.projects)),
            Room(settings.inbox_dir, settings.keyring),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Knows what came before, and stores what comes until the block ends."""
        try:
            self.duplicates.remember(await asyncio.to_thread(self._fingerprints))
        except OSError as error:  # a duplicate costs a fetch; not to start would cost events
            fields = {"error": type(error).__name__}
            logger.warning("what was delivered before cannot be listed", extra={"fields": fields})
        self.store.start()
        tidying = asyncio.create_task(self._tidy())
        try:
            yield
        finally:
            tidying.cancel()
            await self.store.stop()

    def _fingerprints(self) -> list[str]:
        """Of all that may be delivered again. The archive comes last: that is where the others move."""
        fingerprints = [*self.inbox.fingerprints(), *self.unreadable.fingerprints()]
        return [*self.archive.fingerprints(clock.now() - _RETRIED_FOR), *fingerprints]

    async def _tidy(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.room.remove_leftovers)
                await asyncio.to_thread(remove_leftovers, UPath(self.room.folder))
            except OSError:
                logger.exception("what killed receivers have left cannot be removed")
            await asyncio.sleep(_TIDY_EVERY_S)
