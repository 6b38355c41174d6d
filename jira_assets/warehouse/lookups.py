"""The tables of the site's lists, made of what is stored of those: without a request to Jira."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from jira_assets.raw.errors import RawLogError
from jira_assets.raw.lookups import LookupStore
from jira_assets.tables.lookups import LookupTable, lookup_frame
from jira_assets.tables.protection import Protection
from jira_assets.warehouse.connection import transaction
from jira_assets.warehouse.unpartitioned import replace_rows_of


@dataclass(slots=True)
class StoredLookups:
    """How many rows each table has, and why the ``failed`` ones are as they were, by the names of tables."""

    rows: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def store_lookups(
    database: Path, store: LookupStore, tables: Iterable[LookupTable], protection: Protection
) -> StoredLookups:
    """Replaces the rows of these tables; one of which the list cannot be read stays as it is.

    Raises WarehouseBusy.
    """
    stored = StoredLookups()
    frames: list[tuple[LookupTable, pl.DataFrame]] = []
    for table in tables:
        try:
            frame, _ = lookup_frame(table, store.read(table.list_name), protection)
        except RawLogError as error:
            stored.failed[table.name] = str(error)
            continue
        frames.append((table, frame))
        stored.rows[table.name] = frame.height
    with transaction(database) as connection:
        for table, frame in frames:
            replace_rows_of(connection, table, frame)
    return stored
