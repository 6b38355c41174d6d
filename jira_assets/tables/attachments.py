"""`attachments`: the files of an issue, where their content is stored, and which comment shows them."""

from typing import NamedTuple

from jira_assets.raw.attachments import FileRecord, FileState
from jira_assets.raw.record import Part
from jira_assets.tables.columns import integer, person, text, timestamp
from jira_assets.tables.declare import IssueTable, Personal, platform_api
from jira_assets.tables.file_paths import hierarchical_path, local_path
from jira_assets.tables.issue import Issue
from jira_assets.tables.readers import each
from jira_assets.tables.shapes import Attachment, Comment
from jira_assets.text.media import shown_files

_NOT_REQUESTED = "not_requested"
_STATES = (*(state.value for state in FileState), _NOT_REQUESTED)
_AUTHOR = person("author", "whoever uploaded it", "attachment.author")


class _File(NamedTuple):
    """An attachment, what became of its content, and the first comment that shows it."""

    id: str
    attachment: Attachment
    record: FileRecord | None
    in_comment_id: str | None

    @property
    def is_stored(self) -> bool:
        return self.record is not None and self.record.state is FileState.STORED

    @property
    def state(self) -> str:
        return self.record.state.value if self.record else _NOT_REQUESTED


def _files(issue: Issue) -> list[_File]:
    if not issue.attachments:
        return []
    records, shown_in = issue.file_records, _comments_that_show(issue)
    return [
        _File(file_id, attachment, records.get(file_id), shown_in.get(file_id))
        for attachment in issue.identified(issue.attachments, "attachment")
        for file_id in [str(attachment.id)]
    ]


def _comments_that_show(issue: Issue) -> dict[str, str]:
    """The first comment that shows each attachment, for those that some comment does."""
    found: dict[str, str] = {}
    files = issue.files
    for comment in sorted(issue.comments or (), key=_by_id):
        body = comment.body
        if comment.id is None or not (
            files.may_be_in(body) if isinstance(body, str) else issue.comments_show_media
        ):
            continue
        for shown in shown_files(body):
            attachment_id = files.find(shown)
            if attachment_id is not None:
                found.setdefault(attachment_id, str(comment.id))
    return found


def _by_id(comment: Comment) -> tuple[int, str]:
    """Ids are numbers that grow."""
    return len(str(comment.id)), str(comment.id)


def _local_path(issue: Issue, file: _File) -> str | None:
    return local_path(issue.issue_id, file.id) if file.is_stored else None


def _hierarchical_path(issue: Issue, file: _File) -> str | None:
    return hierarchical_path(issue.key, file.id, file.attachment.filename) if file.is_stored else None


ATTACHMENTS = IssueTable(
    name="attachments",
    description="One row per attached file: name, size, author and where its content is.",
    own_columns=(
        text("attachment_id", "Jira's id of the attachment.", "id", nullable=False),
        text("filename", "Name as uploaded.", "attachment.filename", Personal.FREE_TEXT),
        text(
            "local_path",
            "Where the content is stored, below the data folder; NULL while it is not.",
            each(_local_path),
        ),
        text(
            "hierarchical_path",
            "Path by issue key and file name that an export gives it; NULL while it is not stored.",
            each(_hierarchical_path),
            Personal.FREE_TEXT,
        ),
        integer("size_bytes", "Size in bytes, as Jira says.", "attachment.size"),
        text("mime_type", "Media type, as Jira says.", "attachment.mimeType"),
        _AUTHOR.email,
        _AUTHOR.account_id,
        timestamp("created_at", "When it was uploaded.", "attachment.created"),
        text(
            "content_url",
            "Jira's address of the content; needs credentials.",
            "attachment.content",
            Personal.FREE_TEXT,
        ),
        text(
            "thumbnail_url",
            "Jira's address of a preview, for images.",
            "attachment.thumbnail",
            Personal.FREE_TEXT,
        ),
        text("in_comment_id", "The first comment that shows it; NULL where none does.", "in_comment_id"),
        text("content_sha256", "SHA-256 of the stored content.", "record.sha256"),
        text("download_state", "What became of the content.", "state", nullable=False, accepted=_STATES),
    ),
    primary_key=("attachment_id", "issue_id"),
    source=platform_api("issue-attachments"),
    parts=frozenset({Part.ISSUE, Part.COMMENTS, Part.FILES}),
    elements=_files,
)
