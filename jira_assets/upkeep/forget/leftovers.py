"""What writers that were killed have left behind: it may hold anything."""

import time
from collections.abc import Iterator
from pathlib import Path

from upath import UPath

from jira_assets.files import local, remove_leftovers
from jira_assets.settings import Settings
from jira_assets.warehouse.database_file import set_aside

_MOMENT_S = 2.0
_UNFINISHED = ".*.tmp*"


def remove_unfinished(settings: Settings) -> list[str]:
    """Deletes it from our folders. Tells of what is young, since writers may be at work on it, and of
    warehouses that were set aside.
    """
    for folder in {path.parent for path in _unfinished(settings)}:
        remove_leftovers(UPath(folder))
    found = sorted(_unfinished(settings))
    if found:
        time.sleep(_MOMENT_S)  # most are of writers at work, and gone by then
        found = [path for path in found if path.exists()]
    return [
        *(f"{path} is unfinished, perhaps since a crash: forget again in an hour" for path in found),
        *(f"{path} was damaged and is as it was: delete it" for path in set_aside(settings.warehouse_path)),
    ]


def _unfinished(settings: Settings) -> Iterator[Path]:
    # Others may keep theirs beside our folders.
    yield from settings.local_dir.glob(_UNFINISHED)
    ours = (settings.raw_dir, settings.attachments_dir, settings.published_dir)
    events = (settings.inbox_dir, settings.unreadable_dir, settings.queue_dir, settings.events_dir)
    for root in (*map(local, ours), *events):
        if root is not None:
            yield from root.rglob(_UNFINISHED)
