"""Reads the SLAs of all open issues, and finds on the way what no event has told.

Elapsed time moves without anything happening to an issue, so it is read again and again, into one small
table. An issue that did change is put into the queue, and the runs that follow events fetch it whole.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from jira_assets.events.queue import NOTHING_EXPECTED, Item, Queue
from jira_assets.jira.bulk import visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.jira.events import Expected
from jira_assets.jira.fields import fetch_fields
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Source
from jira_assets.settings import Settings
from jira_assets.slas.open_issues import DONE, ShownIssue, read_issues, read_open_issues
from jira_assets.slas.readings import readings
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.warehouse.known import Known, OpenIssue
from jira_assets.warehouse.unpartitioned import read_table, replace_table


@dataclass(slots=True)
class Polled:
    """What became of each open issue, by key.

    ``updated``: its SLAs were read. ``healed``: it is not what is stored, so it is fetched whole. ``failed``:
    its SLAs could not be read, and keep their last values; ``reasons`` says why. ``skipped``: search does not
    list it although it is open, or its month was never copied.
    """

    updated: list[str] = field(default_factory=list)
    healed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)
    rows: int = 0


class SlaPoll:
    """One look at all open issues. ``reader`` is who may read SLAs, and need not be who reads issues."""

    def __init__(
        self, settings: Settings, client: JiraClient, reader: JiraClient, log: logging.Logger
    ) -> None:
        self._settings = settings
        self._client = client
        self._reader = reader
        self._log = log
        self._raw = RawLog(settings.raw_dir)
        self._queue = Queue(settings.queue_dir)
        self._stored = Known(settings.warehouse_path).open_issues()
        self._polled = Polled()
        self._items: dict[str, list[Item]] = {}

    def run(self, *, dry_run: bool = False) -> Polled:
        """Raises ``JiraError``, ``RawLogError``, ``WarehouseError``: then every row is as it was.

        A dry run reads and compares, and writes nothing.
        """
        fields = fetch_fields(self._client)
        listed = self._listed(fields.slas)
        unread = self._look_for({*self._stored} - {issue.issue_id for issue in listed})
        database = self._settings.warehouse_path
        previous = read_table(database, OPEN_TICKET_SLAS)
        frame = readings(listed, fields.names, previous, unread)
        self._polled.rows = frame.height
        if not dry_run:
            # Before the table: a run that is killed in between finds the same again.
            self._queue_all()
            replace_table(database, OPEN_TICKET_SLAS, frame)
        return self._polled

    def _listed(self, sla_fields: frozenset[str]) -> list[ShownIssue]:
        """The open issues that search lists, those that have changed being noted for the queue."""
        kept: list[ShownIssue] = []
        copied: dict[str, bool] = {}
        for page in read_open_issues(self._reader, sla_fields, self._settings.projects):
            for issue in page:
                if not copied.setdefault(issue.month, self._raw.is_whole(issue.month)):
                    self._polled.skipped.append(issue.key)
                    continue
                self._compare(issue, self._stored.get(issue.issue_id))
                if issue.category == DONE:
                    continue
                kept.append(issue)
                if issue.slas.refusal is None:
                    self._polled.updated.append(issue.key)
                else:
                    self._polled.failed.append(issue.key)
                    self._polled.reasons.add(issue.slas.refusal)
            self._log.info("%d open issues", len(kept))
        return kept

    def _compare(self, issue: ShownIssue, stored: OpenIssue | None) -> None:
        if stored is None or issue.category == DONE:
            return self._heal(issue, "is not stored as it is in Jira")
        newer = stored.updated is None or (issue.updated is not None and issue.updated > stored.updated)
        if newer or (issue.key, issue.status) != (stored.key, stored.status):
            self._heal(issue, "has changed in Jira")
        return None

    def _look_for(self, missing: Iterable[str]) -> list[str]:
        """Asks about the issues that are open here, and not to search. Returns those that may still be so."""
        unlisted = sorted(missing, key=int)
        found = read_issues(self._client, unlisted) if unlisted else {}
        # An account that loses a right is told nothing: to it, all is as if deleted (jira_cloud.md 1.1).
        visible = visible_projects(self._client) if found.keys() < set(unlisted) else {}
        unread = []
        for issue_id in unlisted:
            issue, stored = found.get(issue_id), self._stored[issue_id]
            if issue is None and stored.project in visible:
                self._ask_whether_gone(issue_id, stored)
            elif issue is None:
                unread.append(issue_id)
                self._polled.failed.append(stored.key)
                self._polled.reasons.add(f"the project {stored.project} cannot be seen any more")
            elif issue.category == DONE:
                self._heal(issue, "is no longer open")
            else:
                unread.append(issue_id)
                self._polled.skipped.append(issue.key)
        return unread

    def _heal(self, issue: ShownIssue, why: str) -> None:
        self._polled.healed.append(issue.key)
        expected = NOTHING_EXPECTED if issue.updated is None else Expected(issue.updated, None)
        self._note(issue.month, issue.issue_id, f"{issue.key} {why}", expected)

    def _ask_whether_gone(self, issue_id: str, stored: OpenIssue) -> None:
        self._polled.healed.append(stored.key)
        self._note(stored.month, issue_id, f"{stored.key} cannot be read", project=stored.project)

    def _note(
        self,
        month: str,
        issue_id: str,
        cause: str,
        expected: Expected = NOTHING_EXPECTED,
        project: str | None = None,
    ) -> None:
        now = datetime.now(UTC)
        item = Item(issue_id, cause, now, Source.SLA_POLL, expected=expected, project=project)
        self._items.setdefault(month, []).append(item)

    def _queue_all(self) -> None:
        added = self._queue.add(self._items)
        if added:
            self._log.info("%d issues are to be fetched: %s", added, ", ".join(self._polled.healed))
