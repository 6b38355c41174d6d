"""From issues to Polars frames, a column at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import polars as pl

from jira_assets.raw.log import LatestIssue
from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, Kind, Row, Table
from jira_assets.tables.envelope import EnvelopeReader
from jira_assets.tables.issue import Issue, Problem, Site

_JIRA_FORMAT = "%Y-%m-%dT%H:%M:%S%.f%z"
_MILLISECONDS_FROM = 100_000_000_000  # epoch seconds reach this in the year 5138


@dataclass(slots=True)
class Built:
    """The rows of some issues in some tables, and what could not be read of them."""

    issues: int
    frames: dict[str, pl.DataFrame]
    problems: list[Problem] = field(default_factory=list)


class Builder:
    """Makes frames of a site's issues; keep it, because it learns which fields the site has."""

    def __init__(self, tables: Sequence[Table], site: Site) -> None:
        self._tables = tables
        self._site = site
        self._reader = EnvelopeReader()

    def build(self, issues: Iterable[LatestIssue]) -> Built:
        """One frame per table, of its declared schema, with the rows of these issues; deleted issues have none."""
        rows: dict[str, list[Row]] = {table.name: [] for table in self._tables}
        problems: list[Problem] = []
        count = 0
        for latest in issues:
            count += 1
            if Part.ISSUE not in latest.payloads:
                continue
            issue = Issue(latest, self._reader, self._site)
            key = (latest.month, issue.id, issue.key)
            for table in self._tables:
                append = rows[table.name].append
                for row in table.rows(issue):
                    append(key + row)
            problems.extend(issue.problems)
        frames = {table.name: _frame(table, rows[table.name], problems) for table in self._tables}
        return Built(count, frames, problems)


def _frame(table: Table, rows: list[Row], problems: list[Problem]) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema=table.schema)
    columns = zip(*rows, strict=True)
    keys: Sequence[object] = ()
    series = []
    for column, values in zip(table.columns, columns, strict=True):
        if column.name == "issue_key":
            keys = values
        series.append(_series(column, values, keys, problems))
    return pl.DataFrame(series)


def _series(column: Column, values: Sequence[object], keys: Sequence[object], problems: list[Problem]) -> pl.Series:
    if column.kind is Kind.TEXT_LIST:
        # Polars builds a list column from Python lists element by element; parsing text is ten times as fast.
        texts = [None if value is None else msgspec.json.encode(value).decode() for value in values]
        return pl.Series(column.name, texts, dtype=pl.String).str.json_decode(column.kind.polars)
    if column.kind is Kind.TIMESTAMP:
        converted = timestamps(column.name, values)
    elif column.kind is Kind.DATE:
        converted = pl.Series(column.name, values, dtype=pl.String).str.to_date("%Y-%m-%d", strict=False)
    else:
        return pl.Series(column.name, values, dtype=column.kind.polars)
    for index in _lost(values, converted):
        problems.append(Problem(str(keys[index]), column.name, f"{values[index]!r} is not a date that Jira writes"))
    return converted


def timestamps(name: str, values: Sequence[object]) -> pl.Series:
    """Instants in UTC to the millisecond, from ISO 8601 with an offset, or epoch numbers; null where unreadable.

    A time without an offset is not an instant, and is null.
    """
    if all(isinstance(value, int) or value is None for value in values):
        numbers = pl.Series(name, values, dtype=pl.Int64)
        milliseconds = pl.select(
            pl.when(numbers.abs() < _MILLISECONDS_FROM).then(numbers * 1000).otherwise(numbers).alias(name)
        )
        return milliseconds[name].cast(Kind.TIMESTAMP.polars)
    texts = pl.Series(name, values, dtype=pl.String, strict=False)
    parsed = texts.str.to_datetime(_JIRA_FORMAT, time_unit="ms", time_zone="UTC", strict=False)
    unusual = _lost(values, parsed)
    if unusual:
        patched = parsed.to_list()
        for index in unusual:
            patched[index] = _instant(values[index])
        parsed = pl.Series(name, patched, dtype=Kind.TIMESTAMP.polars)
    return parsed


def _lost(values: Sequence[object], converted: pl.Series) -> list[int]:
    if converted.null_count() == 0:
        return []
    return [index for index in converted.is_null().arg_true() if values[index] is not None]


def _instant(value: object) -> datetime | None:
    try:
        if isinstance(value, str) and not value.lstrip("-").isdecimal():
            moment = datetime.fromisoformat(value)
            return None if moment.tzinfo is None else moment.astimezone(UTC)
        number = float(value)  # type: ignore[arg-type]
        return datetime.fromtimestamp(number / 1000 if abs(number) >= _MILLISECONDS_FROM else number, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
