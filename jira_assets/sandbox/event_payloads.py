"""The bodies of Jira Cloud's webhooks: in the shape of version 2, and each kind with gaps of its own.

The shapes are those of recorded events. Their order in time, and whether they arrive, is none of this module.
"""

from dataclasses import dataclass
from typing import Any

from jira_assets.sandbox.answers import EMBEDDED_WORKLOGS
from jira_assets.sandbox.people import BASE_URL
from jira_assets.sandbox.wiki import is_document, wiki_text

Payload = dict[str, Any]

_FIELDS_WITH_COMMENTS = ("summary", "issuetype", "project", "assignee", "priority", "status")
_SUBTASK_LINK = {
    "id": 10100,
    "name": "jira_subtask_link",
    "outwardName": "jira_subtask_outward",
    "inwardName": "jira_subtask_inward",
    "isSubTaskLinkType": True,
    "isSystemLinkType": True,
}


@dataclass(frozen=True, slots=True)
class Ends:
    """A link between two issues: the source shows the destination as its ``outwardIssue``."""

    link_id: str
    source_id: str
    destination_id: str


def issue_event(
    name: str,
    issue: dict[str, Any],
    user: dict[str, Any],
    moment: int,
    *,
    event_type: str,
    changelog: dict[str, Any],
) -> Payload:
    """``jira:issue_created`` and ``_updated``: without comments, and with the first worklogs only."""
    fields = {name: value for name, value in issue["fields"].items() if name != "comment"}
    worklogs = (fields.get("worklog") or {}).get("worklogs") or []
    if "worklog" in fields:
        page = {"startAt": 0, "maxResults": EMBEDDED_WORKLOGS, "total": len(worklogs)}
        fields["worklog"] = page | {"worklogs": worklogs[:EMBEDDED_WORKLOGS]}
    body = {"timestamp": moment, "webhookEvent": name, "issue_event_type_name": event_type}
    return body | _version_2({"user": user, "issue": _issue(issue, fields), "changelog": changelog})


def deleted_issue(issue: dict[str, Any], user: dict[str, Any], moment: int) -> Payload:
    """``jira:issue_deleted``: no event type, and lists that are empty whatever the issue had."""
    stubs = {
        "comment": {"comments": [], "maxResults": 0, "total": 0, "startAt": 0},
        "worklog": {"startAt": 0, "maxResults": EMBEDDED_WORKLOGS, "total": 0, "worklogs": []},
        "attachment": [],
        "issuelinks": [],
    }
    body = {"timestamp": moment, "webhookEvent": "jira:issue_deleted"}
    return body | _version_2({"user": user, "issue": _issue(issue, issue["fields"] | stubs)})


def comment_event(name: str, issue: dict[str, Any], comment: dict[str, Any], moment: int) -> Payload:
    """``comment_*``: the comment, and six fields of its issue. Nobody says who did it."""
    fields = {name: issue["fields"].get(name) for name in _FIELDS_WITH_COMMENTS}
    body = {"timestamp": moment, "webhookEvent": name}
    return body | _version_2({"comment": comment, "issue": _issue(issue, fields)})


def worklog_event(name: str, worklog: dict[str, Any], moment: int) -> Payload:
    """``worklog_*``: the issue is named by ``worklog.issueId`` alone."""
    body = {"timestamp": moment, "webhookEvent": name}
    return body | _version_2({"worklog": worklog}) | {"isFromIssueLimitTransformation": False}


def attachment_event(name: str, attachment: dict[str, Any], moment: int) -> Payload:
    """``attachment_*``: nothing names the issue."""
    return {"timestamp": moment, "webhookEvent": name} | _version_2({"attachment": attachment})


def link_event(name: str, ends: Ends, type_: dict[str, Any], moment: int) -> Payload:
    """``issuelink_*`` for a link type as in ``fields.issuelinks``: ids as numbers, and no keys."""
    described = {
        "id": int(type_["id"]),
        "name": type_["name"],
        "outwardName": type_["outward"],
        "inwardName": type_["inward"],
        "isSubTaskLinkType": False,
        "isSystemLinkType": False,
    }
    return _link(name, ends, described, moment, system=False)


def subtask_link_event(name: str, ends: Ends, moment: int) -> Payload:
    """The link between a parent (the source) and its sub-task, which no issue shows among its links."""
    return _link(name, ends, _SUBTASK_LINK, moment, system=True)


def _link(name: str, ends: Ends, type_: dict[str, Any], moment: int, *, system: bool) -> Payload:
    link = {
        "id": int(ends.link_id),
        "sourceIssueId": int(ends.source_id),
        "destinationIssueId": int(ends.destination_id),
        "issueLinkType": type_,
        "systemLink": system,
    }
    return {"timestamp": moment, "webhookEvent": name, "issueLink": link}


def _issue(issue: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    address = issue.get("self") or f"{BASE_URL}/rest/api/3/issue/{issue['id']}"
    return {"id": str(issue["id"]), "self": address, "key": issue["key"], "fields": fields}


def _version_2(members: Payload) -> Payload:
    return {name: _member(value) for name, value in members.items()}


def _member(value: Any) -> Any:
    if is_document(value):
        return wiki_text(value)
    if isinstance(value, dict):
        return _version_2(value)
    if isinstance(value, list):
        return [_member(element) for element in value]
    if isinstance(value, str) and value.startswith("http"):
        return value.replace("/rest/api/3/", "/rest/api/2/", 1)
    return value
