"""What the warehouse tells about the health of the copy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from jira_assets.raw.record import Source
from jira_assets.tables.completeness import COMPLETENESS, FAILED
from jira_assets.tables.declare import Table
from jira_assets.tables.issues import ISSUES
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.read import built
from jira_assets.warehouse.store import SCHEMA

_SINGLE_READS = (Source.WEBHOOK, Source.RECONCILE, Source.SLA_POLL)
_READ = f"""
    SELECT issue_id, _source, updated_at, _synced_at FROM {SCHEMA}.issues
    WHERE _synced_at >= $since AND list_contains($sources, _source)
"""  # noqa: S608 - of declared names
# What is withheld as a whole is told by a check of its own.
_INCOMPLETE = f"""
    SELECT count(DISTINCT issue_id) FROM {SCHEMA}.completeness
    WHERE {FAILED} OR coalesce(stored, 0) < coalesce(expected, 0)
"""  # noqa: S608 - of declared names


class IssueRead(NamedTuple):
    """An issue that was read by itself, because an event or reconciliation said so: when, and its state."""

    issue_id: str
    source: Source
    updated: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredHealth:
    """What of the stored issues was read of late, and how many lack something. None is what nobody knows:
    there is no table yet.
    """

    read: Sequence[IssueRead] | None = None
    incomplete_issues: int | None = None


def stored_health(database: Path, since: datetime) -> StoredHealth:
    """What a warehouse holds, and what of it was read since then. Raises ``WarehouseError``."""
    if not database.exists():
        return StoredHealth()
    with connect(database, read_only=True) as connection:
        return _stored(connection, since, built(connection, [ISSUES, COMPLETENESS]))


def _stored(connection: duckdb.DuckDBPyConnection, since: datetime, tables: Iterable[Table]) -> StoredHealth:
    read: list[IssueRead] | None = None
    incomplete: int | None = None
    if ISSUES in tables:
        rows = _ask(connection, _READ, since=since, sources=list(_SINGLE_READS))
        read = [IssueRead(issue_id, Source(source), updated, at) for issue_id, source, updated, at in rows]
    if COMPLETENESS in tables:
        [(incomplete,)] = _ask(connection, _INCOMPLETE)
    return StoredHealth(read, incomplete)


def _ask(connection: duckdb.DuckDBPyConnection, sql: str, **values: object) -> list[Any]:
    return connection.execute(sql, values).fetchall()
