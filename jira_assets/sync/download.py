"""What a run of `raw_issues` does: months, one after the other, from Jira into the raw log."""

import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress

from jira_assets import clock
from jira_assets.inbox.drain import Drain
from jira_assets.inbox.queue import Queue
from jira_assets.jira.access import AccessGuard
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    BrokenPaging,
    JiraError,
    NoProjectVisible,
    RateLimited,
    Unauthorised,
    Unavailable,
)
from jira_assets.jira.fields import fetch_fields
from jira_assets.jira.host import Statistics
from jira_assets.jira.slas import NO_SLAS, SlaSource
from jira_assets.jira.states import months_created_since
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.raw.site import write_fields
from jira_assets.settings import Settings
from jira_assets.sync.attachments.download import AttachmentDownload, FileCounts
from jira_assets.sync.queued_issues import Applied, QueuedIssues
from jira_assets.sync.whole_month import FetchedMonth, WholeMonth
from jira_assets.timestamps import month_of
from jira_assets.warehouse.connection import WarehouseBusy, WarehouseError
from jira_assets.warehouse.known import Known

# Trying again, or another month, would only lock the account out.
ENDS_EVERYTHING = (Unauthorised, NoProjectVisible)
_MAY_PASS = (BrokenPaging, RateLimited, Unavailable, WarehouseBusy)
_KEYS_SHOWN = 50
_DRAIN_SECONDS = 5.0

Metadata = Mapping[str, int | float | str | list[str]]


class Download:
    """The months of one run. A month that fails doesn't keep the others from being fetched.

    ``fetched`` is what to tell about each month that succeeded, ``failed`` why the others didn't.
    """

    def __init__(self, settings: Settings, client: JiraClient, log: logging.Logger) -> None:
        self.fetched: dict[str, Metadata] = {}
        self.failed: dict[str, Exception] = {}
        self._client = client
        self._log = log
        self._settings = settings
        self._agent: JiraClient | None = None
        self._slas = NO_SLAS
        self._raw_dir = settings.raw_dir
        self._raw = RawLog(settings.raw_dir, settings.keyring)
        self._projects = self._raw.lookups.current_keys(settings.projects)
        self._queue = Queue(settings.queue_dir, settings.keyring)
        self._known = Known(settings.warehouse_path)
        self._drain = Drain.from_settings(settings)
        self._guard = AccessGuard(client, self._projects)

    @property
    def lost(self) -> list[str]:
        """The projects that should be copied, and could not be seen."""
        return self._guard.lost

    @property
    def may_pass(self) -> bool:
        """Whether trying again may help."""
        failed = self.failed.values()
        return bool(failed) and all(isinstance(error, _MAY_PASS) for error in failed)

    def run(self, months: Sequence[str], *, queued_only: bool) -> None:
        """Fetches the months whole, or what of them is in the queue; with the month that it is by our clock
        also those that have not begun.
        """
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
            with suppress(*ENDS_EVERYTHING):
                for month in months:
                    with self._alone(month):
                        self.fetched[month] = self._month(month, queued_only)
                if (now := month_of(clock.now())) in months:
                    self._fetch_later_months(now, queued_only)
            fields.result()

    def _fetch_later_months(self, last: str, queued_only: bool) -> None:
        """The months that have not begun yet by our clock.

        Jira's clock may be in one already, and an import can say anything of when an issue was created.
        """
        found = set(self._queue.months())
        if not queued_only:
            found |= {*self._raw.months()}
            with self._alone(f"later than {last}"):
                found |= {*months_created_since(self._client, last, self._projects)}
        later = sorted(month for month in found if month > last)
        for month in later:
            with self._alone(month):
                self.fetched[month] = self._month(month, queued_only)
        counts = [
            f"{month}: {self.fetched[month]['issues']} issues" for month in later if month in self.fetched
        ]
        if counts and last in self.fetched:
            self.fetched[last] = {**self.fetched[last], "later_months": counts}

    @contextmanager
    def _alone(self, month: str) -> Iterator[None]:
        """Keeps what fails in a month from the others, unless it would fail there as well."""
        try:
            yield
        except ENDS_EVERYTHING as error:
            self.failed[month] = error
            raise
        except (JiraError, RawLogError, WarehouseError) as error:
            self.failed[month] = error
            self._log.error("%s: %s", month, error)
        except Exception as error:  # noqa: BLE001 - a full disk, or a fault of ours that one odd issue shows
            self.failed[month] = RuntimeError(f"{type(error).__name__}: {error}")
            self._log.exception("%s: this was not foreseen", month)

    def _fetch_fields(self) -> Collection[str]:
        """Keeps the field catalogue, and tells which of the fields are SLAs."""
        fields = fetch_fields(self._client)
        write_fields(self._raw_dir, fields.payload)
        return fields.slas

    def _month(self, month: str, queued_only: bool) -> Metadata:
        began, before = time.monotonic(), self._statistics()
        done: list[FetchedMonth | Applied] = []
        files = AttachmentDownload(self._settings, self._client, self._raw, month, self._log.info)
        if not queued_only or not self._raw.is_whole(month):
            whole = WholeMonth(
                self._client,
                self._raw,
                self._queue,
                month,
                self._slas,
                self._settings.start_month,
                self._log,
            )
            done.append(whole.fetch(self._projects, self._guard))
            files.keep()
            self._raw.mark_whole(month)
        if queued_only:
            queued = QueuedIssues(
                self._client,
                self._raw,
                self._queue,
                self._known,
                month,
                self._slas,
                files,
                self._settings.start_month,
            )
            done.append(queued.apply(self._log.info))
        self._raw.compact(month)
        seconds = time.monotonic() - began
        metadata = _metadata(done, before, self._statistics(), seconds) | _file_metadata(files.counts)
        if self._guard.lost:
            self._log.error("%s: %s cannot be seen", month, ", ".join(self._guard.lost))
            metadata["projects_lost"] = self._guard.lost
        self._log.info("%s: %d issues in %s s", month, metadata["issues"], metadata["seconds"])
        return metadata

    def _statistics(self) -> Statistics:
        """Of both accounts."""
        counted = self._client.statistics
        return counted + self._agent.statistics if self._agent else counted


def _metadata(
    done: Sequence[FetchedMonth | Applied], before: Statistics, after: Statistics, seconds: float
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
    moved = [key for each in done for key in each.moved]
    out_of_range = [key for each in done for key in each.out_of_range]
    went_back = [issue_id for each in done if isinstance(each, FetchedMonth) for issue_id in each.went_back]
    for applied in (each for each in done if isinstance(each, Applied)):
        metadata |= {
            "events_settled": applied.settled,
            "events_waiting": applied.waiting,
            "events_given_up": applied.given_up,
            "deleted_issues": len(applied.deleted),
        }
    if moved:
        metadata["moved_to_other_months"] = moved[:_KEYS_SHOWN]
    if out_of_range:
        metadata["moved_before_start_month"] = out_of_range[:_KEYS_SHOWN]
    if went_back:
        metadata["older_states_followed"] = len(went_back)
    if failed:
        metadata["failures"] = [f"{each.key} {each.part}: {each.error}" for each in failed[:_KEYS_SHOWN]]
    if skipped:
        metadata["skipped"] = [f"{issue.key}: {issue.reason}" for issue in skipped[:_KEYS_SHOWN]]
    return metadata


def _file_metadata(counts: FileCounts) -> dict[str, int | list[str]]:
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
