"""Actions on whole issues and on the links between them: create, delete, link, unlink."""

from typing import Any

from jira_assets.sandbox.changes import NOTHING, Turn, address
from jira_assets.sandbox.documents import random_document, sentence
from jira_assets.sandbox.event_payloads import (
    Ends,
    attachment_event,
    comment_event,
    deleted_issue,
    issue_event,
    link_event,
    subtask_link_event,
)
from jira_assets.sandbox.neighbours import brief
from jira_assets.sandbox.people import BASE_URL, someone_or_nobody
from jira_assets.sandbox.vocabulary import Named, is_done

Issue = dict[str, Any]


def create(turn: Turn) -> bool:
    """Create an issue in the project of the turn's issue; now and then as its sub-task or linked with it."""
    other = turn.issue
    subtask_types = turn.vocabulary.issue_types(turn.project, subtask=True)
    is_subtask = bool(subtask_types) and not other["fields"].get("parent") and turn.rng.random() < 0.2
    types = subtask_types if is_subtask else turn.vocabulary.issue_types(turn.project, subtask=False)
    type_ = turn.rng.choice(types) if types else other["fields"].get("issuetype")
    turn.issue = _new_issue(turn, other, type_)
    if is_subtask:
        turn.fields["parent"] = brief(other, address(other))
        other["fields"]["subtasks"] = [
            *(other["fields"].get("subtasks") or ()),
            brief(turn.issue, address(turn.issue)),
        ]
    is_linked = not is_subtask and turn.rng.random() < 0.2
    ends, link_type = _connect(turn, turn.issue, other) if is_linked else (None, None)
    changelog = {"id": turn.site.numbering.child_id(), "items": _first_values(turn)}
    turn.site.put(turn.issue)
    if is_subtask or is_linked:
        turn.site.put(other)
    created = "jira:issue_created"
    turn.send(
        issue_event(
            created, turn.issue, turn.author, turn.moment, event_type="issue_created", changelog=changelog
        ),
        turn.issue["id"],
    )
    if ends and link_type:
        turn.send(link_event("issuelink_created", ends, link_type, turn.moment))
    if is_subtask:
        turn.send(_parent_link(turn, "issuelink_created", other["id"], turn.issue["id"]))
    return True


def delete(turn: Turn) -> bool:
    """Delete an issue and its sub-tasks. The events of what was in it are secondary, and may come first."""
    for subtask in turn.fields.get("subtasks") or ():
        if turn.site.find(subtask["id"]) is not None:
            _delete(turn, turn.site.get(subtask["id"]))
    _delete(turn, turn.site.get(turn.issue["id"]))
    return True


def link(turn: Turn) -> bool:
    """Link two issues. ``updated`` moves, and a history is written, at the source only."""
    other = turn.another()
    if other is None or other["id"] == turn.issue["id"]:
        return False
    ends, type_ = _connect(turn, turn.issue, other)
    turn.note("Link", None, NOTHING, (other["key"], f"This issue {type_['outward']} {other['key']}"))
    turn.site.put(other)
    turn.send(link_event("issuelink_created", ends, type_, turn.moment))
    turn.save_and_tell("issue_updated")
    return True


def unlink(turn: Turn) -> bool:
    links = [each for each in turn.fields.get("issuelinks") or () if _other(each)]
    if not links:
        return False
    gone = turn.rng.choice(links)
    ends = _ends(turn.issue["id"], gone)
    other = _other(gone)
    if "inwardIssue" in gone and turn.site.find(other["id"]) is not None:
        # The source is the other one: it is there that the change is noted.
        turn.issue, other = turn.site.get(other["id"]), turn.issue
    turn.send(link_event("issuelink_deleted", ends, gone["type"], turn.moment))
    if turn.site.find(other["id"]) is not None:
        far = turn.site.get(other["id"])
        _disconnect(far, gone["id"])
        turn.site.put(far)
    _disconnect(turn.issue, gone["id"])
    turn.note("Link", None, (other["key"], f"This issue {gone['type']['outward']} {other['key']}"), NOTHING)
    turn.save_and_tell("issue_updated")
    return True


def _new_issue(turn: Turn, pattern: Issue, type_: Named | None) -> Issue:
    """An issue of the pattern's project, with the same fields and nothing in most of them."""
    issue_id, statuses = turn.site.numbering.issue_id(), turn.vocabulary.statuses(turn.project)
    values: dict[str, Any] = dict.fromkeys(pattern["fields"])
    values.pop("parent", None)
    values |= {
        "summary": sentence(turn.rng, 3, 8).rstrip("."),
        "issuetype": type_,
        "project": pattern["fields"].get("project"),
        "status": next(status for status in statuses if not is_done(status)),
        "statuscategorychangedate": turn.stamp,
        "priority": turn.rng.choice(turn.vocabulary.priorities()),
        "resolution": None,
        "resolutiondate": None,
        "created": turn.stamp,
        "updated": turn.stamp,
        "creator": turn.author,
        "reporter": turn.author,
        "assignee": someone_or_nobody(turn.rng, nobody=0.5),
        "description": random_document(turn.rng, turn.rng.randint(1, 4)),
        "comment": {"comments": []},
        "worklog": {"worklogs": []},
        "votes": {"votes": 0, "hasVoted": False},
        "watches": {"watchCount": 1, "isWatching": False},
        "workratio": -1,
        "timetracking": {},
    }
    lists = ("labels", "components", "fixVersions", "versions", "issuelinks", "subtasks", "attachment")
    values |= {name: [] for name in lists}
    return {
        "id": issue_id,
        "key": turn.site.numbering.key(turn.project),
        "self": f"{BASE_URL}/rest/api/3/issue/{issue_id}",
        "fields": values,
        "changelog": {"histories": []},
        "remotelinks": [],
    }


def _first_values(turn: Turn) -> list[dict[str, Any]]:
    """What the event says has changed with the creation; the history of the issue begins empty."""
    priority = turn.fields["priority"]
    blank = {"fieldtype": "jira", "from": None, "fromString": None}
    return [
        blank
        | {"field": "priority", "fieldId": "priority", "to": priority["id"], "toString": priority["name"]},
        blank | {"field": "summary", "fieldId": "summary", "to": None, "toString": turn.fields["summary"]},
    ]


def _connect(turn: Turn, source: Issue, destination: Issue) -> tuple[Ends, Named]:
    type_ = turn.rng.choice(turn.vocabulary.link_types())
    number = turn.site.numbering.child_id()
    shown = {"id": number, "self": f"{BASE_URL}/rest/api/3/issueLink/{number}", "type": type_}
    sides = ((source, "outwardIssue", destination), (destination, "inwardIssue", source))
    for end, side, other in sides:
        links = end["fields"].get("issuelinks") or ()
        end["fields"]["issuelinks"] = [*links, shown | {side: brief(other, address(other))}]
    return Ends(number, source["id"], destination["id"]), type_


def _disconnect(issue: Issue, link_id: str) -> None:
    links = issue["fields"].get("issuelinks") or ()
    issue["fields"]["issuelinks"] = [each for each in links if each.get("id") != link_id]


def _delete(turn: Turn, issue: Issue) -> None:
    fields = issue["fields"]
    turn.site.delete(issue["id"])
    earlier = len(turn.events)
    for comment in (fields.get("comment") or {}).get("comments") or ():
        turn.send(comment_event("comment_deleted", issue, comment, turn.moment), issue["id"], "Secondary")
    for attached in fields.get("attachment") or ():
        turn.send(attachment_event("attachment_deleted", attached, turn.moment), issue["id"], "Secondary")
    for gone in fields.get("issuelinks") or ():
        if _other(gone):
            ends = _ends(issue["id"], gone)
            turn.send(link_event("issuelink_deleted", ends, gone["type"], turn.moment), flow="Secondary")
    if parent := fields.get("parent"):
        turn.send(_parent_link(turn, "issuelink_deleted", parent["id"], issue["id"]), flow="Secondary")
    turn.send(deleted_issue(issue, turn.author, turn.moment), issue["id"])
    if turn.rng.random() < 0.75:
        turn.events.insert(earlier, turn.events.pop())


def _parent_link(turn: Turn, name: str, parent_id: str, subtask_id: str) -> dict[str, Any]:
    return subtask_link_event(name, Ends(turn.site.numbering.child_id(), parent_id, subtask_id), turn.moment)


def _other(shown: dict[str, Any]) -> dict[str, Any]:
    """The issue at the other end of an element of ``issuelinks``."""
    other: dict[str, Any] = shown.get("outwardIssue") or shown.get("inwardIssue") or {}
    return other


def _ends(issue_id: str, shown: dict[str, Any]) -> Ends:
    other = str(_other(shown)["id"])
    if "outwardIssue" in shown:
        return Ends(shown["id"], issue_id, other)
    return Ends(shown["id"], other, issue_id)
