"""What the tables know about where issues are: answers that need no request to Jira."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl

from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.privacy.values import readable
from jira_assets.raw.record import Source
from jira_assets.tables.attachments import ATTACHMENTS
from jira_assets.tables.declare import IssueTable, Table
from jira_assets.tables.issuelinks import ISSUELINKS
from jira_assets.tables.issues import ISSUES
from jira_assets.warehouse.connection import WarehouseError, connect
from jira_assets.warehouse.read import built_as_declared
from jira_assets.warehouse.store import SCHEMA, ArrowStream

_NEEDED = (ISSUES, ATTACHMENTS, ISSUELINKS)
_PATIENCE_S = 5.0

# An issue shows the summary, status, priority and key of those it is linked to, and the key of its parent,
# and its own `updated` does not move when those do. What was asked for after the other cannot be out of date.
# Nor does it move at the far end of a link that is new or removed, which may have been asked for before that.
# Who was asked for as a neighbour tells others only what had just happened to it, or two that never agree
# would follow each other for ever. A minute, since Jira's clock and ours differ.
_OUTDATED = f"""
    WITH asked AS (
        SELECT *, CASE WHEN _source <> '{Source.NEIGHBOUR}' THEN _synced_at
            ELSE least(_synced_at, updated_at + INTERVAL 1 MINUTE) END AS tells_until
        FROM {SCHEMA}.issues WHERE _synced_at > $since
    )
    SELECT shows.issue_id, shows.month, shown._synced_at, link.linked_issue_summary, shown.summary,
        coalesce(link.linked_issue_key <> shown.issue_key, false)
        OR coalesce(link.linked_issue_status <> shown.status, false)
        OR coalesce(link.linked_issue_priority <> shown.priority, false) AS differs
    FROM {SCHEMA}.issuelinks link
    JOIN asked shown ON shown.issue_id = link.linked_issue_id
    JOIN {SCHEMA}.issues shows ON shows.issue_id = link.issue_id
    WHERE shows._synced_at < shown.tells_until AND (differs OR link.linked_issue_summary <> shown.summary)
    UNION
    SELECT child.issue_id, child.month, parent._synced_at, NULL, NULL, true
    FROM {SCHEMA}.issues child JOIN asked parent ON parent.issue_id = child.parent_id
    WHERE child._synced_at < parent.tells_until AND child.parent_key <> parent.issue_key
    UNION
    SELECT far.issue_id, far.month, near._synced_at, NULL, NULL, true
    FROM {SCHEMA}.issuelinks link
    JOIN asked near ON near.issue_id = link.issue_id
    JOIN {SCHEMA}.issues far ON far.issue_id = link.linked_issue_id
    WHERE far._synced_at < near.tells_until AND NOT EXISTS (
        SELECT 1 FROM {SCHEMA}.issuelinks back
        WHERE back.link_id = link.link_id AND back.issue_id = far.issue_id)
    UNION
    SELECT far.issue_id, far.month, near._synced_at, NULL, NULL, true
    FROM {SCHEMA}.issuelinks back
    JOIN asked near ON near.issue_id = back.linked_issue_id
    JOIN {SCHEMA}.issues far ON far.issue_id = back.issue_id
    WHERE far._synced_at < near.tells_until AND NOT EXISTS (
        SELECT 1 FROM {SCHEMA}.issuelinks link
        WHERE link.link_id = back.link_id AND link.issue_id = near.issue_id)
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
_KEYS = f"SELECT issue_id, issue_key FROM {SCHEMA}.issues WHERE issue_id IN {_WANTED}"
# The columns of `KnownIssue`, in their order.
_COLUMNS = (
    "issue_id, month, issue_key AS key, project_key AS project, updated_at AS updated, status, "
    "status_category_key AS category, security_level AS level, "
    "out_of_sight_because AS hidden"
)
_STORED = f"SELECT {_COLUMNS} FROM {SCHEMA}.issues WHERE issue_id IN {_WANTED}"
_OF_PROJECT = f"SELECT {_COLUMNS} FROM {SCHEMA}.issues WHERE project_key = $project ORDER BY issue_id"
_NEWEST_UPDATE = f"SELECT max(updated_at) FROM {SCHEMA}.issues WHERE updated_at <= $until"
_OLDEST_READING = f"SELECT min(_synced_at) FROM {SCHEMA}.issues"
_NEWEST_READING = f"SELECT max(_synced_at) FROM {SCHEMA}.issues"
_CHILDREN = """
    SELECT TRY_CAST({key} AS BIGINT) AS id, list(issue_id) FROM {schema}.{table}
    WHERE id > $after AND list_contains($months, month) GROUP BY id ORDER BY id LIMIT $limit
"""
_UNREAD = f"""
    SELECT {_COLUMNS} FROM {SCHEMA}.issues
    WHERE _synced_at < $before AND list_contains($months, month)
        AND (status_category_key IS DISTINCT FROM 'done'
            OR (updated_at > $updated_since AND updated_at < $before + INTERVAL 2 DAY))
    ORDER BY _synced_at, issue_id LIMIT $limit
"""
_WITHOUT_FILES = f"""
    SELECT {_COLUMNS} FROM {SCHEMA}.issues
    WHERE list_contains($months, month) AND issue_id IN (
        SELECT issue_id FROM {SCHEMA}.attachments WHERE download_state = 'failed')
    ORDER BY _synced_at, issue_id LIMIT $limit
"""
_OPEN = f"SELECT {_COLUMNS} FROM {SCHEMA}.issues WHERE status_category_key IS DISTINCT FROM 'done'"
_UNKNOWN = f"SELECT issue_id FROM listed ANTI JOIN {SCHEMA}.issues USING (issue_id)"
# Of an issue that one has to be allowed to see, others of its level and project tell whether one still is.
_UNLISTED = f"""
    WITH seen AS (
        SELECT DISTINCT project_key, security_level
        FROM {SCHEMA}.issues SEMI JOIN listed USING (issue_id) WHERE security_level IS NOT NULL)
    SELECT {_COLUMNS},
        CASE WHEN (project_key, security_level) NOT IN (FROM seen) THEN security_level END AS unseen_level
    FROM {SCHEMA}.issues ANTI JOIN listed USING (issue_id) WHERE list_contains($months, month)
    ORDER BY issue_id
"""
_SEEN_AGAIN = f"""
    SELECT {_COLUMNS} FROM {SCHEMA}.issues SEMI JOIN listed USING (issue_id)
    WHERE out_of_sight_since IS NOT NULL ORDER BY issue_id
"""
_COUNT = f"SELECT count(*) FROM {SCHEMA}.issues WHERE list_contains($months, month)"


_UNLISTED_SCHEMA = pl.Schema(
    {
        "issue_id": pl.String(),
        "month": pl.String(),
        "key": pl.String(),
        "project": pl.String(),
        "updated": pl.Datetime("ms", "UTC"),
        "status": pl.String(),
        "category": pl.String(),
        "level": pl.String(),
        "hidden": pl.String(),
        "unseen_level": pl.String(),
    }
)


class Outdated(NamedTuple):
    """An issue that shows another one as it was before `since`."""

    issue_id: str
    month: str
    since: datetime


class KnownIssue(NamedTuple):
    """An issue as the tables have it."""

    issue_id: str
    month: str
    key: str
    project: str | None
    updated: datetime | None
    status: str | None
    category: str | None
    level: str | None = None
    hidden: str | None = None


@dataclass(frozen=True, slots=True)
class Differences:
    """Between the issues that Jira lists and those of some months here, of which there are ``stored``.

    ``seen_again`` are those that are listed and were out of sight. ``unlisted`` has the columns of
    ``KnownIssue``, and ``unseen_level``: the issue's security level, if no issue of that level and project is
    listed.
    """

    stored: int
    unknown: list[str]
    seen_again: list[KnownIssue]
    unlisted: pl.DataFrame


class Known:
    """Looks into the tables of a database. One that is not there yet, or not complete, knows nothing.

    Every method may raise WarehouseBusy, and WarehouseError for a file that is damaged. Summaries may be
    encrypted: the ``keyring`` is for those.
    """

    def __init__(self, database: Path, keyring: Keyring = NO_KEYS) -> None:
        self._database = database
        self._keyring = keyring

    def months(self, issue_ids: Iterable[str]) -> dict[str, str]:
        """The month of each of these issues that is known."""
        return dict(self._ask(_MONTHS, issue_ids))

    def issues_of_attachments(self, attachment_ids: Iterable[str]) -> dict[str, str]:
        """The issue of each of these attachments that is known."""
        return dict(self._ask(_ISSUES_OF_ATTACHMENTS, attachment_ids))

    def neighbours(self, issue_ids: Iterable[str]) -> dict[str, str]:
        """The issues that show something of these, being linked to them or below them, with their months."""
        return dict(self._ask(_NEIGHBOURS, issue_ids))

    def keys(self, issue_ids: Iterable[str]) -> dict[str, str]:
        """The last key of each of these issues that is known."""
        return dict(self._ask(_KEYS, issue_ids))

    def stored(self, issue_ids: Iterable[str]) -> dict[str, KnownIssue]:
        """What the tables have of those of these issues that are known."""
        return {row[0]: KnownIssue(*row) for row in self._ask(_STORED, issue_ids)}

    def of_project(self, project: str) -> list[KnownIssue]:
        """The issues that were of a project, by its key, when they were last fetched."""
        with self._connection() as connection:
            rows = connection.execute(_OF_PROJECT, {"project": project}).fetchall() if connection else []
        return [KnownIssue(*row) for row in rows]

    def open_issues(self) -> dict[str, KnownIssue]:
        """All issues that are not closed, by id."""
        with self._connection() as connection:
            rows = connection.execute(_OPEN).fetchall() if connection else []
        return {row[0]: KnownIssue(*row) for row in rows}

    def oldest_reading(self) -> datetime | None:
        """When what was read first, of what is stored, was asked for; None if nothing is."""
        return self._one(_OLDEST_READING)

    def newest_reading(self) -> datetime | None:
        """When what was read last, of what is stored, was asked for; None if nothing is."""
        return self._one(_NEWEST_READING)

    def surely_past(self, now: datetime) -> datetime:
        """The time that a retention counts from: ``now``, by our clock, but no later than the last reading,
        which is by Jira's. A clock that is ahead must not make everything too old to be kept.
        """
        return min(now, self.newest_reading() or now)

    def newest_update(self, until: datetime) -> datetime | None:
        """The last time that anything of what is stored was updated; what lies after ``until`` is no time."""
        return self._one(_NEWEST_UPDATE, (ISSUES,), until=until)

    def unread(
        self, before: datetime, updated_since: datetime, months: Sequence[str], limit: int
    ) -> list[KnownIssue]:
        """The issues of these months that were last asked for before a time, and are open or were updated
        since another, but not in years to come: those that have waited longest. Times are by Jira's clock.
        """
        values = {"before": before, "updated_since": updated_since, "months": list(months), "limit": limit}
        with self._connection() as connection:
            rows = connection.execute(_UNREAD, values).fetchall() if connection else []
        return [KnownIssue(*row) for row in rows]

    def without_files(self, months: Sequence[str], limit: int) -> list[KnownIssue]:
        """The issues of these months with a file that could not be downloaded, the longest known first."""
        with self._connection() as connection:
            values = {"months": list(months), "limit": limit}
            rows = connection.execute(_WITHOUT_FILES, values).fetchall() if connection else []
        return [KnownIssue(*row) for row in rows]

    def children(
        self, table: IssueTable, after: int, months: Sequence[str], limit: int
    ) -> dict[int, list[str]]:
        """The next children of these months after an id, and the issues that they belong to.

        ``table`` is one whose key begins with their id: `comments`, `worklogs`.
        """
        key = table.primary_key[0]
        sql = _CHILDREN.format(key=key, schema=SCHEMA, table=table.name)
        values = {"after": after, "months": list(months), "limit": limit}
        with self._connection() as connection:
            if connection is None or not built_as_declared(connection, [table]):
                return {}
            return dict(connection.execute(sql, values).fetchall())

    def differences(self, listed: pl.Series, months: Sequence[str]) -> Differences:
        """Compares the ids of the issues that Jira lists with the issues of these months."""
        incoming = ArrowStream(listed.rename("issue_id").to_frame())  # noqa: F841 - DuckDB looks it up here
        wanted = {"months": list(months)}
        with self._connection() as connection:
            if connection is None:
                return Differences(0, listed.to_list(), [], pl.DataFrame(schema=_UNLISTED_SCHEMA))
            connection.execute("CREATE TEMP TABLE listed AS SELECT DISTINCT issue_id FROM incoming")
            (stored,) = connection.execute(_COUNT, wanted).fetchone() or (0,)
            unknown = [issue_id for (issue_id,) in connection.execute(_UNKNOWN).fetchall()]
            seen_again = [KnownIssue(*row) for row in connection.execute(_SEEN_AGAIN).fetchall()]
            unlisted = pl.DataFrame(connection.sql(_UNLISTED, params=wanted)).cast(_UNLISTED_SCHEMA)
            connection.execute("DROP TABLE listed")
        return Differences(stored, unknown, seen_again, unlisted)

    def outdated(self, since: datetime) -> list[Outdated]:
        """The issues that show another one, last asked for after ``since``, as it was before."""
        with self._connection() as connection:
            rows = connection.execute(_OUTDATED, {"since": since}).fetchall() if connection else []
        # Ciphertexts of the same summary differ.
        outdated = (
            Outdated(*row)
            for *row, shown, summary, differs in rows
            if differs or readable(self._keyring, shown) != readable(self._keyring, summary)
        )
        return list(dict.fromkeys(outdated))

    def _one(self, sql: str, needed: Sequence[Table] = _NEEDED, **values: object) -> datetime | None:
        with self._connection(needed) as connection:
            found = connection.execute(sql, values).fetchone() if connection else None
        return found[0] if found else None

    def _ask(self, sql: str, ids: Iterable[str]) -> list[tuple[Any, ...]]:
        wanted = list(ids)
        if not wanted:
            return []
        with self._connection() as connection:
            return connection.execute(sql, {"ids": wanted}).fetchall() if connection else []

    @contextmanager
    def _connection(self, needed: Sequence[Table] = _NEEDED) -> Iterator[duckdb.DuckDBPyConnection | None]:
        if not self._database.exists():
            yield None
            return
        with connect(self._database, read_only=True, patience_s=_PATIENCE_S) as connection:
            try:
                yield connection if built_as_declared(connection, needed) else None
            except duckdb.Error as error:
                raise WarehouseError(f"{self._database} cannot be read: {error}") from error
