"""`worklogs`: time that people logged on an issue."""

from jira_assets.raw.record import Part
from jira_assets.tables.columns import integer, person, text, timestamp
from jira_assets.tables.declare import IssueTable, Personal, platform_api
from jira_assets.tables.issue import Issue
from jira_assets.tables.readers import each, id_text

_AUTHOR = person("author", "whoever worked")

WORKLOGS = IssueTable(
    name="worklogs",
    description="One row per entry of logged time.",
    own_columns=(
        text("worklog_id", "Jira's id of the entry.", id_text("id"), nullable=False),
        _AUTHOR.account_id,
        _AUTHOR.name,
        timestamp("started_at", "When the work began.", "started"),
        timestamp("created_at", "When it was logged.", "created"),
        timestamp("updated_at", "When the entry was last edited.", "updated"),
        integer("time_spent_s", "Logged time in seconds.", "timeSpentSeconds"),
        text("comment", "What was done, as readable text.", each(Issue.text, "comment"), Personal.FREE_TEXT),
    ),
    primary_key=("worklog_id", "issue_id"),
    source=platform_api("issue-worklogs"),
    parts=frozenset({Part.ISSUE, Part.WORKLOGS}),
    elements=lambda issue: issue.identified(issue.worklogs, "worklogs"),
)
