"""Joining a month's segments, so that reading it stays cheap however many events have come."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl
from upath import UPath

from jira_assets.raw import segments
from jira_assets.raw.contents import Contents
from jira_assets.raw.latest import latest_rows
from jira_assets.raw.segments import Segment

_COMPACT_FROM = 16  # segments; below that a month's read is dominated by its payloads
_JOINED_AT_LEAST = 8
_BYTES_JOINED_AT_ONCE = 32_000_000  # of payloads as they are stored; joining takes four times as much
_PIECES = 6  # that a month is made of at most when all of it was joined, so that few more are not many


def compact(folder: UPath, contents: Contents) -> Segment | None:
    """Join segments when there are many, dropping what a later row supersedes; see ``RawLog.compact``."""
    found = _to_join(segments.list_segments(folder))
    if not found:
        return None
    made: list[Segment] = []
    try:
        replaced = segments.members_of_all(found)
        for frame in _joined(found, contents):
            made.append(segments.append(folder, frame, replaced))
            del frame  # before the next is made
        is_whole = segments.are_there(found)
    except FileNotFoundError:
        is_whole = False
    if not is_whole:
        # Somebody has compacted or rewritten them meanwhile: what is under another key now, or is not to be
        # there any more, must not come back.
        for segment in made:
            segments.withdraw(segment)
        return None
    segments.remove(found)
    return made[-1]


def _to_join(found: list[Segment]) -> list[Segment]:
    """The segments to be joined: none unless there are many, and no large one for the sake of a few small.

    So a byte is written anew once for each doubling of what is appended, and not with every few events.
    """
    if len(found) < _COMPACT_FROM:
        return []
    size = 0
    by_size = sorted(found, key=lambda segment: segment.size)
    for number, segment in enumerate(by_size):
        if number >= _JOINED_AT_LEAST and segment.size > 2 * size:
            return by_size[:number]
        size += segment.size
    return by_size


def _joined(found: Sequence[Segment], contents: Contents) -> Iterator[pl.DataFrame]:
    """What counts of the rows of some segments, in the order of issues, as much as memory should hold."""
    sizes: Counter[str] = Counter()
    for segment in found:
        for issue_id, size in segments.read(segment, ["issue_id", "payload_bytes"]).iter_rows():
            sizes[issue_id] += size or 0
    pieces = min(sizes.total() // _BYTES_JOINED_AT_ONCE + 1, _PIECES, max(len(sizes), 1))
    at_once = math.ceil(len(sizes) / pieces)
    ids = sorted(sizes)
    for start in range(0, max(len(ids), 1), max(at_once, 1)):
        some = ids[start : start + at_once]
        rows_of = ((segment, segments.read(segment, issue_ids=some or None)) for segment in found)
        latest = latest_rows(rows_of, contents)
        rows = [
            contents.moved(row) for each in latest for parts in each.values() for row, _ in parts.values()
        ]
        del latest
        rows.sort(key=lambda row: row[:2])
        frame = segments.frame_of(rows)
        rows.clear()
        yield frame
        del frame
