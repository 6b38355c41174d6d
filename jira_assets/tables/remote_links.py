"""`remote_links`: links from an issue to pages elsewhere."""

from jira_assets.raw.record import Part
from jira_assets.tables.columns import boolean, text
from jira_assets.tables.declare import IssueTable, Personal, platform_api
from jira_assets.tables.readers import id_text

REMOTE_LINKS = IssueTable(
    name="remote_links",
    description="One row per link to a page outside Jira.",
    own_columns=(
        text("remote_link_id", "Jira's id of the link.", id_text("id"), nullable=False),
        text("url", "Where it leads.", "object.url", Personal.FREE_TEXT),
        text("title", "Title of the page.", "object.title", Personal.FREE_TEXT),
        text("application_name", "Name of the application that owns the page.", "application.name"),
        text("application_type", "Its type, such as com.atlassian.confluence.", "application.type"),
        text("relationship", "How the page relates to the issue, such as mentioned in.", "relationship"),
        text("global_id", "The application's own id of the link.", "globalId", Personal.FREE_TEXT),
        boolean(
            "resolved",
            "Whether the page's subject is resolved; NULL where it doesn't say.",
            "object.status.resolved",
        ),
    ),
    primary_key=("remote_link_id", "issue_id"),
    source=platform_api("issue-remote-links"),
    parts=frozenset({Part.ISSUE, Part.REMOTE_LINKS}),
    elements=lambda issue: issue.identified(issue.remote_links, "remote_links"),
)
