"""`attachments`: the files of an issue, as metadata."""

from collections.abc import Iterator

from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Personal, Row
from jira_assets.tables.issue import Issue
from jira_assets.tables.shapes import User

_NOBODY = User()
_STATES = ("stored", "too_large", "failed", "not_requested")


def _rows(issue: Issue) -> Iterator[Row]:
    for attachment in issue.fields.attachment or ():
        attachment_id = issue.identified(attachment.id, "attachment")
        if attachment_id is None:
            continue
        author = attachment.author or _NOBODY
        yield (
            attachment_id,
            attachment.filename,
            None,
            None,
            attachment.size,
            attachment.mimeType,
            author.emailAddress,
            author.account_id,
            attachment.created,
            attachment.content,
            attachment.thumbnail,
            None,
            None,
            "not_requested",
        )


ATTACHMENTS = IssueTable(
    name="attachments",
    description="One row per attached file: name, size, author and where its content is.",
    own_columns=(
        Column("attachment_id", Kind.TEXT, "Jira's id of the attachment.", nullable=False),
        Column("filename", Kind.TEXT, "Name as uploaded.", Personal.FREE_TEXT),
        Column("local_path", Kind.TEXT, "Where the content is stored; NULL while it is not."),
        Column(
            "hierarchical_path", Kind.TEXT, "Path by issue key and file name; NULL while it is not stored."
        ),
        Column("size_bytes", Kind.INTEGER, "Size in bytes, as Jira says."),
        Column("mime_type", Kind.TEXT, "Media type, as Jira says."),
        Column("author_email", Kind.TEXT, "Uploader's address.", Personal.CONTACT),
        Column("author_account_id", Kind.TEXT, "Uploader's account id.", Personal.IDENTITY),
        Column("created_at", Kind.TIMESTAMP, "When it was uploaded."),
        Column("content_url", Kind.TEXT, "Jira's address of the content; needs credentials."),
        Column("thumbnail_url", Kind.TEXT, "Jira's address of a preview, for images."),
        Column("in_comment_id", Kind.TEXT, "The comment that shows it; NULL where unknown."),
        Column("content_sha256", Kind.TEXT, "SHA-256 of the stored content."),
        Column("download_state", Kind.TEXT, "What became of the content.", nullable=False, accepted=_STATES),
    ),
    primary_key=("attachment_id",),
    parts=frozenset({Part.ISSUE}),
    rows=_rows,
)
