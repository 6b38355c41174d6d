"""Of the rows about one part of an issue the latest wins, whatever the order in which they were written."""

from collections.abc import Iterable, Iterator
from typing import cast

import polars as pl

from jira_assets.raw.contents import Contents
from jira_assets.raw.record import Part
from jira_assets.raw.segments import Row, Segment

ByPart = dict[str, tuple[Row, Segment]]


def latest_rows(
    found: Iterable[tuple[Segment, pl.DataFrame]], contents: Contents
) -> tuple[dict[str, ByPart], dict[str, ByPart]]:
    """The winning answer, and the last failure, of each part, by issue, and the segments that they stand in.

    Raises UnreadableSegment.
    """
    answers: dict[str, ByPart] = {}
    failures: dict[str, ByPart] = {}
    for segment, frame in found:
        for row in cast(Iterator[Row], frame.iter_rows()):
            issue_id, part, error = row[0], row[1], row[6]
            latest = (answers if error is None else failures).setdefault(issue_id, {})
            known = latest.get(part)
            if known is None or _is_later((row, segment), known, contents):
                latest[part] = (row, segment)
    return answers, failures


def _is_later(one: tuple[Row, Segment], other: tuple[Row, Segment], contents: Contents) -> bool:
    """Ties are broken by content, so the order of arrival cannot matter. It is the plain content, because the
    same, sealed twice, is not the same. What was changed since it was fetched wins over what it was before.
    """
    ours, theirs = _recency(one[0]), _recency(other[0])
    if ours != theirs:
        return ours > theirs
    if one[0][5:7] == other[0][5:7]:
        return False
    return contents.standing(*one) > contents.standing(*other)


def _recency(row: Row) -> tuple[object, ...]:
    """Orders the rows of one part. Deletions and failures are later when seen later, in whatever state."""
    return (row[3], row[:5]) if row[1] == Part.DELETED or row[6] is not None else row[:5]
