"""`remote_links`: links from an issue to pages elsewhere."""

from collections.abc import Iterator

from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Personal, Row
from jira_assets.tables.issue import Issue
from jira_assets.tables.shapes import Application, RemoteObject

_UNKNOWN = Application()
_NOTHING = RemoteObject()


def _rows(issue: Issue) -> Iterator[Row]:
    for link in issue.remote_links or ():
        link_id = issue.identified(link.id, "remote_links")
        if link_id is None:
            continue
        target = link.object or _NOTHING
        application = link.application or _UNKNOWN
        yield (
            link_id,
            target.url,
            target.title,
            application.name,
            application.type,
            link.relationship,
            link.globalId,
            target.status and target.status.resolved,
        )


REMOTE_LINKS = IssueTable(
    name="remote_links",
    description="One row per link to a page outside Jira.",
    own_columns=(
        Column("remote_link_id", Kind.TEXT, "Jira's id of the link.", nullable=False),
        Column("url", Kind.TEXT, "Where it leads.", Personal.FREE_TEXT),
        Column("title", Kind.TEXT, "Title of the page.", Personal.FREE_TEXT),
        Column("application_name", Kind.TEXT, "Name of the application that owns the page."),
        Column("application_type", Kind.TEXT, "Its type, such as com.atlassian.confluence."),
        Column("relationship", Kind.TEXT, "How the page relates to the issue, such as mentioned in."),
        Column("global_id", Kind.TEXT, "The application's own id of the link.", Personal.FREE_TEXT),
        Column(
            "resolved", Kind.BOOLEAN, "Whether the page's subject is resolved; NULL where it doesn't say."
        ),
    ),
    primary_key=("remote_link_id", "issue_id"),
    parts=frozenset({Part.ISSUE, Part.REMOTE_LINKS}),
    rows=_rows,
)
