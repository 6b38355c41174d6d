"""Actions on the fields of an issue. Each returns False where it cannot, and has then changed nothing."""

from collections.abc import Callable
from typing import Any

import msgspec

from jira_assets.sandbox.changes import NOTHING, Turn
from jira_assets.sandbox.documents import plain_document, random_document, sentence
from jira_assets.sandbox.people import someone_or_nobody
from jira_assets.sandbox.times import iso
from jira_assets.sandbox.vocabulary import Named, is_done
from jira_assets.sandbox.wiki import is_document, wiki_text

_DAY = 24 * 3_600_000
_MOST_FIELDS = 3
_RARELY = 0.05


def edit(turn: Turn) -> bool:
    """Change one to three fields together."""
    editors = turn.rng.sample(_EDITORS, turn.rng.randint(1, _MOST_FIELDS))
    changed = [editor(turn) for editor in editors]
    if not any(changed):
        return False
    only_assigned = editors == [_assignee]
    turn.save_and_tell("issue_assigned" if only_assigned else "issue_updated")
    return True


def transition(turn: Turn) -> bool:
    """Give it another status: resolve it, reopen it, or neither."""
    before = turn.fields.get("status") or {}
    others = [each for each in turn.vocabulary.statuses(turn.project) if each["name"] != before.get("name")]
    if not others:
        return False
    _set_status(turn, turn.rng.choice(others))
    turn.save_and_tell("issue_generic")
    return True


def move(turn: Turn) -> bool:
    """Move it to another project, where it gets a new key, and a status of that project."""
    projects = {key: raw for key, raw in turn.site.projects().items() if key != turn.project}
    if not projects or turn.fields.get("parent") or turn.fields.get("subtasks"):
        return False
    target = turn.rng.choice(sorted(projects))
    before, after = turn.fields.get("project") or {}, msgspec.json.decode(projects[target])
    turn.note("project", "project", _named(before), _named(after))
    types = turn.vocabulary.issue_types(target, subtask=False)
    if types:
        _set_named(turn, "issuetype", turn.rng.choice(types))
    was_done = is_done(turn.fields.get("status"))
    alike = [each for each in turn.vocabulary.statuses(target) if is_done(each) == was_done]
    _set_status(turn, turn.rng.choice(alike))
    turn.note("Workflow", None, ("1", f"{turn.project} workflow"), ("2", f"{target} workflow"))
    new_key = turn.site.numbering.key(target)
    turn.note("Key", None, (None, turn.issue["key"]), (None, new_key))
    turn.issue["key"] = new_key
    turn.fields["project"] = after
    turn.save_and_tell("issue_moved")
    return True


def add_remote_link(turn: Turn) -> bool:
    """Link it with a page elsewhere and edit it; of the remote link no event tells."""
    number = int(turn.site.numbering.child_id())
    link = {
        "id": number,
        "self": f"{turn.issue.get('self', '')}/remotelink/{number}",
        "globalId": f"system=https://example.com&id={number}",
        "application": {"type": "com.atlassian.confluence", "name": "Confluence"},
        "relationship": "Wiki Page",
        "object": {"url": f"https://example.com/{number}", "title": sentence(turn.rng, 2, 6)},
    }
    turn.issue["remotelinks"] = [*(turn.issue.get("remotelinks") or ()), link]
    return edit(turn)


def _set_status(turn: Turn, status: Named) -> None:
    before = turn.fields.get("status") or {}
    turn.fields["status"] = status
    if is_done(before) != is_done(status):
        turn.fields["statuscategorychangedate"] = turn.stamp
        resolution = turn.rng.choice(turn.vocabulary.resolutions()) if is_done(status) else None
        _set_named(turn, "resolution", resolution)
        turn.fields["resolutiondate"] = turn.stamp if resolution else None
    turn.note("status", "status", _named(before), _named(status))


def _set_named(turn: Turn, field_id: str, value: Named | None) -> bool:
    before = turn.fields.get(field_id)
    if _named(before) == _named(value):
        return False
    turn.note(field_id, field_id, _named(before), _named(value))
    turn.fields[field_id] = value
    return True


def _named(value: Named | None) -> tuple[Any, Any]:
    return (value.get("id"), value.get("name")) if value else NOTHING


def _summary(turn: Turn) -> bool:
    return _set_text(turn, "summary", sentence(turn.rng, 3, 8).rstrip("."))


def _description(turn: Turn) -> bool:
    if turn.rng.random() < _RARELY:
        return _set_text(turn, "description", None)
    if turn.rng.random() < _RARELY:
        return _set_text(turn, "description", plain_document("with a NUL \x00 and 👩‍👩‍👧‍👦"))
    return _set_text(turn, "description", random_document(turn.rng, turn.rng.randint(1, 4)))


def _set_text(turn: Turn, field_id: str, value: Any) -> bool:
    before = turn.fields.get(field_id)
    if before == value:
        return False
    turn.note(field_id, field_id, (None, _text(before)), (None, _text(value)))
    turn.fields[field_id] = value
    return True


def _text(value: Any) -> Any:
    return wiki_text(value) if is_document(value) else value


def _priority(turn: Turn) -> bool:
    return _set_named(turn, "priority", turn.rng.choice(turn.vocabulary.priorities()))


def _labels(turn: Turn) -> bool:
    before: list[str] = turn.fields.get("labels") or []
    label = f"label-{turn.rng.randint(1, 9)}"
    after = [each for each in before if each != label] if label in before else [*before, label]
    turn.note("labels", "labels", (None, " ".join(before)), (None, " ".join(after)))
    turn.fields["labels"] = after
    return True


def _assignee(turn: Turn) -> bool:
    before = turn.fields.get("assignee")
    after = someone_or_nobody(turn.rng, nobody=0.2)
    if _person(before) == _person(after):
        return False
    turn.note("assignee", "assignee", _person(before), _person(after))
    turn.fields["assignee"] = after
    return True


def _person(value: dict[str, Any] | None) -> tuple[Any, Any]:
    return (value.get("accountId"), value.get("displayName")) if value else NOTHING


def _components(turn: Turn) -> bool:
    before: list[Named] = turn.fields.get("components") or []
    component = turn.rng.choice(turn.vocabulary.components(turn.project))
    kept = [each for each in before if each.get("id") != component["id"]]
    if len(kept) < len(before):
        turn.note("Component", "components", _named(component), NOTHING)
        turn.fields["components"] = kept
    else:
        turn.note("Component", "components", NOTHING, _named(component))
        turn.fields["components"] = [*before, component]
    return True


def _due_date(turn: Turn) -> bool:
    before = turn.fields.get("duedate")
    after = iso(turn.moment + turn.rng.randint(-5, 60) * _DAY)[:10]
    if before == after:
        return False
    turn.note("duedate", "duedate", (before, before), (after, after))
    turn.fields["duedate"] = after
    return True


_EDITORS: tuple[Callable[[Turn], bool], ...] = (
    _summary,
    _description,
    _priority,
    _labels,
    _assignee,
    _components,
    _due_date,
)
