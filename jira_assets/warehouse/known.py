"""What the tables know about where issues are: answers that need no request to Jira."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from jira_assets.raw.record import Source
from jira_assets.tables.attachments import ATTACHMENTS
from jira_assets.tables.issuelinks import ISSUELINKS
from jira_assets.tables.issues import ISSUES
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.read import built
from jira_assets.warehouse.store import SCHEMA

_NEEDED = (ISSUES, ATTACHMENTS, ISSUELINKS)
_PATIENCE_S = 5.0

# An issue shows the summary, status, priority and key of those it is linked to, and the key of its parent,
# and its own `updated` does not move when those do. What was asked for after the other cannot be out of date.
# Nor does it move at the far end of a new link, which may have been asked for before that end was to be seen.
# Who was asked for as a neighbour tells others only what had just happened to it, or two that never agree
# would follow each other for ever. A minute, since Jira's clock and ours differ.
_OUTDATED = f"""
    WITH asked AS (
        SELECT *, CASE WHEN _source <> '{Source.NEIGHBOUR}' THEN _synced_at
            ELSE least(_synced_at, updated_at + INTERVAL 1 MINUTE) END AS tells_until
        FROM {SCHEMA}.issues WHERE _synced_at > $since
    )
    SELECT DISTINCT shows.issue_id, shows.month, shown._synced_at
    FROM {SCHEMA}.issuelinks link
    JOIN asked shown ON shown.issue_id = link.linked_issue_id
    JOIN {SCHEMA}.issues shows ON shows.issue_id = link.issue_id
    WHERE shows._synced_at < shown.tells_until AND (
        link.linked_issue_key <> shown.issue_key OR link.linked_issue_summary <> shown.summary
        OR link.linked_issue_status <> shown.status OR link.linked_issue_priority <> shown.priority)
    UNION
    SELECT child.issue_id, child.month, parent._synced_at
    FROM {SCHEMA}.issues child JOIN asked parent ON parent.issue_id = child.parent_id
    WHERE child._synced_at < parent.tells_until AND child.parent_key <> parent.issue_key
    UNION
    SELECT far.issue_id, far.month, near._synced_at
    FROM {SCHEMA}.issuelinks link
    JOIN asked near ON near.issue_id = link.issue_id
    JOIN {SCHEMA}.issues far ON far.issue_id = link.linked_issue_id
    WHERE far._synced_at < near.tells_until AND NOT EXISTS (
        SELECT 1 FROM {SCHEMA}.issuelinks back
        WHERE back.link_id = link.link_id AND back.issue_id = far.issue_id)
"""
_WANTED = "(SELECT unnest($ids))"
_MONTHS = f"SELECT issue_id, month FROM {SCHEMA}.issues WHERE issue_id IN {_WANTED}"
_ISSUES_OF_ATTACHMENTS = (
    f"SELECT attachment_id, issue_id FROM {SCHEMA}.attachments WHERE attachment_id IN {_WANTED}"
)
_NEIGHBOURS = f"""
    SELECT issue_id, month FROM {SCHEMA}.issuelinks WHERE linked_issue_id IN {_WANTED}
    UNION SELECT issue_id, month FROM {SCHEMA}.issues WHERE parent_id IN {_WANTED}
"""


class Outdated(NamedTuple):
    """An issue that shows another one as it was before `since`."""

    issue_id: str
    month: str
    since: datetime


class Known:
    """Looks into the tables of a database. One that is not there yet, or not complete, knows nothing.

    Every method may raise WarehouseBusy.
    """

    def __init__(self, database: Path) -> None:
        self._database = database

    def months(self, issue_ids: Iterable[str]) -> dict[str, str]:
        """The month of each of these issues that is known."""
        return dict(self._ask(_MONTHS, issue_ids))

    def issues_of_attachments(self, attachment_ids: Iterable[str]) -> dict[str, str]:
        """The issue of each of these attachments that is known."""
        return dict(self._ask(_ISSUES_OF_ATTACHMENTS, attachment_ids))

    def neighbours(self, issue_ids: Iterable[str]) -> dict[str, str]:
        """The issues that show something of these, being linked to them or below them, with their months."""
        return dict(self._ask(_NEIGHBOURS, issue_ids))

    def outdated(self, since: datetime) -> list[Outdated]:
        """The issues that show another one, last asked for after ``since``, as it was before."""
        with self._connection() as connection:
            rows = connection.execute(_OUTDATED, {"since": since}).fetchall() if connection else []
        return [Outdated(*row) for row in rows]

    def _ask(self, sql: str, ids: Iterable[str]) -> list[tuple[str, str]]:
        wanted = list(ids)
        if not wanted:
            return []
        with self._connection() as connection:
            return connection.execute(sql, {"ids": wanted}).fetchall() if connection else []

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        if not self._database.exists():
            yield None
            return
        with connect(self._database, read_only=True, patience_s=_PATIENCE_S) as connection:
            yield connection if len(built(connection, _NEEDED)) == len(_NEEDED) else None
