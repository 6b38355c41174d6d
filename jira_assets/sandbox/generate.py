"""A made-up but lifelike Jira site of any size: the same seed always gives the same issues."""

import random
import zlib
from collections.abc import Iterator
from typing import Any

from jira_assets.sandbox.activity import attachments, comments, remote_links, worklogs
from jira_assets.sandbox.agreements import agreements
from jira_assets.sandbox.custom_fields import custom_values, field_catalogue
from jira_assets.sandbox.documents import every_node_document, plain_document, random_document
from jira_assets.sandbox.histories import histories, moved
from jira_assets.sandbox.people import BASE_URL, someone, someone_or_nobody
from jira_assets.sandbox.plan import NOW, Outline, Plan, priority
from jira_assets.sandbox.projects import PATTERN
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import iso

_LONG_DESCRIPTION = 250_000
_HOUR = 3_600_000


def generate(issues: int = 1000, seed: int = 1, now: int = NOW) -> Iterator[dict[str, Any]]:
    """Full issues, one by one, for a site of ``issues`` issues that is seen at ``now`` (epoch milliseconds).

    Every rarity is already among the first ten: every ADF node (the 1st), a month that differs between UTC
    and local time (2nd), a move (3rd), more than 100 histories (4th), more than 100 comments (5th), more
    than 20 comments (6th), more than 20 worklogs (7th), a very long description (8th), NUL characters
    (9th), and null lists (10th).
    """
    plan = Plan(issues, seed, now)
    for place in range(issues):
        yield _issue(plan, place)


def generated_site(issues: int = 1000, seed: int = 1, now: int = NOW) -> Site:
    """A site with generated issues and the catalogue of their fields."""
    return Site(generate(issues, seed, now), fields=field_catalogue())


def _issue(plan: Plan, place: int) -> dict[str, Any]:
    outline = plan.outline(place)
    rng = plan.generator(place, "issue")
    until = min(plan.now - _HOUR, outline.created + rng.randint(1, 60 * 24) * _HOUR)
    fields = _fields(plan, outline, rng, until)
    _add_activity(fields, outline, rng, until)
    log = histories(rng, outline, _history_count(rng, place), until)
    if _is_rare(place, 2, 29, 9):
        log.append(moved(outline, _former_key(outline), len(log), until, rng))
    fields |= custom_values(rng, outline.project.kind, _day(until), iso(until, outline.offset_minutes))
    if outline.project.kind == "service_desk":
        resolved = until if outline.is_done else None
        fields |= agreements(rng, outline.id, outline.created, resolved, plan.now)
    issue = {"id": outline.id, "key": outline.key, "self": f"{BASE_URL}/rest/api/3/issue/{outline.id}"}
    return issue | {
        "fields": fields,
        "changelog": {"histories": log},
        "remotelinks": remote_links(rng, outline, rng.choice((0, 0, 0, 1, 2, 6))),
    }


def _fields(plan: Plan, outline: Outline, rng: random.Random, until: int) -> dict[str, Any]:
    project = outline.project
    reporter = someone(rng)
    fields: dict[str, Any] = {
        "summary": outline.summary,
        "issuetype": outline.project.issue_type(outline.type),
        "project": project.reference(),
        "status": project.status(outline.status_index),
        "statuscategorychangedate": iso(until, outline.offset_minutes),
        "priority": priority(outline.priority),
        "resolution": _resolution() if outline.is_done else None,
        "resolutiondate": iso(until, outline.offset_minutes) if outline.is_done else None,
        "created": iso(outline.created, outline.offset_minutes),
        "updated": iso(until, outline.offset_minutes),
        "duedate": _day(until) if rng.random() < 0.3 else None,
        "creator": someone_or_nobody(rng),
        "reporter": reporter if rng.random() < 0.95 else None,
        "assignee": someone_or_nobody(rng, nobody=0.3),
        "labels": [f"label-{rng.randint(1, 9)}" for _ in range(rng.randint(0, 3))],
        "components": [
            _named(project.id, "component", name)
            for name in rng.sample(("API", "UI", "Büro"), rng.randint(0, 2))
        ],
        "fixVersions": [
            _named(project.id, "version", name)
            for name in rng.sample(("1.0", "1.1", "2.0"), rng.randint(0, 2))
        ],
        "versions": [],
        "description": _description(rng, outline.place),
        "environment": plain_document("Linux\nFirefox") if rng.random() < 0.2 else None,
        "security": _named(project.id, "securitylevel", "Staff only") if outline.place % 43 == 12 else None,
        "issuelinks": list(plan.links(outline.place)),
        "subtasks": [child.brief() for child in plan.subtasks(outline.place)],
        "votes": {"votes": rng.randint(0, 9), "hasVoted": False},
        "watches": {"watchCount": rng.randint(0, 9), "isWatching": False},
        "workratio": -1,
        "lastViewed": None,
    }
    parent = plan.parent(outline.place)
    if parent is not None:
        fields["parent"] = parent.brief()
    if rng.random() < 0.1:
        # Not every issue type has every field on its screens.
        del fields["environment"], fields["duedate"]
    return fields


def _add_activity(fields: dict[str, Any], outline: Outline, rng: random.Random, until: int) -> None:
    place = outline.place
    said = comments(rng, outline, _comment_count(rng, place), until)
    logged = worklogs(
        rng, outline, rng.randint(21, 60) if _is_rare(place, 6, 61, 11) else rng.choice((0, 0, 0, 2)), until
    )
    files = attachments(rng, outline, rng.choice((0, 0, 0, 1, 3)), until)
    spent = sum(worklog["timeSpentSeconds"] for worklog in logged) or None
    estimate = 8 * 3600 * rng.randint(1, 5) if rng.random() < 0.3 else None
    fields |= {
        "comment": {"comments": said},
        "worklog": {"worklogs": logged},
        "attachment": files,
        "timespent": spent,
        "timeestimate": estimate and max(0, estimate - (spent or 0)),
        "timeoriginalestimate": estimate,
        "timetracking": {"timeSpentSeconds": spent} if spent else {},
    }
    if _is_rare(place, 9, 53, 21):
        fields |= {"comment": None, "attachment": None, "labels": None}
        fields["issuelinks"] = fields["issuelinks"] or None


def _description(rng: random.Random, place: int) -> dict[str, Any] | None:
    if _is_rare(place, 0, 37, 5):
        return every_node_document(rng)
    if place == 7:
        return plain_document("long " * (_LONG_DESCRIPTION // 5))
    if _is_rare(place, 8, 101, 23):
        return plain_document("NUL \x00 and emoji 👍🏽 and a lone surrogate's neighbour \ufffd")
    return None if rng.random() < 0.1 else random_document(rng, rng.randint(1, 6))


def _comment_count(rng: random.Random, place: int) -> int:
    if _is_rare(place, 4, 173, 17):
        return rng.randint(101, 230)
    if _is_rare(place, 5, 41, 7):
        return rng.randint(21, 60)
    return rng.choice((0, 0, 1, 1, 2, 3, 5))


def _history_count(rng: random.Random, place: int) -> int:
    return rng.randint(101, 260) if _is_rare(place, 3, 211, 13) else rng.choice((0, 1, 2, 3, 5, 8))


def _is_rare(place: int, first: int, every: int, rest: int) -> bool:
    """True for one place among the first ten, and for one in ``every`` after them."""
    return place == first or (place > 9 and place % every == rest)


def _former_key(outline: Outline) -> str:
    project = PATTERN[0] if outline.project is not PATTERN[0] else PATTERN[1]
    return f"{project.key}-{900_000 + outline.place}"


def _resolution() -> dict[str, Any]:
    return {
        "self": f"{BASE_URL}/rest/api/3/resolution/10000",
        "id": "10000",
        "description": "",
        "name": "Done",
    }


def _named(project_id: str, kind: str, name: str) -> dict[str, Any]:
    number = f"{project_id}{zlib.crc32(name.encode()) % 10_000:04}"
    return {"self": f"{BASE_URL}/rest/api/3/{kind}/{number}", "id": number, "name": name}


def _day(moment: int) -> str:
    return iso(moment)[:10]
