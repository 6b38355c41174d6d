"""Which files an issue has: what Jira says of them, and what is recorded here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from jira_assets.privacy.forgotten import is_tombstone
from jira_assets.raw.attachments import FileRecords, FileState, decode_files, encode_files
from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.record import Part, Record, Source
from jira_assets.tables.lenient import read
from jira_assets.tables.shapes import Attachment, User

_NOBODY = User()
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)


class _Fields(msgspec.Struct):
    updated: str | None = None
    attachment: list[Attachment] | None = None


class _Issue(msgspec.Struct):
    key: str | None = None
    fields: _Fields | None = None


@dataclass(frozen=True, slots=True)
class WantedFile:
    """An attachment, and how many bytes Jira says that it has."""

    issue_id: str
    attachment_id: str
    name: str | None
    size: int | None


@dataclass(frozen=True, slots=True)
class WantedFiles:
    """The attachments of an issue by their ids, and the records of what became of their content so far."""

    issue_id: str
    key: str
    updated: datetime
    source: Source
    wanted: Mapping[str, WantedFile]
    known: FileRecords
    recorded_at: datetime | None

    @property
    def storable(self) -> set[str]:
        """The attachments that may have a file: those that are recorded as stored, or not yet recorded."""
        return {
            attachment_id
            for attachment_id in self.wanted
            if (record := self.known.get(attachment_id)) is None or record.state is FileState.STORED
        }

    def record(self, settled: FileRecords, as_of: datetime) -> Record:
        """What the log is to say of them from now on."""
        # A clock that was set back must not make this older than what it replaces.
        recorded = self.recorded_at
        at = as_of if recorded is None else max(as_of, recorded + timedelta(milliseconds=1))
        return Record(self.issue_id, Part.FILES, self.updated, at, self.source, encode_files(settled))


def files_of(issue: LatestIssue) -> WantedFiles | None:
    """The files of an issue; None if its attachments were not sent, which does not mean that it has none.

    What was attached by somebody who is forgotten is none of them: it is not fetched, and not kept.
    """
    decoded = read(_Issue, issue.payloads.get(Part.ISSUE, b"null"), "issue", _ignored)
    if decoded is None or decoded.fields is None or decoded.fields.attachment is None:
        return None
    key = decoded.key or issue.issue_id
    wanted = {
        str(attachment.id): WantedFile(
            issue.issue_id, str(attachment.id), attachment.filename, _size(attachment)
        )
        for attachment in decoded.fields.attachment
        if _NUMBER.fullmatch(str(attachment.id))
        and _NUMBER.fullmatch(issue.issue_id)
        and not is_tombstone((attachment.author or _NOBODY).account_id)
    }
    recorded_at = issue.fetched_at.get(Part.FILES)
    return WantedFiles(
        issue.issue_id,
        key,
        _time(issue.fetched_at[Part.ISSUE] if issue.issue_updated is None else issue.issue_updated),
        Source(issue.source or Source.BACKFILL),
        wanted,
        decode_files(issue.payloads.get(Part.FILES)),
        None if recorded_at is None else _time(recorded_at),
    )


def _size(attachment: Attachment) -> int | None:
    return attachment.size if attachment.size is not None and attachment.size >= 0 else None


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _ignored(_field: str, _reason: str) -> None:
    """What cannot be read the tables tell."""
