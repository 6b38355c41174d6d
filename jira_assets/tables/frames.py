"""From issues to Polars frames, a column at a time."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import polars as pl

from jira_assets.raw.log import LatestIssue
from jira_assets.raw.record import Part
from jira_assets.tables.declare import KEY_COLUMNS, Column, Kind, Row, Table
from jira_assets.tables.envelope import EnvelopeReader
from jira_assets.tables.issue import Issue, Problem, Site

_OFFSET = re.compile("([+-])([01][0-9]|2[0-3]):?([0-5][0-9])")
_MILLISECONDS_FROM = 100_000_000_000  # epoch seconds reach this in the year 5138
_MILLISECONDS_UNTIL = 253_402_300_800_000  # the end of the year 9999, where Python's dates end


_KEY_SCHEMA = {column.name: column.kind.polars for column in KEY_COLUMNS}
_encoder = msgspec.json.Encoder()


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
        collected: list[tuple[Table, list[Row], list[int]]] = [(table, [], []) for table in self._tables]
        keys: list[tuple[str, str, str]] = []
        problems: list[Problem] = []
        count = 0
        for latest in issues:
            count += 1
            if Part.ISSUE not in latest.payloads:
                continue
            issue = Issue(latest, self._reader, self._site)
            for table, rows, owners in collected:
                rows.extend(table.rows(issue))
                owners.extend([len(keys)] * (len(rows) - len(owners)))
            keys.append((latest.month, issue.id, issue.key))
            problems.extend(issue.problems)
        key_frame = pl.DataFrame(keys, schema=_KEY_SCHEMA, orient="row")
        frames = {
            table.name: _frame(table, rows, key_frame[owners], problems) for table, rows, owners in collected
        }
        return Built(count, frames, problems)


def _frame(table: Table, rows: list[Row], keys: pl.DataFrame, problems: list[Problem]) -> pl.DataFrame:
    """The frame of rows and of the keys that belong to each of them."""
    if not rows:
        return pl.DataFrame(schema=table.schema)
    columns = zip(table.own_columns, zip(*rows, strict=True), strict=True)
    return keys.hstack([_series(column, values, keys["issue_key"], problems) for column, values in columns])


def _series(column: Column, values: Sequence[object], keys: pl.Series, problems: list[Problem]) -> pl.Series:
    if column.kind is Kind.TEXT_LIST:
        # Polars builds a list column from Python lists element by element; parsing text is ten times as fast.
        texts = _encoder.encode_lines(values).decode().split("\n")[:-1]
        return pl.Series(column.name, texts, dtype=pl.String).str.json_decode(column.kind.polars)
    if column.kind is Kind.TIMESTAMP:
        converted = timestamps(column.name, values)
    elif column.kind is Kind.DATE:
        converted = pl.Series(column.name, values, dtype=pl.String).str.to_date("%Y-%m-%d", strict=False)
    else:
        return pl.Series(column.name, values, dtype=column.kind.polars)
    for index in _lost(values, converted):
        problems.append(
            Problem(str(keys[index]), column.name, f"{values[index]!r} is not a date that Jira writes")
        )
    return converted


def timestamps(name: str, values: Sequence[object]) -> pl.Series:
    """Instants in UTC to the millisecond, from ISO 8601 with an offset, or epoch numbers; null where unreadable.

    A time without an offset is not an instant, and is null.
    """
    if all(
        value is None or (isinstance(value, int) and abs(value) < _MILLISECONDS_UNTIL) for value in values
    ):
        numbers = pl.Series(name, values, dtype=pl.Int64)
        milliseconds = pl.select(
            pl.when(numbers.abs() < _MILLISECONDS_FROM).then(numbers * 1000).otherwise(numbers).alias(name)
        )
        return milliseconds[name].cast(Kind.TIMESTAMP.polars)
    parsed = _from_texts(pl.Series(name, values, dtype=pl.String, strict=False))
    unusual = _lost(values, parsed)
    if unusual:
        patched = parsed.to_list()
        for index in unusual:
            patched[index] = _instant(values[index])
        parsed = pl.Series(name, patched, dtype=Kind.TIMESTAMP.polars)
    return parsed


def _from_texts(texts: pl.Series) -> pl.Series:
    """Instants in the one form that Jira writes, `2024-03-01T09:30:00.000+0100`; null for all others.

    The time and its offset apart: Polars has a fast path for formats of a fixed width without an offset.
    """
    local = texts.str.head(23).str.to_datetime("%Y-%m-%dT%H:%M:%S.%3f", time_unit="ms", strict=False)
    offset = texts.str.slice(23)
    minutes = {each: _minutes(each) for each in offset.unique() if each is not None}
    shift = pl.duration(minutes=offset.replace_strict(minutes, return_dtype=pl.Int64))
    return pl.select((local - shift).dt.replace_time_zone("UTC").alias(texts.name)).to_series()


def _minutes(offset: str) -> int | None:
    """Of `+0530` or `+05:30`; None for everything else."""
    match = _OFFSET.fullmatch(offset)
    return int(match[1] + match[2]) * 60 + int(match[1] + match[3]) if match else None


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
