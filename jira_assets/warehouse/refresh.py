"""From raw to tables: what newer segments touched is read, built and written, month by month or many at once.

Two stages run side by side: reading segments and building frames, which is Python's work, and writing them,
which DuckDB does without holding Python up. A third would only queue for the interpreter. Memory holds a
thousand issues, not a month.
"""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import duckdb
from upath import UPath

from jira_assets.files import remove_leftovers
from jira_assets.raw.errors import RawLogError, UnreadableMonth
from jira_assets.raw.extent import Extent, Position
from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.log import RawLog
from jira_assets.tables.catalogue import version
from jira_assets.tables.declare import IssueTable
from jira_assets.tables.frames import Builder, Built
from jira_assets.tables.issue import Problem, Site, UnreadableIssue
from jira_assets.tables.names import Names
from jira_assets.tables.protection import Protection
from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S, WarehouseError, connect, transaction
from jira_assets.warehouse.moved import Left, end_elsewhere, in_several_months
from jira_assets.warehouse.outdated import made_alike, made_by, protected_alike, renamed_by_month
from jira_assets.warehouse.prefetch import ahead
from jira_assets.warehouse.purge import compact, is_mostly_free
from jira_assets.warehouse.renamed import Issues
from jira_assets.warehouse.store import (
    Mark,
    Marks,
    MonthChange,
    WatermarkMoved,
    begin_changes,
    finish_changes,
    insert,
    read_marks,
)

_ISSUES_PER_PIECE = 400  # rows and frames: some 10 MB; each piece costs each table a few milliseconds
_BYTES_PER_TRANSACTION = 128_000_000  # of segments; bounds how long the file is held: about three seconds
_ATTEMPTS = 20  # each that fails means that another run got on


@dataclass(slots=True)
class Refreshed:
    """What a refresh did: rows written by table, what could not be read, and months left as they were.

    ``protected_anew`` is whether any month was protected by another policy or key until now, ``named_anew``
    whether any was made with other names. ``left`` are the issues that were in two months; those that they
    have left are among the ``months``. ``other_logs`` are the months of which the log up to the watermark was
    not what it had been: a segment was moved away, put back, or replaced.
    """

    months: list[str] = field(default_factory=list)
    issues: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    protected_anew: bool = False
    named_anew: bool = False
    left: list[Left] = field(default_factory=list)
    other_logs: list[str] = field(default_factory=list)


class _InSeveralMonths(Exception):
    """Issues whose rows were about to stand in more than one month, with these months."""

    def __init__(self, months: dict[str, list[str]]) -> None:
        super().__init__()
        self.months = months


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
                for group in self._groups(pending, rebuild, done):
                    self._write(group, done)
                    if progress:
                        progress(f"{len(done.months)} of {len(months)} months, {done.issues} issues written")
            except WatermarkMoved:
                # Another run wrote one of the months between our reading and our writing: look again.
                moved += 1
                if moved == _ATTEMPTS:
                    raise
            except _InSeveralMonths as found:
                try:
                    months = self._without_those_that_left(found.months, months, done)
                except UnreadableMonth as error:
                    self._fail(error, done)
            except UnreadableMonth as error:
                self._fail(error, done)
        if self._is_mostly_free:
            # What was written is there, whatever comes of this; `daily_retention` tells if it never works.
            with suppress(WarehouseError, duckdb.Error, OSError):
                compact(self._database, patience_s=0)
        return done

    def _fail(self, error: UnreadableMonth, done: Refreshed) -> None:
        done.failed[error.month] = str(error)
        done.months = [month for month in done.months if month != error.month]

    def _without_those_that_left(
        self, found: dict[str, list[str]], months: list[str], done: Refreshed
    ) -> list[str]:
        """Ends issues where they no longer are. The months that they have left come first from now on, or
        they would be found there again.
        """
        left = end_elsewhere(self._raw, found)
        done.left += left
        first = sorted({each.month for each in left})
        done.months = [month for month in done.months if month not in first]
        return [*first, *(month for month in months if month not in first)]

    def _groups(self, months: Sequence[str], rebuild: bool, done: Refreshed) -> Iterator["_Group"]:
        """What is to be written, in the portions of one transaction each."""
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
                yield _Group(changes, marks)
                changes, size = [], 0
            changes.append(change)
            size += weight
        if changes:
            yield _Group(changes, marks)

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

    def _write(self, group: "_Group", done: Refreshed) -> None:
        rows: Counter[str] = Counter()
        problems: list[Problem] = []
        issues = 0
        with _without_gc(), ahead(self._build(group)) as pieces:
            first = list(islice(pieces, 1))  # the file is opened only when there is something to write
            with transaction(self._database, patience_s=self._patience_s) as connection:
                begin_changes(connection, self._tables, group.changes, group.marks)
                for built in chain(first, pieces):
                    for table in self._tables:
                        frame = built.frames.pop(table.name)
                        insert(connection, table, frame)
                        rows[table.name] += frame.height
                    problems.extend(built.problems)
                    issues += built.issues
                found = in_several_months(connection, self._tables, group.changes, done.failed)
                if found:
                    raise _InSeveralMonths(found)
                finish_changes(connection, self._tables, group.changes, self._version)
                self._is_mostly_free = is_mostly_free(connection)
        done.months.extend(change.month for change in group.changes)
        done.issues += issues
        done.rows.update(rows)
        done.problems.extend(problems)

    def _build(self, group: "_Group") -> Iterator[Built]:
        issues = self._read(group)
        try:
            while (built := self._builder.build(islice(issues, _ISSUES_PER_PIECE))).issues:
                yield built
        except UnreadableIssue as error:
            raise UnreadableMonth(error.month, error) from error

    def _read(self, group: "_Group") -> Iterator[LatestIssue]:
        for change in group.changes:
            try:
                yield from self._raw.latest(change.month, change.issue_ids)
            except RawLogError as error:
                raise UnreadableMonth(change.month, error) from error


@dataclass(frozen=True, slots=True)
class _Group:
    """What one transaction writes, and the marks that it found."""

    changes: list[MonthChange]
    marks: Marks


@contextmanager
def _without_gc() -> Iterator[None]:
    """Rows are millions of small tuples: looking for cycles among them takes a tenth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
