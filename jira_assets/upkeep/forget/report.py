"""What was done to forget somebody, without saying who that was."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from jira_assets.raw.record import Part

_LISTS = {
    Part.COMMENTS: "comments",
    Part.CHANGELOG: "changelog",
    Part.WORKLOGS: "worklogs",
    Part.REMOTE_LINKS: "remote_links",
}
_ISSUES, _ATTACHMENTS, _EVENTS = "issues", "attachments", "events"
_COLUMNS = (_ISSUES, *_LISTS.values(), _ATTACHMENTS, _EVENTS)
_NARROWEST = 8


@dataclass(slots=True)
class Touched:
    """Where somebody was found in a month: what is redacted, by table and id, and in which issues."""

    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    issue_ids: set[str] = field(default_factory=set)
    left: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The parts of issues, by their ids, that have a part of the name and stay as they are."""

    def add(self, issue_id: str, part: str, before: bytes, after: bytes) -> None:
        """Notes how a part of an issue differs. What is noted again counts once."""
        self.issue_ids.add(issue_id)
        was, now = _decoded(before), _decoded(after)
        if part in _LISTS:
            self.ids[_LISTS[Part(part)]] |= _different(was, now)
            return
        if isinstance(was, dict) and isinstance(now, dict):
            files, redacted = (_fields(issue).pop("attachment", None) for issue in (was, now))
            self.ids[_ATTACHMENTS] |= _different(files, redacted)
        if was != now:
            self.ids[_ISSUES].add(issue_id)

    def add_event(self, body: bytes) -> None:
        self.ids[_EVENTS].add(str(hash(body)))


@dataclass(slots=True)
class Report:
    """What was found and redacted, and what was left. Events count in the month in which they came."""

    tombstone: str
    months: dict[str, Touched] = field(default_factory=lambda: defaultdict(Touched))
    keys: set[str] = field(default_factory=set)
    files: int = 0
    listed: int = 0
    deliveries: int = 0
    left: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    left_to_other_months: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def leave(self, month: str, issue_id: str | None, part: str | None) -> None:
        """Notes where a part of the name stands that may be anybody's."""
        if issue_id is not None and part is not None:
            self.months[month].left[issue_id].add(_LISTS.get(Part(part), part))
        else:
            self.left_to_other_months.add(month if month == "lists" else f"events of {month}")

    def __str__(self) -> str:
        """A table by month, and below it what it does not show."""
        counts = {
            month: [len(found.ids[column]) for column in _COLUMNS]
            for month, found in sorted(self.months.items())
            if any(found.ids.values())
        }
        nothing = [] if self.listed else ["Nothing is left to be redacted."]
        lines = [_line("month", _COLUMNS)] if counts else nothing
        lines += [_line(month, [f"{count:,}" for count in of_month]) for month, of_month in counts.items()]
        if self.keys:
            lines.append(f"Issues: {', '.join(sorted(self.keys, key=_by_number))}")
        if self.files:
            lines.append(f"Files that this account had attached: {self.files:,}, deleted")
        if self.listed:
            lines.append(f"Entries of the site's lists: {self.listed:,}")
        if self.deliveries:
            lines.append(f"Deliveries that nobody could read: {self.deliveries:,}, deleted")
        if self.left or self.left_to_other_months:
            lines.append("Left, because a part of a name may be anybody's; look at:")
            keys = sorted(self.left, key=_by_number)
            lines += [f"  {key}: {', '.join(sorted(self.left[key]))}" for key in keys]
            lines += [f"  {where}" for where in sorted(self.left_to_other_months)]
        lines += [f"PROBLEM: {problem}" for problem in self.problems]
        return "\n".join(lines)


def _line(first: str, rest: Iterable[str]) -> str:
    widths = (max(len(column), _NARROWEST) + 2 for column in _COLUMNS)
    return f"{first:<7}" + "".join(f"{value:>{width}}" for value, width in zip(rest, widths, strict=True))


def _by_number(key: str) -> tuple[str, int]:
    project, _, number = key.rpartition("-")
    return project, int(number) if number.isdecimal() else 0


def _decoded(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return payload


def _fields(issue: dict[str, Any]) -> dict[str, Any]:
    fields = issue.get("fields")
    return fields if isinstance(fields, dict) else {}


def _different(was: Any, now: Any) -> set[str]:
    """The ids of those elements of a list that are not what they were."""
    if not (isinstance(was, list) and isinstance(now, list)):
        return set()
    pairs = zip(was, now, strict=False)
    return {str(one.get("id")) for one, other in pairs if one != other and isinstance(one, dict)}
