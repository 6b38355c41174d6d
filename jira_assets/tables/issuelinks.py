"""`issuelinks`: links between issues. A link is a row at each end."""

from typing import NamedTuple

from jira_assets.raw.record import Part
from jira_assets.tables.columns import text
from jira_assets.tables.declare import IssueTable, Personal, platform_api
from jira_assets.tables.issue import Issue
from jira_assets.tables.readers import each, id_text, name_now
from jira_assets.tables.shapes import IssueLink, LinkedIssue, Named


class _End(NamedTuple):
    """A link, and the issue at its other end."""

    link: IssueLink
    other: LinkedIssue | None


def _ends(issue: Issue) -> list[_End]:
    links = issue.identified(issue.links, "issuelinks")
    return [_End(link, link.inwardIssue or link.outwardIssue) for link in links]


def _status(issue: Issue, status: Named | None) -> str | None:
    return issue.names_of("statuses", status, None, None)[0]


ISSUELINKS = IssueTable(
    name="issuelinks",
    description="One row per link and end: how this issue is linked to another.",
    own_columns=(
        text("link_id", "Jira's id of the link, the same at both ends.", id_text("link.id"), nullable=False),
        text("link_type", "Name of the link's type, such as Blocks.", "link.type.name"),
        text("direction", "Which end the other issue is.", "link.direction", accepted=("inward", "outward")),
        text(
            "linked_issue_key",
            "Key of the other issue, by the key that its project has now.",
            each(Issue.key_of_another, "other.key"),
        ),
        text("linked_issue_id", "Id of the other issue.", id_text("other.id")),
        text(
            "linked_issue_summary",
            "Its summary when this one was fetched.",
            "other.fields.summary",
            Personal.FREE_TEXT,
        ),
        text(
            "linked_issue_status_id",
            "Id of its status when this one was fetched.",
            id_text("other.fields.status.id"),
        ),
        text("linked_issue_status", "Name that this status has now.", each(_status, "other.fields.status")),
        text(
            "linked_issue_priority_id",
            "Id of its priority when this one was fetched.",
            id_text("other.fields.priority.id"),
        ),
        text(
            "linked_issue_priority",
            "Name that this priority has now.",
            name_now("priorities", "other.fields.priority"),
        ),
    ),
    primary_key=("link_id", "issue_id", "direction"),
    source=platform_api("issue-links"),
    parts=frozenset({Part.ISSUE}),
    elements=_ends,
)
