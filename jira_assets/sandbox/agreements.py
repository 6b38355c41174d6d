"""Service level agreements of a generated service desk, in all the states that Jira shows."""

import random
from typing import Any

from jira_assets.sandbox.people import BASE_URL
from jira_assets.sandbox.times import iso

_HOUR = 3_600_000
_LONGEST_CYCLE = 60 * _HOUR
FIRST_RESPONSE = ("customfield_10070", "Time to first response", "1", 4 * _HOUR)
RESOLUTION = ("customfield_10071", "Time to resolution", "2", 40 * _HOUR)


def agreements(
    rng: random.Random, issue_id: str, created: int, resolved: int | None, observed: int
) -> dict[str, dict[str, Any] | None]:
    """The SLA fields of one issue. Times are epoch milliseconds; ``observed`` is when Jira computed them."""
    # The clock starts again whenever a ticket comes back, so of old ones some are not overdue.
    came_back = max(created, observed - int(issue_id) * 7_919_317 % _LONGEST_CYCLE)
    first = _first_response(rng, created, came_back, resolved, observed)
    resolution = _resolution(rng, created, came_back, resolved, observed)
    values = ((FIRST_RESPONSE, first), (RESOLUTION, resolution))
    return {field[0]: None if value is None else _value(field, issue_id, value) for field, value in values}


def _first_response(
    rng: random.Random, created: int, came_back: int, resolved: int | None, observed: int
) -> dict[str, Any] | None:
    draw = rng.random()
    goal = FIRST_RESPONSE[3]
    if draw < 0.05:
        return None
    if draw < 0.15:
        return {"completedCycles": []}
    if draw < 0.3 and resolved is None:
        return {"completedCycles": [], "ongoingCycle": _ongoing(came_back, observed, goal)}
    return {"completedCycles": [_completed(created, created + rng.randint(1, 2 * goal), goal)]}


def _resolution(
    rng: random.Random, created: int, came_back: int, resolved: int | None, observed: int
) -> dict[str, Any] | None:
    goal = RESOLUTION[3]
    if resolved is None:
        paused = rng.random() < 0.3
        value = {"completedCycles": [], "ongoingCycle": _ongoing(came_back, observed, goal, paused=paused)}
        return value if rng.random() < 0.9 else value | {"ongoingCycle": None}
    if rng.random() < 0.2:
        # Reopened: one cycle for each time that it was resolved.
        middle = created + max(1, (resolved - created) // 2)
        return {"completedCycles": [_completed(created, middle, goal), _completed(middle, resolved, goal)]}
    return {"completedCycles": [_completed(created, resolved, goal)]}


def _value(field: tuple[str, str, str, int], issue_id: str, cycles: dict[str, Any]) -> dict[str, Any]:
    _, name, number, _ = field
    link = f"{BASE_URL}/rest/servicedeskapi/request/{issue_id}/sla/{number}"
    value = {"id": number, "name": name, "_links": {"self": link}, "slaDisplayFormat": "NEW_SLA_FORMAT"}
    return value | cycles


def _completed(start: int, stop: int, goal: int) -> dict[str, Any]:
    elapsed = stop - start
    return {
        "startTime": _date(start),
        "stopTime": _date(stop),
        "breachTime": _date(start + goal),
        "breached": elapsed > goal,
        "goalDuration": _duration(goal),
        "elapsedTime": _duration(elapsed),
        "remainingTime": _duration(goal - elapsed),
    }


def _ongoing(start: int, observed: int, goal: int, *, paused: bool = False) -> dict[str, Any]:
    elapsed = max(0, observed - start) // (3 if paused else 1)
    cycle = {
        "startTime": _date(start),
        "breachTime": _date(start + goal),
        "breached": elapsed > goal,
        "paused": paused,
        "withinCalendarHours": not paused,
        "goalDuration": _duration(goal),
        "elapsedTime": _duration(elapsed),
        "remainingTime": _duration(goal - elapsed),
    }
    if paused:
        del cycle["breachTime"]
    return cycle


def _date(moment: int) -> dict[str, Any]:
    precise = iso(moment, offset_minutes=210)
    return {
        "iso8601": precise[:19] + precise[23:],
        "jira": precise,
        "friendly": "15/Oct/25 9:55 AM",
        "epochMillis": moment,
    }


def _duration(milliseconds: int) -> dict[str, Any]:
    minutes = abs(milliseconds) // 60_000
    sign = "-" if milliseconds < 0 else ""
    return {"millis": milliseconds, "friendly": f"{sign}{minutes // 60}h {minutes % 60}m"}
