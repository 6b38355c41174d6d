"""`attachments`: the files of an issue, where their content is stored, and which comment shows them."""

from collections.abc import Iterator

from jira_assets.raw.attachments import FileState
from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Personal, Row
from jira_assets.tables.file_paths import hierarchical_path, local_path
from jira_assets.tables.issue import Issue
from jira_assets.tables.shapes import Comment
from jira_assets.text.media import shown_files

_NOT_REQUESTED = "not_requested"
_STATES = (*(state.value for state in FileState), _NOT_REQUESTED)


def _rows(issue: Issue) -> Iterator[Row]:
    attachments = issue.attachments
    if not attachments:
        return
    records, shown_in = issue.file_records, _comments_that_show(issue)
    for attachment in attachments:
        attachment_id = issue.identified(attachment.id, "attachment")
        if attachment_id is None:
            continue
        email, _, account_id = issue.person(attachment.author)
        record = records.get(attachment_id)
        is_stored = record is not None and record.state is FileState.STORED
        yield (
            attachment_id,
            attachment.filename,
            local_path(issue.id, attachment_id) if is_stored else None,
            hierarchical_path(issue.key, attachment_id, attachment.filename) if is_stored else None,
            attachment.size,
            attachment.mimeType,
            email,
            account_id,
            attachment.created,
            attachment.content,
            attachment.thumbnail,
            shown_in.get(attachment_id),
            record.sha256 if record else None,
            record.state.value if record else _NOT_REQUESTED,
        )


def _comments_that_show(issue: Issue) -> dict[str, str]:
    """The first comment that shows each attachment, for those that some comment does."""
    found: dict[str, str] = {}
    files = issue.files
    # Most comments show no file: documents are walked only if some of them has one.
    has_media = b'"media' in issue.latest.payloads.get(Part.COMMENTS, b"")
    for comment in sorted(issue.comments or (), key=_by_id):
        body = comment.body
        if comment.id is None or not (files.may_be_in(body) if isinstance(body, str) else has_media):
            continue
        for shown in shown_files(body):
            attachment_id = files.find(shown)
            if attachment_id is not None:
                found.setdefault(attachment_id, str(comment.id))
    return found


def _by_id(comment: Comment) -> tuple[int, str]:
    """Ids are numbers that grow."""
    return len(str(comment.id)), str(comment.id)


ATTACHMENTS = IssueTable(
    name="attachments",
    description="One row per attached file: name, size, author and where its content is.",
    own_columns=(
        Column("attachment_id", Kind.TEXT, "Jira's id of the attachment.", nullable=False),
        Column("filename", Kind.TEXT, "Name as uploaded.", Personal.FREE_TEXT),
        Column(
            "local_path",
            Kind.TEXT,
            "Where the content is stored, below the data folder; NULL while it is not.",
        ),
        Column(
            "hierarchical_path",
            Kind.TEXT,
            "Path by issue key and file name that an export gives it; NULL while it is not stored.",
            Personal.FREE_TEXT,
        ),
        Column("size_bytes", Kind.INTEGER, "Size in bytes, as Jira says."),
        Column("mime_type", Kind.TEXT, "Media type, as Jira says."),
        Column("author_email", Kind.TEXT, "Uploader's address.", Personal.CONTACT),
        Column("author_account_id", Kind.TEXT, "Uploader's account id.", Personal.ACCOUNT),
        Column("created_at", Kind.TIMESTAMP, "When it was uploaded."),
        Column(
            "content_url", Kind.TEXT, "Jira's address of the content; needs credentials.", Personal.FREE_TEXT
        ),
        Column("thumbnail_url", Kind.TEXT, "Jira's address of a preview, for images.", Personal.FREE_TEXT),
        Column("in_comment_id", Kind.TEXT, "The first comment that shows it; NULL where none does."),
        Column("content_sha256", Kind.TEXT, "SHA-256 of the stored content."),
        Column("download_state", Kind.TEXT, "What became of the content.", nullable=False, accepted=_STATES),
    ),
    primary_key=("attachment_id", "issue_id"),
    parts=frozenset({Part.ISSUE, Part.COMMENTS, Part.FILES}),
    rows=_rows,
)
