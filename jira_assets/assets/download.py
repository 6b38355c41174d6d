"""What a run of `raw_issues` does: months, one after the other, from Jira into the raw log."""

import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import msgspec

from jira_assets.attachments.download import AttachmentDownload, FileCounts
from jira_assets.events.apply import Applied, QueuedIssues, failures
from jira_assets.events.drain import Drain
from jira_assets.events.queue import Queue
from jira_assets.jira.access import AccessGuard
from jira_assets.jira.client import JiraClient
from jira_assets.jira.deletions import confirmed_deletions
from jira_assets.jira.errors import (
    BrokenPaging,
    JiraError,
    ProjectsNotVisible,
    RateLimited,
    Unauthorised,
    Unavailable,
)
from jira_assets.jira.fetch import MonthFetch, fetch_month
from jira_assets.jira.fields import fetch_fields
from jira_assets.jira.host import Statistics
from jira_assets.jira.slas import NO_SLAS, SlaSource
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record, Source
from jira_assets.raw.site import write_fields
from jira_assets.settings import Settings
from jira_assets.warehouse.connection import WarehouseBusy, WarehouseError
from jira_assets.warehouse.known import Known

# Trying again, or another month, would only lock the account out.
ENDS_EVERYTHING = (Unauthorised, ProjectsNotVisible)
_MAY_PASS = (BrokenPaging, RateLimited, Unavailable, WarehouseBusy)
_KEYS_SHOWN = 50
_DRAIN_SECONDS = 5.0

Metadata = Mapping[str, int | float | str | list[str]]


class _Project(msgspec.Struct):
    key: str | None = None


class _Fields(msgspec.Struct):
    project: _Project | None = None


class _Issue(msgspec.Struct):
    fields: _Fields


class Download:
    """The months of one run. A month that fails doesn't keep the others from being fetched.

    ``fetched`` is what to tell about each month that succeeded, ``failed`` why the others didn't.
    """

    def __init__(self, settings: Settings, client: JiraClient, log: logging.Logger) -> None:
        self.fetched: dict[str, Metadata] = {}
        self.failed: dict[str, JiraError | RawLogError | WarehouseError] = {}
        self._client = client
        self._log = log
        self._settings = settings
        self._agent: JiraClient | None = None
        self._slas = NO_SLAS
        self._raw_dir = settings.raw_dir
        self._projects = settings.projects
        self._raw = RawLog(settings.raw_dir, settings.keyring)
        self._queue = Queue(settings.queue_dir, settings.keyring)
        self._known = Known(settings.warehouse_path)
        self._drain = Drain.from_settings(settings)
        self._guard = AccessGuard(client, settings.projects)

    @property
    def why_failed(self) -> str:
        """One line about the months that failed."""
        return "; ".join(f"{month}: {error}" for month, error in self.failed.items())

    @property
    def may_pass(self) -> bool:
        """Whether trying again may help."""
        return all(isinstance(error, _MAY_PASS) for error in self.failed.values())

    def run(self, months: Sequence[str], *, queued_only: bool) -> None:
        """Fetches the months whole, or what of them is in the queue."""
        if queued_only:
            self._drain.run(_DRAIN_SECONDS)  # what has come in since the sensor looked goes along
        with (
            ThreadPoolExecutor(1, thread_name_prefix="jira fields") as beside,
            JiraClient.for_slas(self._settings) or nullcontext() as agent,
        ):
            fields = beside.submit(self._fetch_fields)
            self._agent = agent
            self._slas = SlaSource(fields.result, agent)
            if not queued_only:
                fields.result()  # a refused credential is told once, not by every month
            for month in months:
                try:
                    self.fetched[month] = self._month(month, queued_only)
                except (JiraError, RawLogError, WarehouseError) as error:
                    self.failed[month] = error
                    self._log.error("%s: %s", month, error)
                    if isinstance(error, ENDS_EVERYTHING):
                        break
            fields.result()

    def _fetch_fields(self) -> Collection[str]:
        """Keeps the field catalogue, and tells which of the fields are SLAs."""
        fields = fetch_fields(self._client)
        write_fields(self._raw_dir, fields.payload)
        return fields.slas

    def _month(self, month: str, queued_only: bool) -> Metadata:
        began, before = time.monotonic(), self._statistics()
        done: list[MonthFetch | Applied] = []
        files = AttachmentDownload(self._settings, self._client, self._raw, month, self._log.info)
        if not queued_only or not self._raw.is_whole(month):
            done.append(self._fetch_whole(month, files))
        if queued_only:
            queued = QueuedIssues(self._client, self._raw, self._queue, self._known, month, self._slas, files)
            done.append(queued.apply(self._log.info))
        self._raw.compact(month)
        seconds = time.monotonic() - began
        metadata = _metadata(done, before, self._statistics(), seconds) | _told_of_files(files.counts)
        self._log.info("%s: %d issues in %s s", month, metadata["issues"], metadata["seconds"])
        return metadata

    def _statistics(self) -> Statistics:
        """Of both accounts."""
        counted = self._client.statistics
        return counted + self._agent.statistics if self._agent else counted

    def _fetch_whole(self, month: str, files: AttachmentDownload) -> MonthFetch:
        fetch = fetch_month(
            self._client, month, self._projects, Source.BACKFILL, self._log.info, self._guard, self._slas
        )
        buried = self._buried(month)
        for records in fetch:
            # Search lists what was deleted for a while. Asked by id, Jira tells whether it is there again.
            listed = _projects(record for record in records if record.issue_id in buried)
            gone = confirmed_deletions(self._client, listed)
            self._raw.append(month, (record for record in records if record.issue_id not in gone))
        self._raw.append(month, failures(fetch.skipped, Source.BACKFILL))
        self._refuse_sudden_emptiness(month, fetch)
        files.keep()
        self._raw.mark_whole(month)
        return fetch

    def _buried(self, month: str) -> set[str]:
        try:
            return self._raw.tombstoned(month)
        except RawLogError:
            return set()  # a damaged file keeps nobody from appending; whoever needs it will name it

    def _refuse_sudden_emptiness(self, month: str, fetch: MonthFetch) -> None:
        """Without rights Jira answers 200 with nothing: nothing where there was something is no answer."""
        if fetch.issues or fetch.skipped or fetch.failures:
            return
        known = sum(Part.ISSUE in issue.payloads for issue in self._raw.latest(month))
        if known:
            raise RawLogError(
                f"Jira found no issues of {month}, but {known} are stored. Nothing was changed. Unless they "
                "were all deleted, check what the account may see: jira-assets doctor"
            )


def _projects(records: Iterable[Record]) -> dict[str, str | None]:
    """The projects of the issues among the records."""
    found: dict[str, str | None] = {}
    for record in records:
        if record.part is Part.ISSUE and record.payload is not None:
            project = msgspec.json.decode(record.payload, type=_Issue).fields.project
            found[record.issue_id] = project.key if project else None
    return found


def _metadata(
    done: Sequence[MonthFetch | Applied], before: Statistics, after: Statistics, seconds: float
) -> dict[str, int | float | str | list[str]]:
    failed = [failure for each in done for failure in each.failures]
    skipped = [issue for each in done for issue in each.skipped]
    metadata: dict[str, int | float | str | list[str]] = {
        "issues": sum(each.issues for each in done),
        "requests": after.requests - before.requests,
        "retries": after.retries - before.retries,
        "bytes": after.bytes - before.bytes,
        "seconds": round(seconds, 2),
        "throttled_seconds": round(after.throttled_seconds - before.throttled_seconds, 2),
        "failed_parts": len(failed),
        "skipped_issues": len(skipped),
    }
    for applied in (each for each in done if isinstance(each, Applied)):
        metadata |= {
            "events_settled": applied.settled,
            "events_waiting": applied.waiting,
            "events_given_up": applied.given_up,
            "deleted_issues": len(applied.deleted),
        }
    if failed:
        metadata["failures"] = [f"{each.key} {each.part}: {each.error}" for each in failed[:_KEYS_SHOWN]]
    if skipped:
        metadata["skipped"] = [f"{issue.key}: {issue.reason}" for issue in skipped[:_KEYS_SHOWN]]
    return metadata


def _told_of_files(counts: FileCounts) -> dict[str, int | list[str]]:
    told: dict[str, int | list[str]] = {
        "files_downloaded": counts.downloaded,
        "file_bytes": counts.bytes,
        "files_kept": counts.kept,
        "files_too_large": counts.too_large,
        "files_failed": len(counts.failures),
    }
    if counts.failures:
        told["file_failures"] = counts.failures[:_KEYS_SHOWN]
    return told
