"""Keeps the content of attachments in step with what the raw log says of the issues."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import NamedTuple

from jira_assets.jira.client import JiraClient
from jira_assets.raw.attachments import FileRecord, FileState, encode_files
from jira_assets.raw.errors import UnreadableSegment
from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.attachments.fetch import FileFetch
from jira_assets.sync.attachments.store import AttachmentStore
from jira_assets.sync.attachments.wanted import WantedFile, WantedFiles, files_of

_FILES_AHEAD = 64  # being fetched or waiting for it; bounds what is in memory
_ISSUES_AT_ONCE = 500  # whose records are appended together
_SECONDS_BETWEEN_APPENDS = 60.0  # what a crash loses is only the records: files are there, and found again
_SECONDS_BETWEEN_PROGRESS = 10.0


@dataclass(slots=True)
class FileCounts:
    """What became of files. ``bytes`` is what was downloaded; ``failures`` are ``KEY id: reason``."""

    downloaded: int = 0
    bytes: int = 0
    kept: int = 0
    too_large: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, name: str, record: FileRecord, *, is_new: bool) -> None:
        """Counts a file that was looked after; ``is_new`` is whether its content came from Jira just now."""
        match record.state:
            case FileState.STORED if is_new:
                self.downloaded += 1
                self.bytes += record.size or 0
            case FileState.STORED:
                self.kept += 1
            case FileState.TOO_LARGE:
                self.too_large += 1
            case FileState.FAILED:
                self.failures.append(f"{name}: {record.reason}")

    def __str__(self) -> str:
        return (
            f"{self.downloaded:,} files downloaded ({self.bytes / 1e6:,.0f} MB), {self.kept:,} kept, "
            f"{self.too_large:,} too large, {len(self.failures):,} failed"
        )


@dataclass(slots=True)
class _Work:
    """The files of one issue: those that are settled, and those that are being fetched."""

    files: WantedFiles
    present: Collection[str]
    as_of: datetime
    settled: dict[str, FileRecord] = field(default_factory=dict)
    fetching: dict[str, Future["_Obtained"]] = field(default_factory=dict)


class _Obtained(NamedTuple):
    """A record, and whether the content came from Jira just now."""

    record: FileRecord
    is_new: bool


class AttachmentDownload:
    """The files of the issues of one month. ``counts`` tells what became of them so far.

    A file that cannot be had is a record of its own and fails nothing. What is deleted in Jira is deleted
    here, as soon as the log says so. Unless the settings ask for content, that is all that is done.
    """

    def __init__(
        self,
        settings: Settings,
        client: JiraClient,
        raw: RawLog,
        month: str,
        progress: Callable[[str], None],
    ) -> None:
        self.counts = FileCounts()
        self._is_wanted = settings.downloads_attachments
        self._concurrency = client.concurrency
        self._store = AttachmentStore(settings.attachments_dir, settings.keyring)
        self._fetch = FileFetch(client, self._store, settings.attachment_max_bytes)
        self._raw = raw
        self._month = month
        self._client = client
        self._progress = progress
        self._reported = self._appended = monotonic()
        self._done: list[_Work] = []
        self._with_surplus: set[str] = set()

    def keep(self, issue_ids: Collection[str] | None = None) -> None:
        """Fetches what is missing of these issues, or of all of the month, as the raw log has them now.

        A log that cannot be read is left to those who need it more. Raises ``Unauthorised``, ``RawLogError``
        where the records cannot be appended, and ``PrivacyError``.
        """
        if not self._is_wanted and not self._store.exists():
            return
        try:
            self._keep(issue_ids)
        except UnreadableSegment as error:
            self._progress(f"{self._month}: not all files could be looked after: {error}")

    def _keep(self, issue_ids: Collection[str] | None) -> None:
        with_files = self._store.issue_ids() if issue_ids is None else frozenset(issue_ids)
        threads = max(1, self._concurrency - 1)  # a stream holds its slot: other calls need one, too
        pool = ThreadPoolExecutor(threads, thread_name_prefix=f"files {self._month}")
        try:
            issues = self._raw.latest(self._month, issue_ids)
            works = (self._begin(pool, issue, with_files) for issue in issues)
            for work in _held_back(work for work in works if work is not None):
                self._finish(work)
            self._append()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def tidy(self, issue_ids: Collection[str]) -> None:
        """Deletes the files that these issues no longer have, and all files of those that are deleted.

        Those whose content could not be had when it was asked for again go, too: no record speaks of them.
        """
        # Listed before the log is read: what others store meanwhile was in the log before it was stored.
        present = {issue_id: self._store.attachment_ids(issue_id) for issue_id in issue_ids}
        for issue in self._raw.latest(self._month, issue_ids) if issue_ids else ():
            files = files_of(issue)
            if issue.tombstone is not None:
                self._store.remove(issue.issue_id, present[issue.issue_id])
            elif files is not None:
                self._store.remove(issue.issue_id, present[issue.issue_id] - files.storable)

    def _begin(
        self, pool: ThreadPoolExecutor, issue: LatestIssue, with_files: Collection[str]
    ) -> _Work | None:
        """Starts what has to be done for an issue; None if it is nothing."""
        present: set[str] = set()
        if issue.issue_id in with_files:
            self._store.remove_leftovers(issue.issue_id)
            present = self._store.attachment_ids(issue.issue_id)
        files = files_of(issue)
        if present and (issue.tombstone or (files and present - files.wanted.keys())):
            self._with_surplus.add(issue.issue_id)
        if files is None or not (files.wanted or files.known):
            return None
        work = _Work(files, present, self._client.now)
        for file in files.wanted.values() if self._is_wanted else ():
            known = files.known.get(file.attachment_id)
            if known is not None and self._is_kept(file, known, present):
                work.settled[file.attachment_id] = known
            else:
                is_present = file.attachment_id in present
                work.fetching[file.attachment_id] = pool.submit(
                    self._obtain, file, known, is_present=is_present
                )
        return work

    def _is_kept(self, file: WantedFile, known: FileRecord, present: Collection[str]) -> bool:
        return (
            known.state is FileState.STORED
            and known.size is not None
            and file.size in (None, known.size)
            and file.attachment_id in present
            and self._store.holds(file.issue_id, file.attachment_id, known.size)
        )

    def _obtain(self, file: WantedFile, known: FileRecord | None, *, is_present: bool) -> _Obtained:
        ids = file.issue_id, file.attachment_id
        found = self._fetch.recover(*ids, file.size, known) if is_present else None
        if found is not None:
            return _Obtained(found, is_new=False)
        return _Obtained(self._fetch.fetch(*ids, file.size), is_new=True)

    def _finish(self, work: _Work) -> None:
        """Waits for the files of an issue that are still on their way."""
        self.counts.kept += len(work.settled)
        for attachment_id, future in work.fetching.items():
            obtained = future.result()
            self.counts.add(f"{work.files.key} {attachment_id}", obtained.record, is_new=obtained.is_new)
            work.settled[attachment_id] = obtained.record
            if attachment_id in work.present and obtained.record.state is not FileState.STORED:
                self._with_surplus.add(work.files.issue_id)
        self._done.append(work)
        now = monotonic()
        if len(self._done) >= _ISSUES_AT_ONCE or now - self._appended >= _SECONDS_BETWEEN_APPENDS:
            self._append()
        if now - self._reported >= _SECONDS_BETWEEN_PROGRESS:
            self._reported = now
            self._progress(f"{self._month}: {self.counts}")

    def _append(self) -> None:
        """Appends the records of what is done. Only then is deleted what they no longer speak of."""
        self._appended = monotonic()
        done, self._done = self._done, []
        records = [
            work.files.record(work.settled, work.as_of) for work in done if self._is_wanted and _is_news(work)
        ]
        for record in records:
            self._store.make_durable(record.issue_id)
        self._raw.append(self._month, records)
        with_surplus, self._with_surplus = self._with_surplus, set()
        self.tidy(with_surplus)


def _held_back(works: Iterable[_Work]) -> Iterator[_Work]:
    """The work, each piece only when enough was begun after it to keep the pool busy."""
    begun: deque[_Work] = deque()
    files = 0
    for work in works:
        begun.append(work)
        files += len(work.fetching)
        while files > _FILES_AHEAD or len(begun) > _ISSUES_AT_ONCE:
            first = begun.popleft()
            files -= len(first.fetching)
            yield first
    yield from begun


def _is_news(work: _Work) -> bool:
    return encode_files(work.settled) != encode_files(work.files.known)
