"""Of the rows about one part of an issue the latest wins, whatever the order in which they were written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import msgspec
import polars as pl

from jira_assets.raw.contents import Contents
from jira_assets.raw.errors import UnreadableSegment
from jira_assets.raw.partial import NamedPayload, merged, older_fields
from jira_assets.raw.record import Hidden, HiddenPayload, Part, part_of
from jira_assets.raw.segments import Row, Segment

ByPart = dict[str, tuple[Row, Segment]]

# What was found out about an issue, and is no state of it.
_SEEN = (Part.DELETED, Part.MOVED, Part.HIDDEN)
_ENDS = {Part.DELETED, Part.MOVED}
_PARTS = {part.value: part for part in Part}
_NEVER = (-1, -1)


class Tombstone(NamedTuple):
    """That an issue was found to be deleted: when (milliseconds since the epoch), and what is known of it."""

    seen_at: int
    payload: bytes


@dataclass(slots=True)
class LatestIssue:
    """What is known of one issue: the newest payload of each part, and what failed after it was fetched.

    `payloads` has no entry for a part that was never fetched; it is empty for an issue that is deleted, or
    has left the month. `fetched_at` and `issue_updated`, that of the issue itself, are in milliseconds since
    the epoch. SLAs may have been read some at one time and some at another: `slas` are those readings, oldest
    first, each with its time. Where some fields of the issue are older than the rest, its entry in `errors`
    names them. `answered_at` is when any of the answers was asked for last that make up the issue itself, or
    would if there were no later state. `hidden_since` is when the account
    was found not to see the issue any more, in milliseconds since the epoch; None if it was fetched since.
    `hidden_because` is what was thought to be the reason.
    """

    month: str
    issue_id: str
    payloads: dict[Part, bytes] = field(default_factory=dict)
    fetched_at: dict[Part, int] = field(default_factory=dict)
    slas: list[tuple[int, bytes]] = field(default_factory=list)
    errors: dict[Part, str] = field(default_factory=dict)
    source: str | None = None
    issue_updated: int | None = None
    answered_at: int | None = None
    tombstone: Tombstone | None = None
    hidden_since: int | None = None
    hidden_because: Hidden | None = None


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


def latest_issue(
    month: str, issue_id: str, answers: ByPart, failures: ByPart, contents: Contents
) -> LatestIssue:
    """What is known of an issue by the rows that `latest_rows` has found of it. Raises UnreadableSegment."""
    issue = LatestIssue(month, issue_id)
    # A tombstone ends everything fetched before it, and so does leaving the month; an issue that is fetched
    # later is there again.
    deleted_at, moved_at, hidden_at = (_found_at(answers, part) for part in _SEEN)
    ended_at = max(deleted_at, moved_at)
    for ending in _ENDS & answers.keys():
        contents.payload(*answers[ending])  # nobody without a key can end an issue
    states: list[tuple[Row, bytes]] = []
    slas: list[tuple[Row, bytes]] = []
    for name, (row, segment) in answers.items():
        part = _PARTS.get(part_of(name))
        if part is None:
            raise UnreadableSegment(str(segment.path), f"issue {issue_id} has a part {name!r}")
        if _seen_at(row) <= ended_at or part in _SEEN:
            continue
        payload = contents.payload(row, segment)
        if part is Part.ISSUE:
            states.append((row, payload))
        elif part is Part.SLA:
            slas.append((row, payload))
        else:
            issue.payloads[part] = payload
            issue.fetched_at[part] = row[3] // 1000
    _fill_slas(issue, slas)
    if states:
        _fill_state(issue, states)
        if hidden_at > max(_seen_at(row) for row, _ in states):
            issue.hidden_since = hidden_at[1] // 1000
            issue.hidden_because = _because(contents.payload(*answers[Part.HIDDEN]))
    elif deleted_at > moved_at:
        row, segment = answers[Part.DELETED]
        issue.tombstone = Tombstone(row[3] // 1000, contents.payload(row, segment))
    issue.errors |= {
        Part(name): contents.error(row, segment)
        for name, (row, segment) in failures.items()
        if _seen_at(row) > max(_answered_at(name, answers), ended_at)
    }
    return issue


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
    """Orders the rows of one part, by generation, `issue_updated` and `fetched_at`. What was found out and
    failures are later when seen later, in whatever state of the same generation.
    """
    if row[1] in _SEEN or row[6] is not None:
        return row[8], row[3], row[2], row[4]
    return row[8], row[2], row[3], row[4]


def _fill_slas(issue: LatestIssue, slas: list[tuple[Row, bytes]]) -> None:
    slas.sort(key=lambda reading: (_recency(reading[0]), reading[1]))
    issue.slas = [(row[3] // 1000, payload) for row, payload in slas]
    if slas:
        issue.fetched_at[Part.SLA] = issue.slas[-1][0]


def _fill_state(issue: LatestIssue, states: list[tuple[Row, bytes]]) -> None:
    states.sort(key=lambda state: (_recency(state[0]), state[0][1]), reverse=True)
    newest = states[0][0]
    issue.payloads[Part.ISSUE] = merged([NamedPayload(row[1], payload) for row, payload in states])
    issue.fetched_at[Part.ISSUE] = newest[3] // 1000
    issue.source = newest[4]
    issue.issue_updated = newest[2] // 1000
    answered_at = max(row[3] for row, _ in states)
    issue.answered_at = answered_at // 1000
    error = older_fields(newest[1])
    if error is not None:
        issue.errors[Part.ISSUE] = error


def _because(payload: bytes) -> Hidden | None:
    try:
        return msgspec.json.decode(payload, type=HiddenPayload).because
    except msgspec.DecodeError:
        return None


def _seen_at(row: Row) -> tuple[int, int]:
    """Its generation, and when it was asked for: the times of different ones do not compare."""
    return row[8], row[3]


def _found_at(answers: ByPart, part: Part) -> tuple[int, int]:
    """When this was last found out about an issue; before all times if it never was."""
    return _seen_at(answers[part][0]) if part in answers else _NEVER


def _answered_at(part: str, answers: ByPart) -> tuple[int, int]:
    """When a part was last fetched with success. Of SLAs, some may be read and others not at once."""
    times = (_seen_at(row) for name, (row, _) in answers.items() if part_of(name) == part)
    generation, at = max(times, default=_NEVER)
    return generation, at - (part == Part.SLA)
