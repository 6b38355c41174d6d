"""`comments`: what people wrote on an issue, public replies and internal notes."""

from collections.abc import Iterator

from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Personal, Row
from jira_assets.tables.issue import Issue
from jira_assets.tables.shapes import User

_NOBODY = User()


def _rows(issue: Issue) -> Iterator[Row]:
    for comment in issue.comments or ():
        comment_id = issue.identified(comment.id, "comments")
        if comment_id is None:
            continue
        editor = comment.updateAuthor or _NOBODY
        yield (
            comment_id,
            *issue.person(comment.author),
            issue.text(comment.body),
            comment.created,
            comment.updated,
            editor.emailAddress,
            comment.jsdPublic,
            comment.visibility and comment.visibility.value,
        )


COMMENTS = IssueTable(
    name="comments",
    description="One row per comment, with its text, author and who may see it.",
    own_columns=(
        Column("comment_id", Kind.TEXT, "Jira's id of the comment.", nullable=False),
        Column(
            "author_email", Kind.TEXT, "Author's address; NULL where the author hides it.", Personal.CONTACT
        ),
        Column(
            "author_name", Kind.TEXT, "Author's display name; NULL for a deleted user.", Personal.IDENTITY
        ),
        Column("author_account_id", Kind.TEXT, "Author's account id.", Personal.ACCOUNT),
        Column("body", Kind.TEXT, "The comment as readable text.", Personal.FREE_TEXT),
        Column("created_at", Kind.TIMESTAMP, "When it was written."),
        Column("updated_at", Kind.TIMESTAMP, "When it was last edited."),
        Column("update_author_email", Kind.TEXT, "Address of whoever edited it last.", Personal.CONTACT),
        Column("is_public", Kind.BOOLEAN, "False for an internal note; NULL where Jira doesn't say."),
        Column("visibility", Kind.TEXT, "The group or role that it is restricted to."),
    ),
    primary_key=("comment_id", "issue_id"),
    parts=frozenset({Part.ISSUE, Part.COMMENTS}),
    rows=_rows,
)
