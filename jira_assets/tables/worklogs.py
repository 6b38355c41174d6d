"""`worklogs`: time that people logged on an issue."""

from collections.abc import Iterator

from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Personal, Row
from jira_assets.tables.issue import Issue


def _rows(issue: Issue) -> Iterator[Row]:
    for worklog in issue.worklogs or ():
        worklog_id = issue.identified(worklog.id, "worklogs")
        if worklog_id is None:
            continue
        _, name, account_id = issue.person(worklog.author)
        yield (
            worklog_id,
            account_id,
            name,
            worklog.started,
            worklog.created,
            worklog.updated,
            worklog.timeSpentSeconds,
            issue.text(worklog.comment),
        )


WORKLOGS = IssueTable(
    name="worklogs",
    description="One row per entry of logged time.",
    own_columns=(
        Column("worklog_id", Kind.TEXT, "Jira's id of the entry.", nullable=False),
        Column("author_account_id", Kind.TEXT, "Account id of whoever worked.", Personal.ACCOUNT),
        Column("author_name", Kind.TEXT, "Display name of whoever worked.", Personal.IDENTITY),
        Column("started_at", Kind.TIMESTAMP, "When the work began."),
        Column("created_at", Kind.TIMESTAMP, "When it was logged."),
        Column("updated_at", Kind.TIMESTAMP, "When the entry was last edited."),
        Column("time_spent_s", Kind.INTEGER, "Logged time in seconds."),
        Column("comment", Kind.TEXT, "What was done, as readable text.", Personal.FREE_TEXT),
    ),
    primary_key=("worklog_id", "issue_id"),
    parts=frozenset({Part.ISSUE, Part.WORKLOGS}),
    rows=_rows,
)
