"""`comments`: what people wrote on an issue, public replies and internal notes."""

from jira_assets.raw.record import Part
from jira_assets.tables.columns import boolean, person, text, timestamp
from jira_assets.tables.declare import IssueTable, Personal, platform_api
from jira_assets.tables.issue import Issue
from jira_assets.tables.readers import each, id_text

COMMENTS = IssueTable(
    name="comments",
    description="One row per comment, with its text, author and who may see it.",
    own_columns=(
        text("comment_id", "Jira's id of the comment.", id_text("id"), nullable=False),
        *person("author", "whoever wrote it"),
        text("body", "The comment as readable text.", each(Issue.text, "body"), Personal.FREE_TEXT),
        timestamp("created_at", "When it was written.", "created"),
        timestamp("updated_at", "When it was last edited.", "updated"),
        text(
            "update_author_email",
            "Address of whoever edited it last.",
            "updateAuthor.emailAddress",
            Personal.CONTACT,
        ),
        boolean("is_public", "False for an internal note; NULL where Jira doesn't say.", "jsdPublic"),
        text("visibility", "The group or role that it is restricted to.", "visibility.value"),
    ),
    primary_key=("comment_id", "issue_id"),
    source=platform_api("issue-comments"),
    parts=frozenset({Part.ISSUE, Part.COMMENTS}),
    elements=lambda issue: issue.identified(issue.comments, "comments"),
)
