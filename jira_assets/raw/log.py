"""The raw log: everything Jira said, month by month, append-only; the latest answer about each part wins."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl
from upath import UPath

from jira_assets.files import make_folder_anywhere, remove_leftovers
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.privacy.rewriting import Change, Rewritten, unchanged
from jira_assets.raw import segments
from jira_assets.raw.contents import Contents
from jira_assets.raw.errors import RawLogError, UnreadableSegment
from jira_assets.raw.latest import ByPart, latest_rows
from jira_assets.raw.record import NO_AGENT_LICENCE, Part, Record
from jira_assets.raw.redacting import Redacting
from jira_assets.raw.rewriting import ChangeOf, count_by_key, rewrite
from jira_assets.raw.segments import SCHEMA, Row, Segment

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_WHOLE = "whole"  # beside the segments of a month that were all fetched, and not only those of some event
_REREAD_ATTEMPTS = 10
_ISSUES_AT_ONCE = 500  # bounds the memory of a read: some 20 MB of decoded payloads on busy sites
_BYTES_AT_ONCE = 4_000_000  # of segments; up to here a month is read at once
_COMPACT_FROM = 16  # segments; below that a month's read is dominated by its payloads


class Tombstone(NamedTuple):
    """That an issue was found to be deleted: when (milliseconds since the epoch), and what is known of it."""

    seen_at: int
    payload: bytes


@dataclass(slots=True)
class LatestIssue:
    """What is known of one issue: the newest payload of each part, and what failed after it was fetched.

    `payloads` has no entry for a part that was never fetched; it is empty for an issue that is deleted.
    `fetched_at` is in milliseconds since the epoch. SLAs may have been read some at one time and some at
    another: `slas` are those readings, oldest first, each with its time.
    """

    month: str
    issue_id: str
    payloads: dict[Part, bytes] = field(default_factory=dict)
    fetched_at: dict[Part, int] = field(default_factory=dict)
    slas: list[tuple[int, bytes]] = field(default_factory=list)
    errors: dict[Part, str] = field(default_factory=dict)
    source: str | None = None
    tombstone: Tombstone | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A part whose last attempt to be fetched failed."""

    month: str
    issue_id: str
    part: Part
    error: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The issues that a month's segments after number `since` speak of; `watermark` is the newest."""

    month: str
    since: int
    watermark: int
    issue_ids: tuple[str, ...]


class RawLog:
    """The log under a folder: `<root>/issues/<month>/<number>.parquet`, sealed if there is a key."""

    def __init__(self, root: UPath, keyring: Keyring = NO_KEYS) -> None:
        self._root = root / "issues"
        self._keyring = keyring
        self._redacting = Redacting(root)

    def months(self) -> list[str]:
        """The months that have a log, oldest first."""
        if not self._root.exists():
            return []
        return sorted(path.name for path in self._root.iterdir() if _MONTH.fullmatch(path.name))

    def extent(self, month: str) -> tuple[int, int]:
        """The number of the month's newest segment (0 if there is none), and the bytes of all of them."""
        found = segments.list_segments(self._folder(month))
        return max((segment.number for segment in found), default=0), sum(segment.size for segment in found)

    def append(self, month: str, records: Iterable[Record]) -> Segment | None:
        """Append records as one durable segment, without those who are forgotten; None if there are none."""
        contents = Contents(self._keyring, month)
        redacted, redaction = self._redacting.before(records)
        rows = [
            (
                record.issue_id,
                record.name,
                record.issue_updated,
                record.fetched_at,
                record.source.value,
                *contents.pack(record),
                None,
            )
            for record in redacted
        ]
        if not rows:
            return None
        frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
        # Sorted, so that reading a few issues can skip the row groups that they are not in.
        appended = segments.append(self._folder(month), frame.sort("issue_id", "part"))
        change_of = self._redacting.after(redaction)
        if change_of is not None:
            self.rewrite_parts(month, change_of)
        return appended

    def issue_ids(self, month: str) -> set[str]:
        """Every issue that the month's log speaks of, deleted ones included."""
        return set(self.changes(month, since=0).issue_ids)

    def tombstoned(self, month: str) -> set[str]:
        """The issues that were found deleted at some time, whatever was fetched since."""
        found = self._read(month, ["issue_id", "part"])
        return {
            issue_id for _, frame in found for issue_id in frame.filter(part=Part.DELETED.value)["issue_id"]
        }

    def is_whole(self, month: str) -> bool:
        """Whether all issues of the month were fetched at least once."""
        return (self._folder(month) / _WHOLE).exists()

    def mark_whole(self, month: str) -> None:
        """Note that all issues of the month are in its log."""
        make_folder_anywhere(self._folder(month), within=self._root.parent)
        (self._folder(month) / _WHOLE).touch(0o600)

    def changes(self, month: str, since: int) -> Changes:
        """What segments after number `since` touched, as of now."""
        found = self._read(month, ["issue_id", "origin"], after=since)
        touched = {
            issue_id for _, frame in found for issue_id in frame.filter(pl.col("origin") > since)["issue_id"]
        }
        watermark = max((segment.number for segment, _ in found), default=since)
        return Changes(month, since, watermark, tuple(sorted(touched)))

    def failures(self, months: Iterable[str] | None = None) -> Iterator[Failure]:
        """Parts whose last attempt failed, in these months or in all: what is stored may be out of date."""
        for month in self.months() if months is None else months:
            found = self._read(month, ["issue_id", "error"])
            failed = {
                issue_id
                for _, frame in found
                for issue_id in frame.filter(~pl.col("error").str.starts_with(NO_AGENT_LICENCE))["issue_id"]
            }
            for issue in self.latest(month, failed):
                for part, error in issue.errors.items():
                    if not error.startswith(NO_AGENT_LICENCE):
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
        remove_leftovers(self._folder(month))
        found = segments.list_segments(self._folder(month))
        if len(found) < _COMPACT_FROM:
            return None
        try:
            rows_of = ((segment, segments.read(segment)) for segment in found)
            answers, failures = latest_rows(rows_of, Contents(self._keyring, month))
        except FileNotFoundError:
            return None  # somebody else is compacting the month
        rows = [
            row for latest in (answers, failures) for parts in latest.values() for row, _ in parts.values()
        ]
        compacted = segments.append(self._folder(month), segments.frame_of(rows).sort("issue_id", "part"))
        if not segments.are_there(found):
            # Somebody has compacted or rewritten them meanwhile: what is under another key now, or is not to
            # be there any more, must not come back.
            segments.withdraw(compacted)
            return None
        segments.remove(found)
        return compacted

    def rewrite(self, month: str, change: Change = unchanged) -> Rewritten:
        """Seals what is in the month with the key that writes now, and changes what ``change`` changes.

        What it changed is news to readers of changes. A killed run is finished by the next. Raises
        RawLogError where nothing can be appended.
        """
        return self.rewrite_parts(month, lambda _issue_id, _part: change)

    def rewrite_parts(self, month: str, change_of: ChangeOf) -> Rewritten:
        """As ``rewrite``, with a change for each part of each issue."""
        return rewrite(self._folder(month), Contents(self._keyring, month), change_of)

    def count_by_key(self, month: str) -> Counter[str | None]:
        """How much of a month each key has sealed; None stands for no key. Raises UnreadableSegment."""
        return count_by_key(self._folder(month), Contents(self._keyring, month))

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
        """All segments of a month after a number, listed again if compaction removes one meanwhile."""
        for _ in range(_REREAD_ATTEMPTS):
            found = [s for s in segments.list_segments(self._folder(month)) if s.number > after]
            try:
                return [(segment, segments.read(segment, columns, within)) for segment in found]
            except FileNotFoundError:
                continue
        raise RawLogError(f"the segments of {month} kept changing while they were read; run again")

    def _latest(self, month: str, issue_ids: list[str] | None) -> Iterator[LatestIssue]:
        within = (issue_ids[0], issue_ids[-1]) if issue_ids else None
        contents = Contents(self._keyring, month)
        answers, failures = latest_rows(self._read(month, within=within), contents)
        known = answers.keys() | failures.keys()
        wanted = sorted(known) if issue_ids is None else [each for each in issue_ids if each in known]
        for issue_id in wanted:
            issue = LatestIssue(month, issue_id)
            _fill(issue, answers.get(issue_id, {}), failures.get(issue_id, {}), contents)
            yield issue


_PARTS = {part.value: part for part in Part}


def _fill(issue: LatestIssue, answers: ByPart, failures: ByPart, contents: Contents) -> None:
    # A tombstone ends everything fetched before it; an issue that is fetched later is there again.
    deleted_at = answers[Part.DELETED][0][3] if Part.DELETED in answers else -1
    readings: list[tuple[Row, bytes]] = []
    for name, (row, segment) in answers.items():
        fetched_at = row[3]
        if fetched_at <= deleted_at:
            continue
        part = _PARTS.get(_part_name(name))
        if part is None:
            raise UnreadableSegment(str(segment.path), f"issue {issue.issue_id} has a part {name!r}")
        payload = contents.payload(row, segment)
        if part is Part.SLA:
            readings.append((row, payload))
        else:
            issue.payloads[part] = payload
            issue.fetched_at[part] = fetched_at // 1000
        if part is Part.ISSUE:
            issue.source = row[4]
    if readings:
        readings.sort(key=lambda reading: (reading[0][2:5], reading[1]))
        issue.slas = [(row[3] // 1000, payload) for row, payload in readings]
        issue.fetched_at[Part.SLA] = issue.slas[-1][0]
    if deleted_at >= 0 and Part.ISSUE not in issue.payloads:
        row, segment = answers[Part.DELETED]
        issue.tombstone = Tombstone(row[3] // 1000, contents.payload(row, segment))
    for name, (row, segment) in failures.items():
        if row[3] > max(_answered_at(name, answers), deleted_at):
            issue.errors[Part(name)] = contents.error(row, segment)


def _part_name(name: str) -> str:
    return name.partition(":")[0]


def _answered_at(part: str, answers: ByPart) -> int:
    """When a part was last fetched with success. Of SLAs, some may be read and others not at once."""
    times = (row[3] for name, (row, _) in answers.items() if _part_name(name) == part)
    return max(times, default=-1) - (part == Part.SLA)
