"""A copy of some issues' files, without Dagster and without waiting."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upath import UPath

from jira_assets.jira.fetch import fetch_month
from jira_assets.raw.attachments import FileRecord, decode_files
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.sync.attachments.download import AttachmentDownload, FileCounts
from jira_assets.sync.attachments.store import AttachmentStore
from jira_assets_tests.jira.connection import connect
from jira_assets_tests.jira.issues import MONTH, full_issue

FIRST = "10001"


@dataclass
class Keeping:
    """A served site, and the folder of its copy."""

    sandbox: RunningSandbox
    settings: Settings

    @property
    def raw(self) -> RawLog:
        return RawLog(self.settings.raw_dir, self.settings.keyring)

    @property
    def store(self) -> AttachmentStore:
        return AttachmentStore(self.settings.attachments_dir, self.settings.keyring)

    @property
    def folder(self) -> Path:
        return Path(self.settings.attachments_dir.path)

    def fetch(self) -> None:
        """The issues, as Jira has them now."""
        with connect(self.sandbox.url) as client:
            for records in fetch_month(client, MONTH):
                self.raw.append(MONTH, records)

    def keep(self, issue_ids: Collection[str] | None = None, **settings: str) -> FileCounts:
        """The issues and then their files, or those of some issues."""
        self.fetch()
        return self.keep_files(issue_ids, **settings)

    def keep_files(self, issue_ids: Collection[str] | None = None, **settings: str) -> FileCounts:
        with connect(self.sandbox.url) as client:
            download = AttachmentDownload(
                self.settings.with_values(**settings), client, self.raw, MONTH, lambda _line: None
            )
            download.keep(issue_ids)
            return download.counts

    def records(self, issue_id: str = FIRST) -> dict[str, FileRecord]:
        (issue,) = self.raw.latest(MONTH, [issue_id])
        return dict(decode_files(issue.payloads.get(Part.FILES)))

    def read(self, attachment_id: str, issue_id: str = FIRST) -> bytes:
        return b"".join(self.store.reading(issue_id, attachment_id))

    def put(self, *files: dict[str, Any], number: int = 1, **members: Any) -> None:
        """An issue with these attachments, in the place of the one that is there."""
        self.sandbox.site.put(full_issue(number, attachment=list(files), **members))

    def asked_for(self) -> list[str]:
        """The attachments whose content was asked for."""
        paths = [request.path for request in self.sandbox.requests]
        return [path.rpartition("/")[2] for path in paths if "/attachment/content/" in path]


def file(number: int, content: bytes | None = None, **members: Any) -> dict[str, Any]:
    size = 5_000 if content is None else len(content)
    return {"id": str(number), "filename": f"{number}.txt", "size": size} | members


@contextmanager
def keeping(folder: Path, **settings: str) -> Iterator[Keeping]:
    """SUP-1 with the attachments 1 and 2, nothing of which was copied."""
    with serve(Site([full_issue(1, attachment=[file(1), file(2)])])) as sandbox:
        values = {
            "JIRA_BASE_URL": sandbox.url,
            "JIRA_EMAIL": sandbox.account.email,
            "JIRA_API_TOKEN": sandbox.account.token,
            "JIRA_DATA_DIR": str(UPath(folder)),
        }
        yield Keeping(sandbox, Settings({**values, **settings}))
