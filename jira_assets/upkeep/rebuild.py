"""The warehouse made anew from the raw log: beside the one that is there, which is then set aside.

Until the new one is whole, whatever there was stays where it is. Meanwhile nobody can write it, so nothing is
lost that was written there and not to the raw log.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl
from upath import UPath

from jira_assets.checks.evaluate import Evaluation
from jira_assets.files import remove_leftovers, replaced
from jira_assets.inbox.queue import Queue
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.configuration import catalogue, protection, remember, resolution, site, table_rules
from jira_assets.sync.publishing import publish_lookups, publish_views
from jira_assets.sync.requeue import requeue_moved
from jira_assets.tables.declare import Table
from jira_assets.tables.jira_fields import JIRA_FIELDS, fields_frame
from jira_assets.warehouse.connection import WarehouseBusy, WarehouseError, connect
from jira_assets.warehouse.database_file import HEADERS_BYTES, contents, free_name, log_of, look, see_to
from jira_assets.warehouse.publish import publish_months
from jira_assets.warehouse.read import built
from jira_assets.warehouse.refresh import Refresh, Refreshed
from jira_assets.warehouse.unpartitioned import read_table, replace_table

_PATIENCE_S = 5.0


@dataclass(slots=True)
class Rebuilt:
    """What a rebuilding came to.

    ``failed`` are months and lists that could not be built, or are not published, and why. ``set_aside`` is
    where the old file is now. If nothing ``is_replaced``, because the old one holds what the new one would
    lack, everything is as it was.
    """

    months: int = 0
    issues: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    set_aside: Path | None = None
    is_replaced: bool = True


class Rebuilding:
    """Makes all tables anew from what is stored, without Jira. Raises SettingsError and PrivacyError."""

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        self._settings = settings
        self._tell = tell
        self._database = settings.warehouse_path
        self._raw = RawLog(settings.raw_dir, settings.keyring)
        self._resolved = resolution(settings)
        self._site = site(settings, self._resolved)
        self._protection = protection(settings)

    def run(self) -> Rebuilt:
        """Raises WarehouseError, and what keeps it from writing: OSError and `duckdb.Error`.

        Until the old file is set aside everything is as it was; afterwards doing it again does the rest.
        """
        remember(self._settings, self._resolved)
        remove_leftovers(UPath(self._database.parent))
        kept = self._kept()
        done = Rebuilt()
        with _held(self._database), suppress(_Incomplete), replaced(UPath(self._database)) as staged:
            built_anew = self._build(staged, kept or {})
            done.failed = {f"the tables of {month}": why for month, why in built_anew.failed.items()}
            if built_anew.failed and kept is not None:
                done.is_replaced = False
                raise _Incomplete
            done.set_aside = _set_aside(self._database)
        if done.is_replaced:
            done.months, done.issues = len(built_anew.months), built_anew.issues
            self._refresh(self._database)  # what was fetched meanwhile
            self._publish(done.failed)
        return done

    def _kept(self) -> dict[Table, pl.DataFrame] | None:
        """The tables that are not made of the raw log; None if the file holds nothing that can be read."""
        if not self._database.exists():
            return None
        try:
            with connect(self._database, patience_s=_PATIENCE_S) as connection:
                connection.execute("CHECKPOINT")  # what is in the log beside it is set aside with it
                if not contents(connection):
                    return None
        except WarehouseBusy:
            raise
        except (WarehouseError, duckdb.Error):
            return None
        kept: dict[Table, pl.DataFrame] = {}
        for table in catalogue().unpartitioned:
            with suppress(duckdb.Error, WarehouseError):  # an older version made it, or it is damaged
                kept[table] = read_table(self._database, table)
        return kept

    def _build(self, staged: Path, kept: dict[Table, pl.DataFrame]) -> Refreshed:
        """Make all tables in a new file, which is whole when this returns."""
        try:
            for table, frame in kept.items():
                replace_table(staged, table, frame)
            replace_table(staged, JIRA_FIELDS, fields_frame(self._resolved))
            done = self._refresh(staged)
            with connect(staged) as connection:
                connection.execute("CHECKPOINT")
                made = contents(connection)
        finally:
            log_of(staged).unlink(missing_ok=True)
        with duckdb.connect() as connection:
            look(connection, staged, made)
        return done

    def _refresh(self, database: Path) -> Refreshed:
        refresh = Refresh(self._raw, database, catalogue().tables, self._site, self._protection)
        done = refresh.run(self._raw.months(), progress=self._tell)
        requeue_moved(Queue(self._settings.queue_dir, self._settings.keyring), done.left)
        return done

    def _publish(self, failed: dict[str, str]) -> None:
        """Publish what was built, but for months in which a rule is broken that holds them back."""
        settings, tables = self._settings, catalogue().tables
        if self._raw.lookups.lists():
            failed.update(publish_lookups(settings).failed)
        publish_views(settings)
        with connect(self._database, read_only=True) as connection:
            found = Evaluation.ask(connection, table_rules(), None)
            for table, why in found.withheld_tables.items():
                failed[f"{table} is published as it was"] = why
            whole = [each for each in built(connection, tables) if each.name not in found.withheld_tables]
            months = self._publishable(found, failed)
            for number, month in enumerate(months, start=1):
                publish_months(connection, whole, [month], settings.published_dir)
                self._tell(f"{number} of {len(months)} months published")
        found.keep(self._database)
        publish_views(settings)

    def _publishable(self, found: Evaluation, failed: dict[str, str]) -> Sequence[str]:
        months = []
        for month in sorted(found.by_month):
            if why := found.withheld_month(month):
                failed[f"{month} is published as it was"] = why
            else:
                months.append(month)
        return months


class _Incomplete(Exception):
    """The new file would hold less than the old one."""


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Keep everybody from opening a database, which may be damaged, by the lock that DuckDB itself takes."""
    see_to(path)  # where there is none, nobody else is to make one meanwhile
    with path.open("ab") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WarehouseBusy(f"{path} is held by another process; run this again later") from error
        yield


def _set_aside(path: Path) -> Path | None:
    """Give a file that is about to be replaced another name, and its log with it; one that is empty goes."""
    aside = free_name(path)
    if path.stat().st_size > HEADERS_BYTES:
        os.link(path, aside)
    with suppress(FileNotFoundError):
        log_of(path).replace(log_of(aside))
    return aside if aside.exists() or log_of(aside).exists() else None
