"""What the site calls things, as tables: `jira_projects`, `jira_statuses`, `jira_users` and so on.

Each is a declaration: the list that it shows (see `jira.lookups`), the shape of an entry as far as it is
read, and the columns. Shapes are those of Jira Cloud's REST API, version 3, Agile 1.0 and Service Management.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl

from jira_assets.raw.lookups import Entry
from jira_assets.tables.declare import Column, Kind, Personal, Row, Table
from jira_assets.tables.frames import series
from jira_assets.tables.issue import Problem
from jira_assets.tables.lenient import read
from jira_assets.tables.protection import Protection
from jira_assets.tables.shapes import Id, Scope, StatusCategory, User, When


class _Category(msgspec.Struct):
    name: str | None = None


class _Project(msgspec.Struct):
    key: str | None = None
    name: str | None = None
    projectTypeKey: str | None = None
    projectCategory: _Category | None = None
    lead: User | None = None
    archived: bool | None = None
    simplified: bool | None = None


class _Status(msgspec.Struct):
    name: str | None = None
    statusCategory: StatusCategory | None = None
    scope: Scope | None = None


class _Named(msgspec.Struct):
    name: str | None = None
    description: str | None = None
    isDefault: bool | None = None


class _IssueType(msgspec.Struct):
    name: str | None = None
    subtask: bool | None = None
    hierarchyLevel: int | None = None
    scope: Scope | None = None


class _Component(msgspec.Struct):
    name: str | None = None
    description: str | None = None
    lead: User | None = None
    archived: bool | None = None


class _Version(msgspec.Struct):
    name: str | None = None
    description: str | None = None
    released: bool | None = None
    archived: bool | None = None
    startDate: str | None = None
    releaseDate: str | None = None


class _Account(msgspec.Struct):
    displayName: str | None = None
    emailAddress: str | None = None
    active: bool | None = None
    accountType: str | None = None


class _Location(msgspec.Struct):
    projectId: Id = None


class _Board(msgspec.Struct):
    name: str | None = None
    type: str | None = None
    location: _Location | None = None


class _Sprint(msgspec.Struct):
    name: str | None = None
    state: str | None = None
    originBoardId: Id = None
    startDate: When = None
    endDate: When = None
    completeDate: When = None


class _RequestType(msgspec.Struct):
    name: str | None = None
    description: str | None = None
    serviceDeskId: Id = None
    issueTypeId: Id = None


@dataclass(frozen=True)
class LookupTable(Table):
    """A table of one of the site's lists. ``values`` are those of the columns between id and `is_listed`."""

    list_name: str
    shape: type[Any]
    values: Callable[[Entry, Any], Row] = field(compare=False)


def lookup_frame(
    table: LookupTable, entries: Sequence[Entry], protection: Protection
) -> tuple[pl.DataFrame, list[Problem]]:
    """Entries as a frame of the table's schema, by id, and what of them could not be read."""
    problems: list[Problem] = []
    known = [(entry_id, entry) for entry in entries if (entry_id := entry.id) is not None]
    rows = [(entry_id, *_row(table, entry, entry_id, problems)) for entry_id, entry in known]
    ids = pl.Series([row[0] for row in rows], dtype=pl.String)
    columns = zip(table.columns, zip(*rows, strict=True), strict=True) if rows else ()
    made = [series(column, values, ids, problems) for column, values in columns]
    if not made:
        return pl.DataFrame(schema=table.schema), problems
    return protection.frame(table, pl.DataFrame(made)), problems


def _row(table: LookupTable, entry: Entry, entry_id: str, problems: list[Problem]) -> Row:
    def note(path: str, reason: str) -> None:
        problems.append(Problem(entry_id, path, reason))

    shape = read(table.shape, entry.entry, table.list_name, note) or table.shape()
    return (*table.values(entry, shape), entry.listed, entry.read_at)


_IS_LISTED = Column("is_listed", Kind.BOOLEAN, "False once Jira does not list it any more.", nullable=False)
_READ_AT = Column(
    "_read_at", Kind.TIMESTAMP, "When the list that it was last found in was asked for.", nullable=False
)


def _table(
    name: str,
    one: str,
    shape: type[Any],
    columns: tuple[Column, ...],
    values: Callable[[Entry, Any], Row],
    *,
    id_column: Column | None = None,
) -> LookupTable:
    identified_by = id_column or Column(
        f"{one.replace(' ', '_')}_id", Kind.TEXT, f"Jira's id of the {one}.", nullable=False
    )
    return LookupTable(
        name=f"jira_{name}",
        description=f"One row per {one} that the account sees or has seen, with the name that it has now.",
        own_columns=(identified_by, *columns, _IS_LISTED, _READ_AT),
        primary_key=(identified_by.name,),
        list_name=name,
        shape=shape,
        values=values,
    )


def _name(of: str, personal: Personal = Personal.NONE) -> Column:
    return Column("name", Kind.TEXT, f"Name of the {of}, as the site shows it.", personal)


def _text(value: Id) -> str | None:
    return None if value is None else str(value)


_DESCRIPTION = Column("description", Kind.TEXT, "What the site says about it.", Personal.FREE_TEXT)
_PROJECT_ID = Column("project_id", Kind.TEXT, "Id of the project that it belongs to.")
_ONLY_PROJECT = Column("project_id", Kind.TEXT, "Id of the only project that has it; NULL where all may.")
_LEAD = Column("lead_account_id", Kind.TEXT, "Account id of who leads it.", Personal.ACCOUNT)
_ARCHIVED = Column("is_archived", Kind.BOOLEAN, "Whether it is archived; NULL where Jira does not say.")
_CATEGORY_KEYS = ("new", "indeterminate", "done", "undefined")


def _project_of(scope: Scope | None) -> str | None:
    return _text(scope.project.id) if scope and scope.project else None


def _account_id(user: User | None) -> str | None:
    return user.account_id if user else None


LOOKUP_TABLES: tuple[LookupTable, ...] = (
    _table(
        "projects",
        "project",
        _Project,
        (
            Column("project_key", Kind.TEXT, "Key of the project."),
            _name("project"),
            Column("type", Kind.TEXT, "software, service_desk or business."),
            Column("category", Kind.TEXT, "Name of the category that it is in."),
            _LEAD,
            _ARCHIVED,
            Column("is_team_managed", Kind.BOOLEAN, "Whether its team manages it, and no administrator."),
            Column("former_keys", Kind.TEXT_LIST, "Keys that it had before, oldest first, as far as known."),
        ),
        lambda entry, project: (
            project.key,
            project.name,
            project.projectTypeKey,
            project.projectCategory and project.projectCategory.name,
            _account_id(project.lead),
            project.archived,
            project.simplified,
            list(entry.former_keys),
        ),
    ),
    _table(
        "statuses",
        "status",
        _Status,
        (
            _name("status"),
            Column("category", Kind.TEXT, "Name of its category, as the site shows it."),
            Column("category_key", Kind.TEXT, "Key of its category.", accepted=_CATEGORY_KEYS),
            _ONLY_PROJECT,
        ),
        lambda _, status: (
            status.name,
            status.statusCategory and status.statusCategory.name,
            status.statusCategory and status.statusCategory.key,
            _project_of(status.scope),
        ),
    ),
    _table(
        "priorities",
        "priority",
        _Named,
        (
            _name("priority"),
            _DESCRIPTION,
            Column("is_default", Kind.BOOLEAN, "Whether issues get it unless told otherwise."),
        ),
        lambda _, priority: (priority.name, priority.description, priority.isDefault),
    ),
    _table(
        "resolutions",
        "resolution",
        _Named,
        (_name("resolution"), _DESCRIPTION),
        lambda _, resolution: (resolution.name, resolution.description),
    ),
    _table(
        "issue_types",
        "issue type",
        _IssueType,
        (
            _name("type"),
            Column("is_subtask", Kind.BOOLEAN, "Whether its issues are sub-tasks."),
            Column("hierarchy_level", Kind.INTEGER, "-1 for sub-tasks, 0 for issues, 1 for epics."),
            _ONLY_PROJECT,
        ),
        lambda _, type_: (type_.name, type_.subtask, type_.hierarchyLevel, _project_of(type_.scope)),
    ),
    _table(
        "components",
        "component",
        _Component,
        (_PROJECT_ID, _name("component"), _DESCRIPTION, _LEAD, _ARCHIVED),
        lambda entry, component: (
            entry.of,
            component.name,
            component.description,
            _account_id(component.lead),
            component.archived,
        ),
    ),
    _table(
        "versions",
        "version",
        _Version,
        (
            _PROJECT_ID,
            _name("version"),
            _DESCRIPTION,
            Column("is_released", Kind.BOOLEAN, "Whether it is released."),
            _ARCHIVED,
            Column("start_date", Kind.DATE, "When work on it began or is to begin."),
            Column("release_date", Kind.DATE, "When it was or is to be released."),
        ),
        lambda entry, version: (
            entry.of,
            version.name,
            version.description,
            version.released,
            version.archived,
            version.startDate,
            version.releaseDate,
        ),
    ),
    _table(
        "users",
        "user",
        _Account,
        (
            Column("display_name", Kind.TEXT, "Name that the site shows.", Personal.IDENTITY),
            Column("email", Kind.TEXT, "Address; NULL where it is hidden.", Personal.CONTACT),
            Column("is_active", Kind.BOOLEAN, "Whether the account can be used."),
            Column("account_type", Kind.TEXT, "atlassian, app, customer or unknown."),
        ),
        lambda _, user: (user.displayName, user.emailAddress, user.active, user.accountType),
        id_column=Column("account_id", Kind.TEXT, "Account id; columns of people name it.", Personal.ACCOUNT),
    ),
    _table(
        "boards",
        "board",
        _Board,
        (_name("board"), Column("type", Kind.TEXT, "scrum, kanban or simple."), _PROJECT_ID),
        lambda _, board: (board.name, board.type, board.location and _text(board.location.projectId)),
    ),
    _table(
        "sprints",
        "sprint",
        _Sprint,
        (
            _name("sprint"),
            Column("board_id", Kind.TEXT, "Id of the board that it was made on."),
            Column("state", Kind.TEXT, "future, active or closed."),
            Column("start_at", Kind.TIMESTAMP, "When it began or is to begin."),
            Column("end_at", Kind.TIMESTAMP, "When it is planned to end."),
            Column("completed_at", Kind.TIMESTAMP, "When it was closed."),
        ),
        lambda entry, sprint: (
            sprint.name,
            _text(sprint.originBoardId) or entry.of,
            sprint.state,
            sprint.startDate,
            sprint.endDate,
            sprint.completeDate,
        ),
    ),
    _table("organizations", "organization", _Named, (_name("organization"),), lambda _, named: (named.name,)),
    _table(
        "request_types",
        "request type",
        _RequestType,
        (
            _name("request type"),
            _DESCRIPTION,
            Column("service_desk_id", Kind.TEXT, "Id of the service desk that offers it."),
            Column("issue_type_id", Kind.TEXT, "Id of the type that its issues have."),
        ),
        lambda _, request: (
            request.name,
            request.description,
            _text(request.serviceDeskId),
            _text(request.issueTypeId),
        ),
    ),
)
"""In the order of `jira.lookups.LISTS`."""
