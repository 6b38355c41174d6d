"""How much room everything takes that is kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jira_assets.files import bytes_below, local
from jira_assets.settings import Settings

if TYPE_CHECKING:
    from upath import UPath

PLACES = ("raw", "warehouse", "queue", "archive", "published", "attachments")


def disk_usage(settings: Settings) -> Mapping[str, int]:
    """The bytes of each place, by its name. Raises ``SettingsError`` and OSError."""
    database = settings.warehouse_path
    return {
        "raw": _bytes(settings.raw_dir),
        "warehouse": sum(map(_size, (database, database.with_name(f"{database.name}.wal")))),
        "queue": bytes_below(settings.inbox_dir, settings.queue_dir, settings.unreadable_dir),
        "archive": bytes_below(settings.events_dir),
        "published": _bytes(settings.published_dir),
        "attachments": _bytes(settings.attachments_dir),
    }


def _bytes(folder: "UPath") -> int:
    on_disk = local(folder)
    if on_disk is not None:
        return bytes_below(on_disk)
    return int(folder.fs.du(folder.path)) if folder.exists() else 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
