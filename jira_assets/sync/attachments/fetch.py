"""From an attachment to a stored file, and to a record of what became of it."""

import hashlib
from contextlib import closing

from jira_assets.jira.client import JiraClient
from jira_assets.jira.content import Content, Undelivered
from jira_assets.jira.errors import (
    Forbidden,
    JiraError,
    MissingOrForbidden,
    RateLimited,
    Redirected,
    Unauthorised,
    Unavailable,
)
from jira_assets.privacy.errors import Tampered
from jira_assets.raw.attachments import FileRecord, FileState
from jira_assets.sync.attachments.store import AttachmentStore, DiskFull


class _TooLarge(Exception):
    pass


class FileFetch:
    """Fetches files of at most ``max_bytes`` into a store. Threads may share it.

    Whatever keeps a file from being stored ends up in its record. Only what concerns all files is raised:
    ``Unauthorised`` and ``PrivacyError``.
    """

    def __init__(self, client: JiraClient, store: AttachmentStore, max_bytes: int) -> None:
        self._client = client
        self._store = store
        self._max_bytes = max_bytes

    def fetch(self, issue_id: str, attachment_id: str, size: int | None) -> FileRecord:
        """Fetches the content, which Jira says has ``size`` bytes; without a request if that is too large."""
        if size is not None and size > self._max_bytes:
            return FileRecord(FileState.TOO_LARGE)
        content = Content(self._client, attachment_id, size)
        try:
            digest, received = self._store_pieces(content, issue_id, attachment_id, size)
        except _TooLarge:
            return FileRecord(FileState.TOO_LARGE)
        except Unauthorised:
            raise
        except JiraError as error:
            return _failed(_reason(error))
        except (Undelivered, DiskFull) as error:
            return _failed(str(error))
        except OSError as error:
            return _failed(f"it cannot be written: {error.strerror or type(error).__name__}")
        return FileRecord(FileState.STORED, received, digest, content.media_id)

    def recover(
        self, issue_id: str, attachment_id: str, size: int | None, known: FileRecord | None
    ) -> FileRecord | None:
        """The record of a file that is there, after reading it; another one, should a crash have lost it.

        None if the file is not whole or not what was recorded, or if nothing proves that it is ours.
        """
        digest, found = hashlib.sha256(), 0
        try:
            for piece in self._store.reading(issue_id, attachment_id):
                digest.update(piece)
                found += len(piece)
        except (OSError, Tampered):
            return None
        if known is not None and known.state is FileState.STORED:
            return known if size in (None, found) and digest.hexdigest() == known.sha256 else None
        if found != size or not self._store.holds(issue_id, attachment_id, found):
            return None
        media_id = self._media_id(attachment_id, size)
        return FileRecord(FileState.STORED, found, digest.hexdigest(), media_id)

    def _store_pieces(
        self, content: Content, issue_id: str, attachment_id: str, size: int | None
    ) -> tuple[str, int]:
        """The SHA-256 and the number of bytes of what was stored."""
        digest, received = hashlib.sha256(), 0
        most = self._max_bytes if size is None else size
        with (
            self._store.writing(issue_id, attachment_id, most) as file,
            closing(content.pieces()) as pieces,
        ):
            for piece in pieces:
                received += len(piece)
                if received > self._max_bytes:
                    raise _TooLarge
                digest.update(piece)
                file.write(piece)
        return digest.hexdigest(), received

    def _media_id(self, attachment_id: str, size: int | None) -> str | None:
        try:
            return Content(self._client, attachment_id, size).find_media_id()
        except Unauthorised:
            raise
        except (JiraError, Undelivered):
            return None


def _failed(reason: str) -> FileRecord:
    return FileRecord(FileState.FAILED, reason=reason)


def _reason(error: JiraError) -> str:
    """Why, without what Jira says, which may name people and files."""
    match error:
        case MissingOrForbidden():
            return "Jira does not have it, or the account may not see it (404)"
        case Forbidden():
            return "the account may not read it (403)"
        case RateLimited():
            return "Jira limits the rate (429)"
        case Unavailable(status=None):
            return "Jira does not answer"
        case Redirected():
            return "Jira redirects to an address that is not safe"
        case _:
            return f"Jira answers {error.status}"
