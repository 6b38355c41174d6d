"""An administrator changes what issues refer to: all issues show it at once, and no ``updated`` moves."""

import uuid
from typing import Any

import msgspec

from jira_assets.sandbox.directory import FIELDS, Thing
from jira_assets.sandbox.sent_events import SentEvent
from jira_assets.sandbox.site import Site

# The event that Jira sends, and the member of its body; there is none for statuses, priorities and the like.
_EVENTS = {
    "projects": ("project_updated", "project"),
    "versions": ("jira:version_updated", "version"),
    "users": ("user_updated", "user"),
    "boards": ("board_updated", "board"),
    "sprints": ("sprint_updated", "sprint"),
}


def rename(site: Site, list_name: str, thing_id: str, **changes: Any) -> list[SentEvent]:
    """Give an entry of one of the site's lists other values, such as ``name``, or the ``key`` of a project.

    Returns the events that Jira sends. Raises KeyError if there is no such entry.
    """
    with site.changing():
        after = site.directory.change(list_name, thing_id, changes)
        for stored in list(site):
            issue = site.get(stored.id)
            if _show(issue, list_name, thing_id, changes):
                site.put(issue)
        moment = site.next_moment()
    if list_name not in _EVENTS:
        return []
    name, member = _EVENTS[list_name]
    body = msgspec.json.encode({"timestamp": moment, "webhookEvent": name, member: after})
    identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {thing_id} {moment}"))
    return [SentEvent(name, identifier, body)]


def _show_person(node: object, account_id: str, changes: Thing) -> bool:
    """Wherever an issue shows somebody: as author of a comment, for example, or of a change."""
    if isinstance(node, list):
        return sum(_show_person(each, account_id, changes) for each in node) > 0
    if not isinstance(node, dict):
        return False
    if node.get("accountId") == account_id:
        node.update(changes)
        return True
    return sum(_show_person(each, account_id, changes) for each in node.values()) > 0


def _show(issue: dict[str, Any], list_name: str, thing_id: str, changes: Thing) -> bool:
    """Let an issue show the changes; whether it shows the thing at all."""
    shown = list_name == "users" and _show_person(issue, thing_id, changes)
    for field in FIELDS.get(list_name, ()):
        value = issue["fields"].get(field)
        for thing in value if isinstance(value, list) else [value]:
            if isinstance(thing, dict) and thing_id in (str(thing.get("id")), thing.get("accountId")):
                thing.update(changes)
                shown = True
    if shown and list_name == "projects" and "key" in changes:
        issue["key"] = f"{changes['key']}-{issue['key'].rpartition('-')[2]}"
    return shown
