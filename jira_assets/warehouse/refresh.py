"""From raw to tables: what newer segments touched is read, built and written, month by month or many at once.

Two stages run side by side: reading segments and building frames, which is Python's work, and writing them,
which DuckDB does without holding Python up. A third would only queue for the interpreter. Memory holds two
thousand issues, not a month.
"""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import duckdb
import polars as pl
from upath import UPath

from jira_assets.files import remove_leftovers
from jira_assets.raw.errors import RawLogError, UnreadableMonth
from jira_assets.raw.extent import Extent, Position
from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.log import RawLog
from jira_assets.tables.catalogue import version
from jira_assets.tables.declare import IssueTable
from jira_assets.tables.frames import Builder
from jira_assets.tables.issue import Problem, Site, UnreadableIssue
from jira_assets.tables.names import Names
from jira_assets.tables.protection import Protection
from jira_assets.warehouse.changes import Change, InSeveralMonths, store
from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S, WarehouseError, connect
from jira_assets.warehouse.moved import LeftMonth, end_in_other_months, in_several_months, issue_months
from jira_assets.warehouse.outdated import made_alike, made_by, protected_alike, renamed_by_month
from jira_assets.warehouse.prefetch import prefetched
from jira_assets.warehouse.purge import MOSTLY_FREE, compact
from jira_assets.warehouse.renamed import Issues
from jira_assets.warehouse.staging import Piece, stage
from jira_assets.warehouse.store import (
    Mark,
    Marks,
    MonthChange,
    WatermarkMoved,
    read_marks,
)

_ISSUES_PER_PIECE = 250  # decoded and as frames: some 10 MB; each piece costs each table some milliseconds
_BYTES_PER_TRANSACTION = 48_000_000  # of segments; bounds how long the file is held: about three seconds
# Months that were replaced leave free what they were: half of the file, if all were in one transaction. To
# copy the file costs a quarter of making it anew, so single months, which may come one by one, have to wait.
_FREE_IF_REPLACED = 0.1
_ATTEMPTS = 20  # each that fails means that another run got on


@dataclass(slots=True)
class Refreshed:
    """What a refresh did: rows written by table, what could not be read, and months left as they were.

    ``replaced`` is how many of the months were made anew as a whole. ``protected_anew`` is whether any was
    protected by another policy or key until now, ``named_anew`` whether any was made with other names.
    ``left`` are the issues that were in two months; those that they have left are among the ``months``.
    ``other_logs`` are the months of which the log up to the watermark was not what it had been: a segment was
    moved away, put back, or replaced.
    """

    months: list[str] = field(default_factory=list)
    replaced: int = 0
    issues: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    protected_anew: bool = False
    named_anew: bool = False
    left: list[LeftMonth] = field(default_factory=list)
    other_logs: list[str] = field(default_factory=list)

    def add(self, read: "ReadIssues") -> None:
        """What was read for a change that is stored now."""
        self.issues += read.issues
        self.problems += read.problems


@dataclass(slots=True)
class ReadIssues:
    """How many issues were read for a change, and what could not be read of them."""

    issues: int = 0
    problems: list[Problem] = field(default_factory=list)


class Refresh:
    """Brings months of tables up to date with the raw log.

    Issues in segments after a month's watermark are replaced, and those that show a name that is another by
    now. Replaced whole is a month that another version of the code built, that was protected otherwise, or
    whose log up to the watermark is not what it was, which `log_differs` is told before; and every month with
    `rebuild`. A month whose log cannot be read, or is gone, keeps its rows and is reported in `failed`; the
    others go on. An issue is in one month: one that another month has had until now is taken out there, in
    the same transaction if they fit.
    """

    def __init__(
        self,
        raw: RawLog,
        database: Path,
        tables: Sequence[IssueTable],
        site: Site,
        protection: Protection | None = None,
        *,
        log_differs: Callable[[str], None] = lambda _month: None,
        patience_s: float = DEFAULT_PATIENCE_S,
    ) -> None:
        self._raw = raw
        self._log_differs = log_differs
        self._database = database
        self._tables = tables
        self._patience_s = patience_s
        self._protection = protection or Protection()
        self._names = Names(raw.lookups)
        self._builder = Builder(tables, site, self._protection, self._names)
        self._version = made_by(version(site, self._protection), self._names)
        self._is_mostly_free = False

    def run(
        self,
        months: Sequence[str],
        *,
        rebuild: bool = False,
        progress: Callable[[str], None] | None = None,
    ) -> Refreshed:
        """Raises WarehouseBusy when somebody keeps the file, WatermarkMoved when other runs keep writing."""
        done = Refreshed()
        remove_leftovers(UPath(self._database.parent))  # of who was killed while making or purging the file
        months = list(months)
        moved = 0
        while pending := [month for month in months if month not in done.months and month not in done.failed]:
            try:
                for change, read in self._changes(pending, rebuild, done):
                    with _without_gc(), prefetched(change.pieces) as pieces:
                        self._store(replace(change, pieces=pieces), done)
                    done.add(read)
                    if progress:
                        progress(f"{len(done.months)} of {len(months)} months, {done.issues} issues written")
            except WatermarkMoved:
                # Another run wrote one of the months between our reading and our writing: look again.
                moved += 1
                if moved == _ATTEMPTS:
                    raise
            except InSeveralMonths as found:
                try:
                    months = self._without_those_that_left(found.months, months, done)
                except UnreadableMonth as error:
                    self._fail(error, done)
            except UnreadableMonth as error:
                self._fail(error, done)
        self.give_room_back(done)
        return done

    @contextmanager
    def staged(
        self, months: Sequence[str], *, rebuild: bool = False, progress: Callable[[str], None] | None = None
    ) -> Iterator["Staged"]:
        """What `run` would write of these months, as frames that wait to be stored until the block ends."""
        remove_leftovers(UPath(self._database.parent))
        months, done = list(months), Refreshed()
        with stage(self._database.parent) as kept:
            while True:
                pending = [month for month in months if month not in done.months and month not in done.failed]
                waiting: list[tuple[Change, ReadIssues]] = []
                try:
                    for change, read in self._changes(pending, rebuild, done):
                        with _without_gc():
                            waiting.append((replace(change, pieces=kept.keep(change.pieces)), read))
                        if progress:
                            progress(f"{sum(each.issues for _, each in waiting)} issues read")
                    found = self._in_several_months([change for change, _ in waiting], done)
                    if not found:
                        break
                    months = self._without_those_that_left(found, months, done)
                except UnreadableMonth as error:
                    self._fail(error, done)
                kept.clear()
            yield Staged(self, done, waiting)

    def _in_several_months(self, changes: Sequence[Change], done: Refreshed) -> dict[str, list[str]]:
        """As storing would find it, so that it need not be done twice."""
        written = {found for change in changes for piece in change.pieces for found in issue_months(piece)}
        if not written:
            return {}
        months = [month for change in changes for month in change.months]
        with ExitStack() as stack:
            connection = stack.enter_context(
                connect(self._database, read_only=True, patience_s=self._patience_s)
                if self._database.exists()
                else duckdb.connect()
            )
            return in_several_months(connection, self._tables, months, written, done.failed)

    def give_room_back(self, done: Refreshed) -> None:
        """Rewrite the file if much of it is free after what was done."""
        if done.replaced or self._is_mostly_free:
            # What was written is there, whatever comes of this; `daily_retention` tells if it never works.
            with suppress(WarehouseError, duckdb.Error, OSError):
                compact(self._database, _FREE_IF_REPLACED if done.replaced > 1 else MOSTLY_FREE, patience_s=0)

    def _fail(self, error: UnreadableMonth, done: Refreshed) -> None:
        done.failed[error.month] = str(error)
        done.months = [month for month in done.months if month != error.month]

    def _without_those_that_left(
        self, found: dict[str, list[str]], months: list[str], done: Refreshed
    ) -> list[str]:
        """Ends issues where they no longer are. The months that they have left come first from now on, or
        they would be found there again.
        """
        left = end_in_other_months(self._raw, found)
        done.left += left
        first = sorted({each.month for each in left})
        done.months = [month for month in done.months if month not in first]
        return [*first, *(month for month in months if month not in first)]

    def _changes(
        self, months: Sequence[str], rebuild: bool, done: Refreshed
    ) -> Iterator[tuple[Change, ReadIssues]]:
        """What is to be written, in the portions of one transaction each, and what will be read for it."""
        marks: Marks = {}
        renamed: Issues = {}
        if self._database.exists():
            with connect(self._database, patience_s=self._patience_s) as connection:
                marks = read_marks(connection, self._tables, months)
                others = {month for (_, month), mark in marks.items() if self._differs_in_names(mark)}
                if others:
                    renamed = renamed_by_month(
                        connection, self._tables, sorted(others), self._names, self._protection
                    )
        changes: list[MonthChange] = []
        size = 0
        for month in months:
            try:
                change, weight = self._plan(month, marks, renamed, rebuild, done)
            except RawLogError as error:
                done.failed[month] = str(error)
                continue
            if change.issue_ids == () and month not in renamed:
                done.months.append(month)
                continue
            if changes and size + weight > _BYTES_PER_TRANSACTION:
                yield self._change(changes, marks)
                changes, size = [], 0
            changes.append(change)
            size += weight
        if changes:
            yield self._change(changes, marks)

    def _differs_in_names(self, mark: Mark) -> bool:
        return mark.version != self._version and made_alike(mark.version, self._version)

    def _plan(
        self, month: str, marks: Marks, renamed: Issues, rebuild: bool, done: Refreshed
    ) -> tuple[MonthChange, int]:
        """What to do about a month, and how many bytes of segments that concerns at most."""
        seen = [marks.get((table.name, month)) for table in self._tables]
        extent = self._raw.extent(month)
        read = [mark.position for mark in seen if mark]
        continues = all(map(extent.continues, read))
        if not continues:
            self._begin_anew(month, extent, max(read), done)
        if any(mark and not protected_alike(mark.version, self._version) for mark in seen):
            done.protected_anew = True
        is_current = all(mark and mark.version == self._version for mark in seen)
        done.named_anew = done.named_anew or month in renamed
        if rebuild or not continues or not (is_current or month in renamed):
            return MonthChange(month, None, extent.position), extent.size
        since = min(read).number
        renamed_here = tuple(sorted(renamed.get(month, ())))
        if extent.newest == since:
            return MonthChange(month, renamed_here, extent.position), extent.size if renamed_here else 0
        changes = self._raw.changes(month, since)
        issue_ids = tuple(dict.fromkeys((*changes.issue_ids, *renamed_here)))
        return MonthChange(month, issue_ids, extent.position), extent.size

    def _begin_anew(self, month: str, extent: Extent, read: Position, done: Refreshed) -> None:
        """Before a month is made of another log than the one that its tables were made of until now."""
        if not extent.newest:
            raise RawLogError(
                f"its raw log is gone, of which its tables show what stood up to segment {read.number}: "
                "restore raw/, or materialize raw_issues"
            )
        if read.identity is not None:
            self._log_differs(month)
            done.other_logs.append(month)

    def _store(self, change: Change, done: Refreshed) -> None:
        stored = store(self._database, change, done.failed, patience_s=self._patience_s)
        self._is_mostly_free = stored.is_mostly_free
        done.months.extend(each.month for each in change.months)
        done.replaced += sum(each.issue_ids is None for each in change.months)
        done.rows.update(stored.rows)

    def _change(self, months: Sequence[MonthChange], marks: Marks) -> tuple[Change, ReadIssues]:
        read = ReadIssues()
        return Change(self._tables, months, marks, self._version, self._pieces(months, read)), read

    def _pieces(self, changes: Sequence[MonthChange], read: ReadIssues) -> Iterator[Piece]:
        issues = self._read(changes)
        try:
            while (built := self._builder.build(islice(issues, _ISSUES_PER_PIECE))).issues:
                read.issues += built.issues
                read.problems += built.problems
                yield {table.name: built.frames[table.name] for table in self._tables}
        except UnreadableIssue as error:
            raise UnreadableMonth(error.month, error) from error

    def _read(self, changes: Sequence[MonthChange]) -> Iterator[LatestIssue]:
        for change in changes:
            try:
                yield from self._raw.latest(change.month, change.issue_ids)
            except RawLogError as error:
                raise UnreadableMonth(change.month, error) from error


class Staged:
    """Changes that wait to be stored. ``done`` holds what is known of them, and of months that need none."""

    def __init__(
        self, refresh: Refresh, done: Refreshed, waiting: Sequence[tuple[Change, ReadIssues]]
    ) -> None:
        self.done = done
        self._refresh = refresh
        self._waiting = list(waiting)

    @property
    def months(self) -> list[str]:
        """Those that are as the raw log has them once this is stored."""
        return [*self.done.months, *(each.month for change, _ in self._waiting for each in change.months)]

    def frames(self, table: IssueTable) -> Iterator[pl.DataFrame]:
        """The new rows of a table."""
        return (piece[table.name] for change, _ in self._waiting for piece in change.pieces)

    def store(self) -> None:
        """Store what waits; again, nothing. Raises what `changes.store` does."""
        while self._waiting:
            change, read = self._waiting[0]
            self._refresh._store(change, self.done)
            self.done.add(read)
            del self._waiting[0]


@contextmanager
def _without_gc() -> Iterator[None]:
    """Elements are millions of small objects: looking for cycles among them takes a tenth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
