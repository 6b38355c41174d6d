"""Where everything lies below the data folder."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upath import UPath

DEFAULT_DATA_DIR = "data"


class Folders:
    """The folders and files that we keep, for whoever has a data folder."""

    __slots__ = ()

    @property
    def data_dir(self) -> "UPath":
        """Where everything is kept: an absolute local folder, or a URL such as ``s3://bucket/jira``."""
        raise NotImplementedError

    @property
    def raw_dir(self) -> "UPath":
        """The raw log: what Jira said."""
        return self.data_dir / "raw"

    @property
    def attachments_dir(self) -> "UPath":
        """The content of attachments."""
        return self.data_dir / "attachments"

    @property
    def published_dir(self) -> "UPath":
        """The Parquet files that analysts read."""
        return self.data_dir / "published"

    @property
    def local_dir(self) -> Path:
        """What must lie on a disk of this machine: the data folder, or ``data`` if that is remote."""
        folder = self.data_dir
        return Path(folder.path) if folder.protocol in ("", "file") else Path(DEFAULT_DATA_DIR).absolute()

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file; DuckDB writes to local disks only."""
        return self.local_dir / "warehouse.duckdb"

    @property
    def keys_file(self) -> Path:
        """Which encryption keys are in use; the keys themselves are not in it."""
        return self.local_dir / "keys.json"

    @property
    def inbox_dir(self) -> Path:
        """The events that the receiver has taken in and nobody has looked at yet."""
        return self.local_dir / "inbox"

    @property
    def queue_dir(self) -> Path:
        """What is to be fetched again, by month."""
        return self.local_dir / "queue"

    @property
    def events_dir(self) -> Path:
        """The archive of events, by day."""
        return self.local_dir / "events"

    @property
    def unreadable_dir(self) -> Path:
        """Well signed deliveries that are no events."""
        return self.local_dir / "unreadable"

    @property
    def lookups_due_dir(self) -> Path:
        """Which of the site's lists an event has told a change of."""
        return self.local_dir / "lookups_due"

    @property
    def reconcile_dir(self) -> Path:
        """How far the sweeps for missed events have come."""
        return self.local_dir / "reconcile"
