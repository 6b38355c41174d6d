"""Reads the SLAs of all open issues, and finds on the way what no event has told.

Elapsed time moves without anything happening to an issue, so it is read again and again, into one small
table. An issue that did change is put into the queue, and the runs that follow events fetch it whole.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from jira_assets.inbox.queue import Item
from jira_assets.jira.access import visible_ones_of
from jira_assets.jira.bulk import visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.jira.fields import fetch_fields
from jira_assets.jira.states import DONE, IssueState, bulk_states
from jira_assets.raw.record import Source
from jira_assets.settings import Settings
from jira_assets.sync.lookups.refresh import Renames
from jira_assets.sync.reconcile.scope import Scope, has_changed, stored_item, unknown_item
from jira_assets.sync.slas.readings import OpenIssue, read_open_issues, readings
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.warehouse.known import KnownIssue
from jira_assets.warehouse.unpartitioned import read_table, replace_table


@dataclass(slots=True)
class Polled:
    """What became of each open issue, by key.

    ``updated``: its SLAs were read. ``healed``: it is not what is stored, so it is fetched whole. ``failed``:
    its SLAs could not be read, and keep their last values; ``reasons`` says why. ``skipped``: search does not
    list it although it is open, or it is known to be out of sight, or its month was never copied.
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
        self._scope = Scope.from_settings(settings, client)
        self._stored = self._scope.known.open_issues()
        self._renames = Renames(self._scope.lookups)
        self._polled = Polled()
        self._items: dict[str, list[Item]] = {}

    def run(self, *, dry_run: bool = False) -> Polled:
        """Raises ``JiraError``, ``RawLogError``, ``WarehouseError``: then every row is as it was.

        A dry run reads and compares, and writes nothing.
        """
        fields = fetch_fields(self._client)
        listed = self._listed(fields.slas)
        unread = self._look_for({*self._stored} - {issue.state.issue_id for issue in listed})
        database = self._settings.warehouse_path
        previous = read_table(database, OPEN_TICKET_SLAS)
        frame = readings(listed, fields.names, previous, unread)
        self._polled.rows = frame.height
        if not dry_run:
            # Before the table: a run that is killed in between finds the same again.
            self._queue_all()
            replace_table(database, OPEN_TICKET_SLAS, frame)
        return self._polled

    def _listed(self, sla_fields: frozenset[str]) -> list[OpenIssue]:
        """The open issues that search lists, those that have changed being noted for the queue."""
        listed: list[OpenIssue] = []
        kept = self._scope.kept()
        projects = visible_ones_of(self._reader, self._scope.projects)
        for page in read_open_issues(self._reader, sla_fields, projects):
            # What was closed here may be open because its status is of another category by now.
            closed = [issue.state.issue_id for issue in page if issue.state.issue_id not in self._stored]
            stored = {**self._stored, **self._scope.known.stored(closed)}
            for issue in page:
                state = issue.state
                if kept is None or not kept.has(state.created):
                    self._polled.skipped.append(_key(state))
                    continue
                self._compare(state, stored.get(state.issue_id))
                if state.category == DONE:
                    continue
                listed.append(issue)
                if issue.slas.refusal is None:
                    self._polled.updated.append(_key(state))
                else:
                    self._polled.failed.append(_key(state))
                    self._polled.reasons.add(issue.slas.refusal)
            self._log.info("%d open issues", len(listed))
        return listed

    def _compare(self, state: IssueState, stored: KnownIssue | None) -> None:
        if stored is None:
            item = unknown_item(state, f"{_key(state)} is not stored as it is in Jira", Source.SLA_POLL)
            self._heal(_key(state), state.month, item)
        elif has_changed(state, stored, self._renames, self._client.now) or self._names_another_status(
            state, stored
        ):
            self._heal_stored(stored, "has changed in Jira", state.updated)

    def _names_another_status(self, state: IssueState, stored: KnownIssue) -> bool:
        """To rename a status updates no issue. Another account may read the names in another language."""
        is_same = self._reader is self._client and state.updated == stored.updated
        return is_same and state.status != stored.status and not self._renames.explain_status(state)

    def _look_for(self, missing: Iterable[str]) -> list[str]:
        """Asks about the issues that are open here, and not to search. Returns those that may still be so."""
        unlisted = sorted(missing, key=int)
        pages = bulk_states(self._client, unlisted)
        found = {state.issue_id: state for page in pages for state in page}
        # An account that loses a right is told nothing: to it, all is as if deleted (jira_cloud.md 1.1).
        visible = visible_projects(self._client) if found.keys() < set(unlisted) else {}
        unread = []
        for issue_id in unlisted:
            state, stored = found.get(issue_id), self._stored[issue_id]
            if state is None and stored.hidden is not None:
                unread.append(issue_id)  # the census looks whether it is seen again
                self._polled.skipped.append(stored.key)
            elif state is None and stored.project in visible:
                self._heal_stored(stored, "cannot be read")
            elif state is None:
                unread.append(issue_id)
                self._polled.failed.append(stored.key)
                self._polled.reasons.add(f"the project {stored.project} cannot be seen any more")
            elif state.category == DONE:
                if has_changed(state, stored, self._renames, self._client.now):
                    self._heal_stored(stored, "is no longer open", state.updated)
            else:
                unread.append(issue_id)
                self._polled.skipped.append(stored.key)
        return unread

    def _heal_stored(self, stored: KnownIssue, why: str, updated: datetime | None = None) -> None:
        item = stored_item(stored, f"{stored.key} {why}", updated, Source.SLA_POLL)
        self._heal(stored.key, stored.month, item)

    def _heal(self, key: str, month: str, item: Item) -> None:
        self._polled.healed.append(key)
        self._items.setdefault(month, []).append(item)

    def _queue_all(self) -> None:
        added = self._scope.queue.add(self._items)
        if added:
            self._log.info("%d issues are to be fetched: %s", added, ", ".join(self._polled.healed))


def _key(state: IssueState) -> str:
    return state.key or state.issue_id
