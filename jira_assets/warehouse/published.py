"""Reading back what is published, as analysts do: through the views."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb
import polars as pl
from upath import UPath

from jira_assets.files import local
from jira_assets.raw.record import Part
from jira_assets.tables.changelog import CHANGELOG
from jira_assets.tables.comments import COMMENTS
from jira_assets.tables.completeness import COMPLETENESS
from jira_assets.tables.declare import IssueTable, Table
from jira_assets.tables.issues import ISSUES
from jira_assets.tables.worklogs import WORKLOGS
from jira_assets.warehouse.connection import WarehouseError
from jira_assets.warehouse.publish import VIEWS

Columns = Mapping[IssueTable, Sequence[str]]
Rows = dict[tuple[str, ...], dict[str, Any]]
"""The rows of an issue in a table, by the rest of their primary key."""

_AMONG = "list_contains($months, month) AND list_contains($ids, issue_id)"
# Of lists that an answer about an issue may show the beginning of: where they are, and what tells them apart.
_LISTS: dict[Part, tuple[Table, str]] = {
    Part.COMMENTS: (COMMENTS, "comment_id"),
    Part.WORKLOGS: (WORKLOGS, "worklog_id"),
    Part.CHANGELOG: (CHANGELOG, "change_id"),
}


@dataclass(frozen=True, slots=True)
class IssueMonth:
    """The month that an issue is published in, and whether it is known to be out of the account's sight."""

    month: str
    is_hidden: bool


class Counted(NamedTuple):
    """How many children an issue is published with, and by `completeness` how many Jira promised when they
    were fetched, and how many were stored.
    """

    published: int
    promised: int | None
    stored: int | None


@dataclass(slots=True)
class PublishedIssue:
    """The rows of an issue by table, and how many children it has of each part."""

    rows: dict[str, Rows] = field(default_factory=lambda: defaultdict(dict))
    counts: dict[Part, Counted] = field(default_factory=dict)


class Published:
    """The published copy in a folder."""

    def __init__(self, folder: UPath) -> None:
        self._path = local(folder / VIEWS)

    def places(self, projects: Collection[str]) -> dict[str, IssueMonth]:
        """Where the issues of these projects are, by id. Raises WarehouseError."""
        query = f"SELECT issue_id, month, out_of_sight_since IS NOT NULL FROM {ISSUES.view}"
        with self._opened() as connection:
            found = connection.execute(
                f"{query} WHERE list_contains($projects, project_key)", {"projects": list(projects)}
            )
            return {issue_id: IssueMonth(month, is_hidden) for issue_id, month, is_hidden in found.fetchall()}

    def issues(self, columns: Columns, places: Mapping[str, IssueMonth]) -> dict[str, PublishedIssue]:
        """What these columns hold of the issues at these places, by id. Raises WarehouseError."""
        issues: dict[str, PublishedIssue] = defaultdict(PublishedIssue)
        where = {"ids": list(places), "months": list({place.month for place in places.values()})}
        with self._opened() as connection:
            for table, names in columns.items():
                for row in _selected(connection, table.view, [*table.primary_key, *names], where):
                    key = tuple(str(row[name]) for name in table.primary_key if name != "issue_id")
                    issues[row["issue_id"]].rows[table.name][key] = row
            for part in _LISTS:
                for issue_id, counted in _counted(connection, part, where):
                    issues[issue_id].counts[part] = counted
        return issues

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            with duckdb.connect(str(self._path), read_only=True) as connection:
                connection.execute("SET TimeZone = 'UTC'")
                yield connection
        except duckdb.Error as error:
            raise WarehouseError(f"the published copy {self._path} cannot be read: {error}") from error


def _selected(
    connection: duckdb.DuckDBPyConnection, view: str, names: Sequence[str], where: Mapping[str, list[str]]
) -> list[dict[str, Any]]:
    columns = ", ".join(f'"{name}"' for name in dict.fromkeys(["issue_id", *names]))
    query = f"SELECT {columns} FROM {view} WHERE {_AMONG}"
    return pl.DataFrame(connection.sql(query, params=dict(where))).to_dicts()


def _counted(
    connection: duckdb.DuckDBPyConnection,
    part: Part,
    where: Mapping[str, list[str]],
) -> list[tuple[str, Counted]]:
    table, child_id = _LISTS[part]
    rows = connection.execute(
        f"SELECT issue_id, coalesce(count, 0), expected, stored FROM "
        f"(SELECT issue_id, expected, stored FROM {COMPLETENESS.view} WHERE part = $part AND {_AMONG}) "
        f"LEFT JOIN (SELECT issue_id, count(DISTINCT {child_id}) AS count FROM {table.view} "
        f"WHERE {_AMONG} GROUP BY issue_id) USING (issue_id)",
        {"part": part.value, **where},
    ).fetchall()
    return [(issue_id, Counted(*counted)) for issue_id, *counted in rows]
