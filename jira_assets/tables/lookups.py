"""What the site calls things, as tables: `jira_projects`, `jira_statuses`, `jira_users` and so on.

Each is a declaration: the list that it shows (see `jira.lookups`), the shape of an entry as far as it is
read, and the columns. Shapes are those of Jira Cloud's REST API, version 3, Agile 1.0 and Service Management.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from jira_assets.raw.lookups import Entry
from jira_assets.tables.columns import boolean, date, integer, text, text_list, timestamp
from jira_assets.tables.declare import CATEGORY_KEYS, Column, Personal, Table
from jira_assets.tables.frames import frame
from jira_assets.tables.issue import Problem
from jira_assets.tables.lenient import read
from jira_assets.tables.protection import Protection
from jira_assets.tables.readers import Rows, as_text, each, id_text, of_owner
from jira_assets.tables.shapes import Id, ProjectScope, StatusCategory, User, When


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
    scope: ProjectScope | None = None


class _Named(msgspec.Struct):
    name: str | None = None
    description: str | None = None
    isDefault: bool | None = None


class _IssueType(msgspec.Struct):
    name: str | None = None
    subtask: bool | None = None
    hierarchyLevel: int | None = None
    scope: ProjectScope | None = None


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
    """A table of one of the site's lists. Its elements are entries of it, decoded as a shape."""

    list_name: str
    shape: type[Any]


class _Listed:
    """An entry of a list, to whom belongs what was decoded of it."""

    def __init__(self, entry: Entry, problems: list[Problem]) -> None:
        self.entry = entry
        self.id = entry.id
        self._problems = problems

    def note(self, field: str, reason: str) -> None:
        self._problems.append(Problem(str(self.id), field, reason))


def lookup_frame(
    table: LookupTable, entries: Sequence[Entry], protection: Protection
) -> tuple[pl.DataFrame, list[Problem]]:
    """Entries as a frame of the table's schema, by id, and what of them could not be read."""
    problems: list[Problem] = []
    listed = [one for one in (_Listed(entry, problems) for entry in entries) if one.id is not None]
    shapes = [
        read(table.shape, one.entry.entry, table.list_name, one.note) or table.shape() for one in listed
    ]
    return protection.frame(table, frame(table, Rows(listed, shapes))), problems


_ID = of_owner("id")
_IS_LISTED = boolean(
    "is_listed", "False once Jira does not list it any more.", of_owner("entry.listed"), nullable=False
)
_READ_AT = timestamp(
    "_read_at",
    "When the list that it was last found in was asked for.",
    of_owner("entry.read_at"),
    nullable=False,
)


def _table(
    name: str, one: str, shape: type[Any], *columns: Column, id_column: Column | None = None
) -> LookupTable:
    identified_by = id_column or text(
        f"{one.replace(' ', '_')}_id", f"Jira's id of the {one}.", _ID, nullable=False
    )
    return LookupTable(
        name=f"jira_{name}",
        description=f"One row per {one} that the account sees or has seen, with the name that it has now.",
        own_columns=(identified_by, *columns, _IS_LISTED, _READ_AT),
        primary_key=(identified_by.name,),
        list_name=name,
        shape=shape,
    )


def _name(of: str) -> Column:
    return text("name", f"Name of the {of}, as the site shows it.", "name")


def _board_id(listed: _Listed, sprint: _Sprint) -> str | None:
    return as_text(sprint.originBoardId) or listed.entry.of


_DESCRIPTION = text("description", "What the site says about it.", "description", Personal.FREE_TEXT)
_PROJECT_ID = text("project_id", "Id of the project that it belongs to.", of_owner("entry.of"))
_ONLY_PROJECT = text(
    "project_id", "Id of the only project that has it; NULL where all may.", id_text("scope.project.id")
)
_LEAD = text("lead_account_id", "Account id of who leads it.", "lead.account_id", Personal.ACCOUNT)
_ARCHIVED = boolean("is_archived", "Whether it is archived; NULL where Jira does not say.", "archived")

LOOKUP_TABLES: tuple[LookupTable, ...] = (
    _table(
        "projects",
        "project",
        _Project,
        text("project_key", "Key of the project.", "key"),
        _name("project"),
        text("type", "software, service_desk or business.", "projectTypeKey"),
        text("category", "Name of the category that it is in.", "projectCategory.name"),
        _LEAD,
        _ARCHIVED,
        boolean("is_team_managed", "Whether its team manages it, and no administrator.", "simplified"),
        text_list(
            "former_keys",
            "Keys that it had before, oldest first, as far as known.",
            of_owner("entry.former_keys"),
        ),
    ),
    _table(
        "statuses",
        "status",
        _Status,
        _name("status"),
        text("category", "Name of its category, as the site shows it.", "statusCategory.name"),
        text("category_key", "Key of its category.", "statusCategory.key", accepted=CATEGORY_KEYS),
        _ONLY_PROJECT,
    ),
    _table(
        "priorities",
        "priority",
        _Named,
        _name("priority"),
        _DESCRIPTION,
        boolean("is_default", "Whether issues get it unless told otherwise.", "isDefault"),
    ),
    _table("resolutions", "resolution", _Named, _name("resolution"), _DESCRIPTION),
    _table(
        "issue_types",
        "issue type",
        _IssueType,
        _name("type"),
        boolean("is_subtask", "Whether its issues are sub-tasks.", "subtask"),
        integer("hierarchy_level", "-1 for sub-tasks, 0 for issues, 1 for epics.", "hierarchyLevel"),
        _ONLY_PROJECT,
    ),
    _table(
        "components", "component", _Component, _PROJECT_ID, _name("component"), _DESCRIPTION, _LEAD, _ARCHIVED
    ),
    _table(
        "versions",
        "version",
        _Version,
        _PROJECT_ID,
        _name("version"),
        _DESCRIPTION,
        boolean("is_released", "Whether it is released.", "released"),
        _ARCHIVED,
        date("start_date", "When work on it began or is to begin.", "startDate"),
        date("release_date", "When it was or is to be released.", "releaseDate"),
    ),
    _table(
        "users",
        "user",
        _Account,
        text("display_name", "Name that the site shows.", "displayName", Personal.IDENTITY),
        text("email", "Address; NULL where it is hidden.", "emailAddress", Personal.CONTACT),
        boolean("is_active", "Whether the account can be used.", "active"),
        text("account_type", "atlassian, app, customer or unknown.", "accountType"),
        id_column=text("account_id", "Account id; columns of people name it.", _ID, Personal.ACCOUNT),
    ),
    _table(
        "boards",
        "board",
        _Board,
        _name("board"),
        text("type", "scrum, kanban or simple.", "type"),
        text("project_id", "Id of the project that it belongs to.", id_text("location.projectId")),
    ),
    _table(
        "sprints",
        "sprint",
        _Sprint,
        _name("sprint"),
        text("board_id", "Id of the board that it was made on.", each(_board_id)),
        text("state", "future, active or closed.", "state"),
        timestamp("start_at", "When it began or is to begin.", "startDate"),
        timestamp("end_at", "When it is planned to end.", "endDate"),
        timestamp("completed_at", "When it was closed.", "completeDate"),
    ),
    _table("organizations", "organization", _Named, _name("organization")),
    _table(
        "request_types",
        "request type",
        _RequestType,
        _name("request type"),
        _DESCRIPTION,
        text("service_desk_id", "Id of the service desk that offers it.", id_text("serviceDeskId")),
        text("issue_type_id", "Id of the type that its issues have.", id_text("issueTypeId")),
    ),
)
"""In the order of `jira.lookups.LISTS`."""
