"""Rewriting a month of the raw log: sealed with the key that writes now, or changed.

No segment is written in place. What one holds is appended anew, and only then is it removed: killed in
between, rows stand in the log twice, and the next rewriting finds the segment again. Readers don't mind. Rows
that were merely sealed keep their origin, so nobody takes them for news; those that were changed are news,
and win over what they were made from (see `raw.contents`).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import cast

import polars as pl
from upath import UPath

from jira_assets.privacy.rewriting import Change, Rewritten
from jira_assets.raw import segments
from jira_assets.raw.contents import Contents, Renewed
from jira_assets.raw.errors import UnreadableSegment
from jira_assets.raw.segments import Row, Segment

ChangeOf = Callable[[str, str], Change]
"""From the id of an issue and the name of one of its parts to what is done to that."""


def rewrite(folder: UPath, contents: Contents, change_of: ChangeOf) -> Rewritten:
    """Rewrites the segments of a month, also those that appear meanwhile. Raises RawLogError if it cannot
    append; what cannot be read it leaves as it is.
    """
    done = Rewritten()
    looked_at: set[int] = set()
    while found := [each for each in segments.list_segments(folder) if each.number not in looked_at]:
        for segment in found:
            looked_at.add(segment.number)
            try:
                looked_at |= _Rewriting(segment, contents, change_of).run(folder, done)
            except FileNotFoundError:
                continue  # compaction has moved its rows: they are in a segment that is listed next
            except UnreadableSegment as error:
                done.problems.append(str(error))
    return done


def count_by_key(folder: UPath, contents: Contents) -> Counter[str | None]:
    """How many payloads and errors of a month each key has sealed; None stands for no key.

    Raises UnreadableSegment.
    """
    counts: Counter[str | None] = Counter()
    for segment in segments.list_segments(folder):
        for rows in _pieces(segment):
            counts.update(contents.key_of(row, segment) for row in rows)
    return counts


class _Rewriting:
    """Of one segment. Raises FileNotFoundError if compaction was quicker, and UnreadableSegment."""

    def __init__(self, segment: Segment, contents: Contents, change_of: ChangeOf) -> None:
        self._segment = segment
        self._contents = contents
        self._change_of = change_of

    def run(self, folder: UPath, done: Rewritten) -> set[int]:
        """Gives the numbers of the segments that it has appended."""
        of_segment = Rewritten()
        if not self._is_due(of_segment):
            done.add(of_segment)
            return set()
        of_segment = Rewritten()
        appended = set()
        replaced = segments.members(self._segment)
        for rows in _pieces(self._segment):
            renewed = [self._renewed(row, of_segment) for row in rows]
            appended.add(segments.append(folder, _frame(rows, renewed), replaced).number)
        segments.remove([self._segment])
        done.add(of_segment)
        return appended

    def _is_due(self, seen: Rewritten) -> bool:
        return any(self._renewed(row, seen) is not None for rows in _pieces(self._segment) for row in rows)

    def _renewed(self, row: Row, done: Rewritten) -> Renewed | None:
        """What is to be in the row instead; None if it stays, be it because it cannot be read."""
        done.seen += 1
        try:
            renewed = self._contents.renewed(row, self._segment, self._change_of(*row[:2]))
        except UnreadableSegment as error:
            done.problems.append(str(error))
            return None
        if renewed is not None:
            done.changed += renewed.is_news
            done.resealed += not renewed.is_news
        return renewed


def _pieces(segment: Segment) -> Iterator[list[Row]]:
    for frame in segments.read_pieces(segment):
        yield cast(list[Row], frame.rows())


def _frame(rows: list[Row], renewed: list[Renewed | None]) -> pl.DataFrame:
    """Rows with what is new in them. What is news has its origin in the segment that it is appended in."""
    replaced = [
        row if new is None else (*row[:5], new.payload, new.error, None if new.is_news else row[7], row[8])
        for row, new in zip(rows, renewed, strict=True)
    ]
    return segments.frame_of(replaced)
