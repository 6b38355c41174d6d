"""What is done once an hour, by whoever comes by first: what is old is removed, and small files joined."""

from datetime import timedelta

from upath import UPath

from jira_assets import clock
from jira_assets.files import make_folder, remove_leftovers
from jira_assets.inbox.archive import Archive
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import received_at
from jira_assets.settings import Settings
from jira_assets.warehouse.connection import WarehouseError
from jira_assets.warehouse.known import Known

_EVERY = timedelta(hours=1)
_MARK = ".tidied"


def tidy(settings: Settings) -> None:
    """Tidies the archive, and what could not be read, unless that was done of late. Raises OSError."""
    now = clock.now()
    mark = settings.events_dir / _MARK
    try:
        if abs(now.timestamp() - mark.stat().st_mtime) < _EVERY.total_seconds():
            return
    except FileNotFoundError:
        make_folder(mark.parent)
    mark.touch(0o600)
    remove_leftovers(
        UPath(settings.local_dir)
    )  # a purge that was killed leaves a copy of the warehouse there
    try:
        past = Known(settings.warehouse_path).surely_past(now)
    except WarehouseError:
        return  # it is tidied in an hour
    Archive(settings.events_dir, settings.keyring).tidy(past, settings.event_retention_days)
    unreadable = Inbox(settings.unreadable_dir)
    oldest = past - timedelta(days=settings.event_retention_days)
    unreadable.remove(name for name in unreadable.names() if received_at(name) < oldest)
