"""Storing: rows replaced in all tables of a change, and their watermarks, in one transaction."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from jira_assets.tables.declare import IssueTable
from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S, transaction
from jira_assets.warehouse.moved import IssueMonth, in_several_months, issue_months
from jira_assets.warehouse.purge import is_free
from jira_assets.warehouse.staging import Piece
from jira_assets.warehouse.store import Marks, MonthChange, begin_changes, finish_changes, insert


class InSeveralMonths(Exception):
    """Issues would have rows in more than one month, which are these by issue; nothing was written."""

    def __init__(self, months: dict[str, list[str]]) -> None:
        super().__init__(f"{', '.join(sorted(months))} would stand in several months")
        self.months = months


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction does to some months of some tables.

    Of each month the rows of some issues, or all, are replaced by those of the ``pieces``. ``marks`` are what
    the months had when they were read, ``version`` is what made the rows.
    """

    tables: Sequence[IssueTable]
    months: Sequence[MonthChange]
    marks: Marks
    version: str
    pieces: Iterable[Piece]


@dataclass(slots=True)
class StoredChange:
    """Rows written by table, and whether two fifths of the file are free now."""

    rows: Counter[str] = field(default_factory=Counter)
    is_mostly_free: bool = False


def store(
    database: Path,
    change: Change,
    unreadable: Collection[str] = (),
    *,
    patience_s: float = DEFAULT_PATIENCE_S,
) -> StoredChange:
    """Make a change, or nothing of it. ``unreadable`` are months that nothing is to be compared with.

    Raises WarehouseBusy, WatermarkMoved, SchemaMismatch, and InSeveralMonths, after which another reading
    of the raw log tells what to write.
    """
    stored = StoredChange()
    written: set[IssueMonth] = set()
    pieces = iter(change.pieces)
    first = list(islice(pieces, 1))  # the file is opened only when there is something to write
    with transaction(database, patience_s=patience_s) as connection:
        begin_changes(connection, change.tables, change.months, change.marks)
        for piece in chain(first, pieces):
            written |= issue_months(piece)
            for table in change.tables:
                insert(connection, table, piece[table.name])
                stored.rows[table.name] += piece[table.name].height
        found = in_several_months(connection, change.tables, change.months, written, unreadable)
        if found:
            raise InSeveralMonths(found)
        finish_changes(connection, change.tables, change.months, change.version)
        stored.is_mostly_free = is_free(connection)
    return stored
