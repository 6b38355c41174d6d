"""Bodies of webhooks as Jira sends them, as short as a test needs them."""

import json
from datetime import datetime
from typing import Any

from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import iso
from jira_assets.timestamps import epoch_milliseconds, parse_timestamp


def body(name: str, at: datetime | int, **members: Any) -> bytes:
    """An event of this name; ``at`` is a moment, or one in epoch milliseconds."""
    moment = at if isinstance(at, int) else epoch_milliseconds(at)
    return json.dumps({"timestamp": moment, "webhookEvent": name, **members}).encode()


def issue_event(site: Site, issue_id: str, name: str = "jira:issue_updated", **members: Any) -> bytes:
    """What Jira says of an issue as it is now."""
    issue = site.get(issue_id)
    fields = {each: issue["fields"].get(each) for each in ("summary", "project", "created", "updated")}
    return body(name, _updated(issue), issue=_named(issue) | {"fields": fields}, **members)


def comment_event(
    site: Site,
    issue_id: str,
    comment: dict[str, Any],
    name: str = "comment_created",
    at: datetime | None = None,
) -> bytes:
    """Of a comment, with the few fields that Jira then shows of its issue; as old as that unless it says."""
    issue = site.get(issue_id)
    fields = {each: issue["fields"].get(each) for each in ("summary", "project")}
    return body(name, at or _updated(issue), comment=comment, issue=_named(issue) | {"fields": fields})


def link_event(
    link_id: int, source: str, destination: str, at: datetime | int, created: bool = True
) -> bytes:
    """Ids as numbers, and nothing else."""
    link = {"id": link_id, "sourceIssueId": int(source), "destinationIssueId": int(destination)}
    return body(
        f"issuelink_{'created' if created else 'deleted'}", at, issueLink=link | {"systemLink": False}
    )


def attachment_event(attachment_id: str, at: datetime | int, created: bool = True) -> bytes:
    """Without a word about the issue."""
    attachment = {"id": attachment_id, "filename": "smoke.jpg"}
    return body(f"attachment_{'created' if created else 'deleted'}", at, attachment=attachment)


def change(site: Site, issue_id: str, **fields: Any) -> bytes:
    """Give fields of an issue other values, now; what Jira says about that."""
    with site.changing():
        issue = site.get(issue_id)
        issue["fields"] |= {"updated": iso(site.next_moment()), **fields}
        site.put(issue)
    return issue_event(site, issue_id)


def delete(site: Site, issue_id: str) -> bytes:
    """Delete an issue; what Jira says about that."""
    said = issue_event(site, issue_id, "jira:issue_deleted")
    site.delete(issue_id)
    return said


def _named(issue: dict[str, Any]) -> dict[str, Any]:
    return {"id": issue["id"], "self": issue["self"], "key": issue["key"]}


def _updated(issue: dict[str, Any]) -> datetime:
    updated = parse_timestamp(issue["fields"]["updated"])
    assert updated is not None
    return updated
