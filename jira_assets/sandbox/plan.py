"""What every issue of a generated site is, computed from its place alone.

So issues can be generated one by one, in any number, and still agree with each other about links and parents.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from jira_assets.sandbox.documents import sentence
from jira_assets.sandbox.people import BASE_URL
from jira_assets.sandbox.projects import PATTERN, PRIORITIES, Project
from jira_assets.sandbox.times import parse_time

NOW = parse_time("2026-11-01T02:26:40+0000")
LINK_TYPES = tuple(
    {
        "id": number,
        "name": name,
        "inward": inward,
        "outward": outward,
        "self": f"{BASE_URL}/rest/api/3/issueLinkType/{number}",
    }
    for number, name, inward, outward in (
        ("10000", "Blocks", "is blocked by", "blocks"),
        ("10001", "Relates", "relates to", "relates to"),
    )
)
_DAY = 24 * 3_600_000
_MONTH = 30 * _DAY
_QUIET = 8_800_000
_FIRST_ID = 10_000
_FIRST_LINK_ID = 30_000
_OFFSETS = (-480, -480, 0, 60, 120, 210, 540, -210)
_STRIDES = (1, 11, 173)


@dataclass(frozen=True)
class Outline:
    """The parts of an issue that other issues may show."""

    place: int
    project: Project
    key: str
    type: str
    status_index: int
    priority: str
    summary: str
    created: int
    offset_minutes: int

    @property
    def id(self) -> str:
        return str(_FIRST_ID + self.place)

    @property
    def is_done(self) -> bool:
        return self.project.statuses[self.status_index][1] == "done"

    def brief(self, *, with_priority: bool = True) -> dict[str, Any]:
        """As Jira shows it in the links, parents and sub-tasks of other issues."""
        fields: dict[str, Any] = {"summary": self.summary, "status": self.project.status(self.status_index)}
        if with_priority:
            fields["priority"] = priority(self.priority)
        fields["issuetype"] = self.project.issue_type(self.type)
        return {
            "id": self.id,
            "key": self.key,
            "self": f"{BASE_URL}/rest/api/3/issue/{self.id}",
            "fields": fields,
        }


class Plan:
    """A site of ``issues`` issues, seen at ``now``. The more there are, the more months they span."""

    def __init__(self, issues: int, seed: int, now: int = NOW) -> None:
        self.issues = issues
        self.seed = seed
        self.now = now

    @cached_property
    def _end(self) -> int:
        return self.now - _QUIET

    @cached_property
    def _start(self) -> int:
        months = min(120, max(3, -(-self.issues // 60)))
        return self._end - months * _MONTH

    @cached_property
    def _month_change(self) -> int:
        """In the first morning of a month in UTC, when it is the last evening of another in California."""
        then = datetime.fromtimestamp((self._end - 9 * _MONTH) / 1000, UTC)
        return parse_time(f"{then:%Y-%m}-01T07:30:00.123+0000")

    def generator(self, place: int, purpose: str) -> random.Random:
        """A generator of its own for every purpose, so that one change does not change everything."""
        return random.Random(f"{self.seed}:{place}:{purpose}")

    def outline(self, place: int) -> Outline:
        rng = self.generator(place, "outline")
        project = PATTERN[place % len(PATTERN)]
        block, rank = divmod(place, len(PATTERN))
        number = block * project.share + PATTERN[:rank].count(project) + 1
        is_subtask = self._is_subtask(place, project)
        return Outline(
            place=place,
            project=project,
            key=f"{project.key}-{number}",
            type=project.subtask if is_subtask else rng.choice(project.types),
            status_index=min(int(rng.random() ** 0.6 * len(project.statuses)), len(project.statuses) - 1),
            priority=rng.choice(PRIORITIES),
            summary=sentence(rng, 3, 8).rstrip("."),
            created=self._created(place, rng),
            offset_minutes=rng.choice(_OFFSETS),
        )

    def links(self, place: int) -> Iterator[dict[str, Any]]:
        """The links at this end, as in ``fields.issuelinks``; the other end shows the same ids."""
        for stride in _STRIDES:
            if place >= stride and self._stride(place - stride) == stride:
                yield self._link(place - stride, "inwardIssue", place - stride)
        own = self._stride(place)
        if own is not None and place + own < self.issues:
            yield self._link(place, "outwardIssue", place + own)

    def parent(self, place: int) -> Outline | None:
        outline = self.outline(place)
        return self.outline(place - len(PATTERN)) if self._is_subtask(place, outline.project) else None

    def subtasks(self, place: int) -> list[Outline]:
        child = place + len(PATTERN)
        project = PATTERN[place % len(PATTERN)]
        return [self.outline(child)] if child < self.issues and self._is_subtask(child, project) else []

    def _is_subtask(self, place: int, project: Project) -> bool:
        return bool(project.subtask) and place >= len(PATTERN) and place % 11 == 6 and (place - 20) % 11 != 6

    def _created(self, place: int, rng: random.Random) -> int:
        span = self._end - self._start - _DAY
        moment = self._start + int(span * (place / max(1, self.issues)) ** 0.8) + rng.randrange(_DAY)
        if place % 31 == 1:
            return self._month_change + rng.randrange(3_000)
        return moment

    def _stride(self, place: int) -> int | None:
        return _STRIDES[place // 7 % len(_STRIDES)] if place % 7 == 3 else None

    def _link(self, owner: int, side: str, other: int) -> dict[str, Any]:
        link_id = str(_FIRST_LINK_ID + owner)
        return {
            "id": link_id,
            "self": f"{BASE_URL}/rest/api/3/issueLink/{link_id}",
            "type": LINK_TYPES[owner // 7 % 2],
            side: self.outline(other).brief(),
        }


def priority(name: str) -> dict[str, Any]:
    number = str(PRIORITIES.index(name) + 1)
    return {"self": f"{BASE_URL}/rest/api/3/priority/{number}", "name": name, "id": number}
