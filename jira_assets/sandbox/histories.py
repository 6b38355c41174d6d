"""The changelog of a generated issue."""

import random
from collections.abc import Callable
from typing import Any

from jira_assets.sandbox.documents import sentence
from jira_assets.sandbox.people import someone, someone_or_nobody
from jira_assets.sandbox.plan import Outline
from jira_assets.sandbox.projects import PATTERN, PRIORITIES
from jira_assets.sandbox.times import iso

_FIRST_ID = 200_000_000
_IDS_PER_ISSUE = 1024


def histories(rng: random.Random, outline: Outline, count: int, until: int) -> list[dict[str, Any]]:
    """``count`` histories between the issue's creation and ``until``, oldest first."""
    moments = sorted(rng.randint(outline.created, until) for _ in range(count))
    first = _FIRST_ID + outline.place * _IDS_PER_ISSUE
    return [_history(rng, outline, first + number, moment) for number, moment in enumerate(moments)]


def moved(outline: Outline, former_key: str, number: int, moment: int, rng: random.Random) -> dict[str, Any]:
    """The history of a move: ``Key`` has no ids, only the keys. [OBS]"""
    former = next(project for project in PATTERN if project.key == former_key.rpartition("-")[0])
    project = outline.project
    items = [
        _item("project", "project", former.id, former.name, project.id, project.name),
        _item("Workflow", None, "1", "old", "2", "new"),
        _item("Key", None, None, former_key, None, outline.key),
    ]
    history_id = str(_FIRST_ID + outline.place * _IDS_PER_ISSUE + number)
    created = iso(moment, outline.offset_minutes)
    return {"id": history_id, "author": someone(rng), "created": created, "items": items}


def _history(rng: random.Random, outline: Outline, number: int, moment: int) -> dict[str, Any]:
    history: dict[str, Any] = {"id": str(number)}
    author = someone_or_nobody(rng)
    if author is not None:
        history["author"] = author
    history["created"] = iso(moment, outline.offset_minutes)
    history["items"] = [rng.choice(_CHANGES)(rng, outline) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    if rng.random() < 0.05:
        history["historyMetadata"] = {"type": "automation", "actor": {"displayName": "Automation for Jira"}}
    return history


def _item(
    field: str, field_id: str | None, from_id: Any, from_text: Any, to_id: Any, to_text: Any
) -> dict[str, Any]:
    item: dict[str, Any] = {"field": field, "fieldtype": "jira"}
    if field_id is not None:
        item["fieldId"] = field_id
        item["fieldtype"] = "custom" if field_id.startswith("customfield_") else "jira"
    return item | {"from": from_id, "fromString": from_text, "to": to_id, "toString": to_text}


def _status(rng: random.Random, outline: Outline) -> dict[str, Any]:
    project = outline.project
    before, after = (project.status(rng.randrange(len(project.statuses))) for _ in range(2))
    return _item("status", "status", before["id"], before["name"], after["id"], after["name"])


def _assignee(rng: random.Random, _outline: Outline) -> dict[str, Any]:
    before, after = someone_or_nobody(rng, 0.5), someone_or_nobody(rng, 0.2)
    old, new = ((each or {}).get("accountId") for each in (before, after))
    names = ((each or {}).get("displayName") for each in (before, after))
    old_name, new_name = names
    return _item("assignee", "assignee", old, old_name, new, new_name)


def _priority(rng: random.Random, _outline: Outline) -> dict[str, Any]:
    before, after = rng.choice(PRIORITIES), rng.choice(PRIORITIES)
    numbers = [str(PRIORITIES.index(name) + 1) for name in (before, after)]
    return _item("priority", "priority", numbers[0], before, numbers[1], after)


def _summary(rng: random.Random, outline: Outline) -> dict[str, Any]:
    return _item("summary", "summary", None, sentence(rng, 3, 8), None, outline.summary)


def _description(rng: random.Random, _outline: Outline) -> dict[str, Any]:
    return _item("description", "description", None, sentence(rng) + "\n\nh2. wiki\x00", None, sentence(rng))


def _labels(rng: random.Random, _outline: Outline) -> dict[str, Any]:
    return _item("labels", "labels", None, "", None, f"label-{rng.randint(1, 9)} übrig")


def _link(rng: random.Random, _outline: Outline) -> dict[str, Any]:
    key = f"APP-{rng.randint(1, 99)}"
    return _item("Link", None, None, None, key, f"This issue blocks {key}")


def _severity(rng: random.Random, _outline: Outline) -> dict[str, Any]:
    number = rng.randint(1, 4)
    return _item("Severity", "customfield_10030", None, None, f"1010{number}", f"S{number}")


_CHANGES: tuple[Callable[[random.Random, Outline], dict[str, Any]], ...] = (
    _status,
    _status,
    _assignee,
    _priority,
    _summary,
    _description,
    _labels,
    _link,
    _severity,
)
