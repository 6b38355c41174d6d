"""From issues to Polars frames, a column at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import cast

import msgspec
import polars as pl

from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Table
from jira_assets.tables.deleted_issues import DeletedIssue
from jira_assets.tables.envelope import EnvelopeReader
from jira_assets.tables.issue import Issue, Problem, Site
from jira_assets.tables.lenient import shape
from jira_assets.tables.names import NO_NAMES, Names
from jira_assets.tables.protection import Protection
from jira_assets.tables.readers import Owner, Rows
from jira_assets.timestamps import parse_timestamp

_JIRA_FORMAT = "%Y-%m-%dT%H:%M:%S%.f%z"
# What accounts in UTC get. Polars reads a format without variable parts four times as fast.
_JIRA_UTC_FORMAT = "%Y-%m-%dT%H:%M:%S.%3f+0000"
_MILLISECONDS_FROM = 100_000_000_000  # epoch seconds reach this in the year 5138
_FIRST_DAY = (date.min - date(1970, 1, 1)).days
_LAST_DAY = (date.max - date(1970, 1, 1)).days
_MILLISECONDS_A_DAY = 86_400_000
_MILLISECONDS_UNTIL = (_LAST_DAY + 1) * _MILLISECONDS_A_DAY

_CONVERTED = (Kind.TEXT_LIST, Kind.TIMESTAMP, Kind.DATE)  # from how Jira writes them
_encoder = msgspec.json.Encoder()


@dataclass(slots=True)
class Built:
    """The rows of some issues in some tables, and what could not be read of them."""

    issues: int
    frames: dict[str, pl.DataFrame]
    problems: list[Problem] = field(default_factory=list)


class Builder:
    """Makes frames of a site's issues; keep it, because it learns which fields the site has."""

    def __init__(
        self,
        tables: Sequence[IssueTable],
        site: Site,
        protection: Protection | None = None,
        names: Names = NO_NAMES,
    ) -> None:
        first = (each for table in tables for each in table.depends_on)
        self._tables = tuple(dict.fromkeys((*first, *tables)))
        self._site = site
        self._names = names
        self._protection = protection or Protection()
        self._reader = EnvelopeReader(site.shown_by)

    def build(self, issues: Iterable[LatestIssue]) -> Built:
        """One frame per table, of its declared schema, with these issues' rows.

        Those that are deleted have rows only in `deleted_issues`.
        """
        count = 0
        present: list[Issue] = []
        deleted: list[DeletedIssue] = []
        for latest in issues:
            count += 1
            if Part.ISSUE in latest.payloads:
                present.append(Issue(latest, self._reader, self._site, self._names))
            elif latest.tombstone is not None:
                deleted.append(DeletedIssue(latest, latest.tombstone))
        frames: dict[str, pl.DataFrame] = {}
        for table in self._tables:
            rows = Rows.of(deleted if Part.DELETED in table.parts else present, table.elements)
            frames[table.name] = self._protection.frame(table, frame(table, rows), self._site.other_fields)
        return Built(count, frames, [problem for issue in present for problem in issue.problems])


def frame(table: Table, rows: Rows) -> pl.DataFrame:
    """Rows as a frame of a table's plain columns. What cannot be of its column's type is null, and noted."""
    if not rows.elements:
        return pl.DataFrame(schema=table.schema)
    return pl.DataFrame([_series(column, column.values(rows), rows.owners) for column in table.columns])


def _series(column: Column, values: Sequence[object], owners: Sequence[Owner]) -> pl.Series:
    """The values of a column, as Jira writes them, in its own type."""
    if column.kind not in _CONVERTED or values.count(None) == len(values):
        return pl.Series(column.name, values, dtype=column.kind.polars)
    if column.kind is Kind.TEXT_LIST:
        # Polars builds a list column from Python lists element by element; parsing text is ten times as fast.
        texts = _encoder.encode_lines(values).decode().split("\n")[:-1]
        return pl.Series(column.name, texts, dtype=pl.String).str.json_decode(column.kind.polars)
    if column.kind is Kind.TIMESTAMP:
        converted = _timestamps(column.name, values)
    else:
        dates = pl.Series(column.name, values, dtype=pl.String)
        converted = _within_calendar(dates.str.to_date("%Y-%m-%d", strict=False))
    for index in _lost(values, converted):
        owners[index].note(column.name, f"it holds {shape(values[index])}, and not when, as Jira writes it")
    return converted


def _within_calendar(converted: pl.Series) -> pl.Series:
    """Null for what Python has no date for: Polars reads years before 1 and after 9999."""
    unit = 1 if converted.dtype == pl.Date else _MILLISECONDS_A_DAY
    first, last = _FIRST_DAY * unit, (_LAST_DAY + 1) * unit - 1
    units = converted.to_physical()
    lowest, highest = units.min(), units.max()  # cheaper than a look at each
    if lowest is None or (first <= cast(int, lowest) and cast(int, highest) <= last):
        return converted
    return converted.set(~units.is_between(first, last), None)


def _timestamps(name: str, values: Sequence[object]) -> pl.Series:
    """Instants in UTC, in milliseconds, from ISO 8601 with an offset or epoch numbers; else null.

    A time without an offset is not an instant, and is null.
    """
    if all(
        value is None or (isinstance(value, int) and abs(value) < _MILLISECONDS_UNTIL) for value in values
    ):
        milliseconds = [
            value * 1000 if value is not None and abs(value) < _MILLISECONDS_FROM else value
            for value in cast(Sequence[int | None], values)
        ]
        return pl.Series(name, milliseconds, dtype=pl.Int64).cast(Kind.TIMESTAMP.polars)
    parsed = _within_calendar(_from_texts(pl.Series(name, values, dtype=pl.String, strict=False)))
    unusual = _lost(values, parsed)
    if unusual:
        patched = parsed.to_list()
        for index in unusual:
            patched[index] = parse_timestamp(values[index])
        parsed = pl.Series(name, patched, dtype=Kind.TIMESTAMP.polars)
    return parsed


def _from_texts(texts: pl.Series) -> pl.Series:
    """Instants in the form that Jira writes them in; null for all others."""
    parsed = texts.str.to_datetime(_JIRA_UTC_FORMAT, time_unit="ms", time_zone="UTC", strict=False)
    if parsed.null_count() == texts.null_count():
        return parsed
    return texts.str.to_datetime(_JIRA_FORMAT, time_unit="ms", time_zone="UTC", strict=False)


def _lost(values: Sequence[object], converted: pl.Series) -> list[int]:
    if converted.null_count() == 0:
        return []
    return [index for index in converted.is_null().arg_true() if values[index] is not None]
