"""The raw log: everything Jira said, month by month, append-only; the latest answer about each part wins."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

import polars as pl
from upath import UPath

from jira_assets.files import make_folder_anywhere, remove_leftovers
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.privacy.rewriting import Change, Rewritten, unchanged
from jira_assets.raw import segments
from jira_assets.raw.compaction import compact
from jira_assets.raw.contents import Contents
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.extent import Extent
from jira_assets.raw.latest import LatestIssue, latest_issue, latest_rows
from jira_assets.raw.lookups import LookupStore
from jira_assets.raw.partial import set_fields
from jira_assets.raw.record import NO_FAILURES, Part, Record, is_failure
from jira_assets.raw.redacting import Redacting
from jira_assets.raw.rewriting import ChangeOf, count_by_key, rewrite
from jira_assets.raw.segments import SCHEMA, Segment
from jira_assets.raw.site import read_fields
from jira_assets.raw.standing import COLUMNS, NOTHING, Standing

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_WHOLE = "whole"  # beside the segments of a month that were all fetched, and not only those of some event
_WENT_BACK = "went_back"  # beside the segments of a month with records of a later generation
_REREAD_ATTEMPTS = 10
_ISSUES_AT_ONCE = 500  # bounds the memory of a read: some 20 MB of decoded payloads on busy sites
_BYTES_AT_ONCE = 2_000_000  # of segments, some 30 MB of JSON; up to here a month is read at once
_PARTS_OF_STATE = (Part.ISSUE, Part.DELETED, Part.MOVED)
_OF_STATES = ("issue_id", "issue_updated", "generation")
_IS_STATE = pl.col("error").is_null() & pl.col("part").str.starts_with(Part.ISSUE.value)
# Where Jira could not load some fields, the row is an answer, and tells of a failure all the same.
_IS_WITHHELD = pl.any_horizontal(pl.col("error").str.starts_with(reason) for reason in NO_FAILURES)
_IS_FAILURE = ~_IS_WITHHELD | pl.col("part").str.contains(":-")


class NewestState(NamedTuple):
    """The greatest generation of an issue, and the `issue_updated` (milliseconds since the epoch) of its
    newest state in that.
    """

    generation: int
    issue_updated: int


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
        self._redacting = Redacting(root, keyring)
        self.lookups = LookupStore(root, keyring)
        """What the issues refer to by id."""

    def months(self) -> list[str]:
        """The months that have a log, oldest first."""
        if not self._root.exists():
            return []
        return sorted(path.name for path in self._root.iterdir() if _MONTH.fullmatch(path.name))

    def extent(self, month: str) -> Extent:
        """What the month's log consists of now. Raises RawLogError."""
        for _ in range(_REREAD_ATTEMPTS):
            found = segments.list_segments(self._folder(month))
            with suppress(FileNotFoundError):
                newest = max((segment.number for segment in found), default=0)
                return Extent(newest, _bytes_of(found), segments.members_of_all(found))
        raise _kept_changing(month)

    def append(self, month: str, records: Iterable[Record]) -> Segment | None:
        """Append records as one durable segment, without those who are forgotten; None if there are none.

        They get the greatest generation that the log has of their issues, so that what is fetched after a
        restored state can win over it.
        """
        contents = Contents(self._keyring, month)
        redacted, redaction = self._redacting.before(records)
        if any(record.generation for record in redacted):
            self._note_that_it_went_back(month)
        generations = self._generations(month) if redacted else {}
        raised = (
            replace(record, generation=max(record.generation, generations.get(record.issue_id, 0)))
            for record in redacted
        )
        rows = [
            (
                record.issue_id,
                record.name,
                record.issue_updated,
                record.fetched_at,
                record.source.value,
                *contents.pack(record),
                None,
                record.generation or None,
            )
            for record in raised
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
        return self._with_part(month, Part.DELETED)

    def moved(self, month: str) -> set[str]:
        """The issues that were found in another month at some time, whatever was fetched since."""
        return self._with_part(month, Part.MOVED)

    def newest(self, month: str, issue_ids: Collection[str]) -> dict[str, NewestState]:
        """The newest state of each of these issues that the month's log has, be it deleted since or not."""
        if not issue_ids:
            return {}
        read = self._read(month, [*_OF_STATES, "part", "error"], issue_ids)
        found: dict[str, NewestState] = {}
        for _, frame in read:
            for issue_id, updated, generation in frame.filter(_IS_STATE).select(_OF_STATES).iter_rows():
                state = NewestState(generation, updated // 1000)
                found[issue_id] = max(found.get(issue_id, state), state)
        return found

    def standing(
        self, month: str, issue_ids: Collection[str] | None = None, before: Standing = NOTHING
    ) -> Standing:
        """What the log has of these issues, or of all: for whoever is about to ask Jira, or has appended.

        Of what it had ``before``, only what was appended since is read.
        """
        if issue_ids is not None and not issue_ids:
            return NOTHING
        found = self._read(month, COLUMNS, issue_ids, before.until)
        until = max((segment.number for segment, _ in found), default=before.until)
        return before.joined(Standing((frame for _, frame in found), until))

    def set_fields(self, month: str, issue_ids: Collection[str]) -> dict[str, set[str]]:
        """The ids of the fields that are stored of each of these issues, are not null, and are still the
        site's.
        """
        gone = {field.id for field in read_fields(self._root.parent) if not field.listed}
        return {
            issue.issue_id: set_fields(issue.payloads[Part.ISSUE]) - gone
            for issue in self.latest(month, issue_ids, _PARTS_OF_STATE)
            if Part.ISSUE in issue.payloads
        }

    def live(self, month: str, issue_ids: Collection[str]) -> set[str]:
        """Those of these issues that are there: neither deleted nor in another month now."""
        latest = self.latest(month, issue_ids, _PARTS_OF_STATE)
        return {issue.issue_id for issue in latest if Part.ISSUE in issue.payloads}

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
            found = self._read(month, ["issue_id", "part", "error"])
            failed = {issue_id for _, frame in found for issue_id in frame.filter(_IS_FAILURE)["issue_id"]}
            for issue in self.latest(month, failed):
                for part, error in issue.errors.items():
                    if is_failure(error):
                        yield Failure(month, issue.issue_id, part, error)

    def latest(
        self,
        month: str,
        issue_ids: Iterable[str] | None = None,
        parts: Collection[Part] = tuple(Part),
    ) -> Iterator[LatestIssue]:
        """The latest of these issues, or of all, in the order of their ids as text; few in memory at once.

        Only what ``parts`` tell is looked at: whoever wants less than all of them wants those that end an
        issue, too.
        """
        if issue_ids is None and _bytes_of(segments.list_segments(self._folder(month))) <= _BYTES_AT_ONCE:
            yield from self._latest(month, None, parts)
            return
        wanted = sorted(self.issue_ids(month) if issue_ids is None else issue_ids)
        for start in range(0, len(wanted), _ISSUES_AT_ONCE):
            yield from self._latest(month, wanted[start : start + _ISSUES_AT_ONCE], parts)

    def compact(self, month: str) -> Segment | None:
        """Join a month's segments when there are many, dropping what a later row supersedes.

        Large ones stay until the others are half as large together. Returns the segment that was made, the
        last one of a large month. Readers notice nothing: rows keep the number of the segment they came from,
        and a reader that finds a file gone lists the month again.
        """
        remove_leftovers(self._folder(month))
        return compact(self._folder(month), Contents(self._keyring, month))

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

    def _with_part(self, month: str, part: Part) -> set[str]:
        found = self._read(month, ["issue_id", "part"])
        return {issue_id for _, frame in found for issue_id in frame.filter(part=part.value)["issue_id"]}

    def _note_that_it_went_back(self, month: str) -> None:
        """Before such records are appended: whoever appends others then has to look at their generations."""
        make_folder_anywhere(self._folder(month), within=self._root.parent)
        (self._folder(month) / _WENT_BACK).touch(0o600)

    def _generations(self, month: str) -> dict[str, int]:
        """The greatest generation of each issue that has one. Hardly any month has such issues."""
        if not (self._folder(month) / _WENT_BACK).exists():
            return {}
        found: dict[str, int] = {}
        for _, frame in self._read(month, ["issue_id", "generation"]):
            for issue_id, generation in frame.filter(pl.col("generation") > 0).iter_rows():
                found[issue_id] = max(found.get(issue_id, 0), generation)
        return found

    def _folder(self, month: str) -> UPath:
        if not _MONTH.fullmatch(month):
            raise ValueError(f"{month!r} is not a month; it should look like 2024-03")
        return self._root / month

    def _read(
        self,
        month: str,
        columns: Sequence[str] = tuple(SCHEMA),
        issue_ids: Collection[str] | None = None,
        after: int = 0,
    ) -> list[tuple[Segment, pl.DataFrame]]:
        """All segments of a month after a number, listed again if compaction removes one meanwhile."""
        for _ in range(_REREAD_ATTEMPTS):
            found = [s for s in segments.list_segments(self._folder(month)) if s.number > after]
            try:
                return [(segment, segments.read(segment, columns, issue_ids)) for segment in found]
            except FileNotFoundError:
                continue
        raise _kept_changing(month)

    def _latest(
        self, month: str, issue_ids: list[str] | None, parts: Collection[Part]
    ) -> Iterator[LatestIssue]:
        contents = Contents(self._keyring, month)
        found = self._read(month, issue_ids=issue_ids)
        if len(parts) < len(Part):
            is_wanted = pl.col("part").str.split(":").list.first().is_in([part.value for part in parts])
            found = [(segment, frame.filter(is_wanted)) for segment, frame in found]
        found.reverse()
        answers, failures = latest_rows((found.pop() for _ in range(len(found))), contents)
        known = answers.keys() | failures.keys()
        wanted = sorted(known) if issue_ids is None else [each for each in issue_ids if each in known]
        for issue_id in wanted:  # payloads are decoded by now, so memory holds them once
            of_issue = answers.pop(issue_id, {}), failures.pop(issue_id, {})
            yield latest_issue(month, issue_id, *of_issue, contents)


def _bytes_of(found: Iterable[Segment]) -> int:
    return sum(segment.size for segment in found)


def _kept_changing(month: str) -> RawLogError:
    return RawLogError(f"the segments of {month} kept changing while they were read; run again")
