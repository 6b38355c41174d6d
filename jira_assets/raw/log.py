"""The raw log: everything Jira said, month by month, append-only; the latest answer about each part wins."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl
import zstandard
from upath import UPath

from jira_assets.raw import segments
from jira_assets.raw.codec import compress, decompress
from jira_assets.raw.errors import RawLogError, UnreadableSegment
from jira_assets.raw.record import Part, Record
from jira_assets.raw.segments import SCHEMA, Segment

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_REREAD_ATTEMPTS = 10
_ISSUES_AT_ONCE = 500  # bounds the memory of a read: some 20 MB of decoded payloads on busy sites
_BYTES_AT_ONCE = 8_000_000  # of segments; up to here a month is read at once
_COMPACT_FROM = 16  # segments; below that a month's read is dominated by its payloads


@dataclass(slots=True)
class LatestIssue:
    """What is known of one issue: the newest payload of each part, and what failed after it was fetched.

    `payloads` has no entry for a part that was never fetched; it is empty for an issue that is deleted.
    `fetched_at` is in milliseconds since the epoch.
    """

    month: str
    issue_id: str
    payloads: dict[Part, bytes] = field(default_factory=dict)
    fetched_at: dict[Part, int] = field(default_factory=dict)
    errors: dict[Part, str] = field(default_factory=dict)
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A part whose last attempt to be fetched failed."""

    month: str
    issue_id: str
    part: Part
    error: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The issues that a month's segments after number `since` speak of; `watermark` is the newest of those."""

    month: str
    since: int
    watermark: int
    issue_ids: tuple[str, ...]


class RawLog:
    """The log under a folder: `<root>/issues/<month>/<number>.parquet`."""

    def __init__(self, root: UPath) -> None:
        self._root = root / "issues"

    def months(self) -> list[str]:
        """The months that have a log, oldest first."""
        if not self._root.exists():
            return []
        return sorted(path.name for path in self._root.iterdir() if _MONTH.fullmatch(path.name))

    def extent(self, month: str) -> tuple[int, int]:
        """The number of the month's newest segment (0 if there is none), and the size of all of them in bytes."""
        found = segments.list_segments(self._folder(month))
        return max((segment.number for segment in found), default=0), sum(segment.size for segment in found)

    def append(self, month: str, records: Iterable[Record]) -> Segment | None:
        """Append records as one durable segment; None when there are none."""
        rows = [
            (
                record.issue_id,
                record.part.value,
                record.issue_updated,
                record.fetched_at,
                record.source.value,
                None if record.payload is None else compress(record.payload),
                record.error,
                None,
            )
            for record in records
        ]
        if not rows:
            return None
        frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
        # Sorted, so that reading a few issues can skip the row groups that they are not in.
        return segments.append(self._folder(month), frame.sort("issue_id", "part"))

    def issue_ids(self, month: str) -> set[str]:
        """Every issue that the month's log speaks of, deleted ones included."""
        return set(self.changes(month, since=0).issue_ids)

    def changes(self, month: str, since: int) -> Changes:
        """What segments after number `since` touched, as of now."""
        found = self._read(month, ["issue_id", "origin"], after=since)
        touched = {
            issue_id for _, frame in found for issue_id in frame.filter(pl.col("origin") > since)["issue_id"]
        }
        watermark = max((segment.number for segment, _ in found), default=since)
        return Changes(month, since, watermark, tuple(sorted(touched)))

    def failures(self) -> Iterator[Failure]:
        """Parts whose last attempt failed, in all months: what is stored of them may be out of date."""
        for month in self.months():
            found = self._read(month, ["issue_id", "error"])
            failed = {
                issue_id for _, frame in found for issue_id in frame.drop_nulls("error")["issue_id"]
            }
            for issue in self.latest(month, failed):
                for part, error in issue.errors.items():
                    yield Failure(month, issue.issue_id, part, error)

    def latest(self, month: str, issue_ids: Iterable[str] | None = None) -> Iterator[LatestIssue]:
        """The latest of these issues, or of all, in the order of their ids as text; few in memory at once."""
        if issue_ids is None and self.extent(month)[1] <= _BYTES_AT_ONCE:
            yield from self._latest(month, None)
            return
        wanted = sorted(self.issue_ids(month) if issue_ids is None else issue_ids)
        for start in range(0, len(wanted), _ISSUES_AT_ONCE):
            yield from self._latest(month, wanted[start : start + _ISSUES_AT_ONCE])

    def compact(self, month: str) -> Segment | None:
        """Join a month's segments into one when there are many, dropping what a later row supersedes.

        Readers notice nothing: rows keep the number of the segment they came from, and a reader that finds a
        file gone lists the month again.
        """
        found = segments.list_segments(self._folder(month))
        if len(found) < _COMPACT_FROM:
            return None
        answers, failures = _latest_rows((segment, segments.read(segment)) for segment in found)
        rows = [row for row, _ in (*answers, *failures)]
        frame = pl.DataFrame(rows, schema=_ROW_SCHEMA, orient="row").with_columns(
            pl.from_epoch(name, "us").dt.replace_time_zone("UTC") for name in _TIMES
        )
        compacted = segments.append(self._folder(month), frame.sort("issue_id", "part"))
        segments.remove(found)
        return compacted

    def _folder(self, month: str) -> UPath:
        if not _MONTH.fullmatch(month):
            raise ValueError(f"{month!r} is not a month; it should look like 2024-03")
        return self._root / month

    def _read(
        self,
        month: str,
        columns: Sequence[str] = tuple(SCHEMA),
        within: tuple[str, str] | None = None,
        after: int = 0,
    ) -> list[tuple[Segment, pl.DataFrame]]:
        """All segments of a month after a number; again from the listing if compaction removes one meanwhile."""
        for _ in range(_REREAD_ATTEMPTS):
            found = [s for s in segments.list_segments(self._folder(month)) if s.number > after]
            try:
                return [(segment, segments.read(segment, columns, within)) for segment in found]
            except FileNotFoundError:
                continue
        raise RawLogError(f"the segments of {month} kept changing while they were read; run again")

    def _latest(self, month: str, issue_ids: list[str] | None) -> Iterator[LatestIssue]:
        within = (issue_ids[0], issue_ids[-1]) if issue_ids else None
        answers, failures = _latest_rows(self._read(month, within=within))
        issues = {row.issue_id: LatestIssue(month, row.issue_id) for row, _ in (*answers, *failures)}
        deleted_at = {row.issue_id: row.fetched_at for row, _ in answers if row.part == Part.DELETED}
        wanted = issues if issue_ids is None else dict.fromkeys(issue_ids)
        for row, segment in answers:
            # A tombstone ends everything fetched before it; an issue that is fetched later is there again.
            if row.issue_id in wanted and row.fetched_at > deleted_at.get(row.issue_id, -1):
                _add_answer(issues[row.issue_id], row, segment)
        for row, _ in failures:
            issue, part = issues[row.issue_id], Part(row.part)
            answered_at = max(issue.fetched_at.get(part, -1), deleted_at.get(row.issue_id, -1) // 1000)
            if row.fetched_at // 1000 > answered_at:
                issue.errors[part] = row.error or ""
        yield from (issues[issue_id] for issue_id in wanted if issue_id in issues)


class _Row(NamedTuple):
    """A row of the log as `segments.read` gives it; the order of the fields decides which of two rows is later."""

    issue_id: str
    part: str
    issue_updated: int
    fetched_at: int
    source: str
    payload: bytes | None
    error: str | None
    origin: int


_TIMES = ("issue_updated", "fetched_at")
_ROW_SCHEMA = pl.Schema({**SCHEMA, **dict.fromkeys(_TIMES, pl.Int64())})
_Found = list[tuple[_Row, Segment]]


def _latest_rows(frames: Iterable[tuple[Segment, pl.DataFrame]]) -> tuple[_Found, _Found]:
    """The winning answer, and the last failure, of each part of each issue, and where they stand.

    Ties are broken by content, so the order of arrival cannot matter.
    """
    answers: dict[tuple[str, str], tuple[_Row, Segment]] = {}
    failures: dict[tuple[str, str], tuple[_Row, Segment]] = {}
    for segment, frame in frames:
        for row in map(_Row._make, frame.iter_rows()):
            latest = answers if row.error is None else failures
            identity = row[:2]
            known = latest.get(identity)
            if known is None or row[:7] > known[0][:7]:
                latest[identity] = (row, segment)
    return list(answers.values()), list(failures.values())


def _add_answer(issue: LatestIssue, row: _Row, segment: Segment) -> None:
    part = Part(row.part)
    try:
        issue.payloads[part] = decompress(row.payload or b"")
    except zstandard.ZstdError as error:
        reason = f"the {part} of issue {issue.issue_id} is damaged ({error})"
        raise UnreadableSegment(str(segment.path), reason) from error
    issue.fetched_at[part] = row.fetched_at // 1000
    if part is Part.ISSUE:
        issue.source = row.source
