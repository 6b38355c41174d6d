"""The ``/field`` catalogue: Jira's system fields, and what can be told of custom ones from their values."""

import re
from collections.abc import Collection, Iterable
from typing import Any

SLA_FIELD = "com.atlassian.servicedesk:sd-sla-field"

# id: (name, schema type, schema items)
_SYSTEM_FIELDS: dict[str, tuple[str, str, str | None]] = {
    "statuscategorychangedate": ("Status Category Changed", "datetime", None),
    "issuetype": ("Issue Type", "issuetype", None),
    "parent": ("Parent", "issuelink", None),
    "timespent": ("Time Spent", "number", None),
    "project": ("Project", "project", None),
    "fixVersions": ("Fix versions", "array", "version"),
    "aggregatetimespent": ("Σ Time Spent", "number", None),
    "resolution": ("Resolution", "resolution", None),
    "resolutiondate": ("Resolved", "datetime", None),
    "workratio": ("Work Ratio", "number", None),
    "lastViewed": ("Last Viewed", "datetime", None),
    "watches": ("Watchers", "watches", None),
    "created": ("Created", "datetime", None),
    "priority": ("Priority", "priority", None),
    "labels": ("Labels", "array", "string"),
    "timeestimate": ("Remaining Estimate", "number", None),
    "aggregatetimeoriginalestimate": ("Σ Original Estimate", "number", None),
    "versions": ("Affects versions", "array", "version"),
    "issuelinks": ("Linked Issues", "array", "issuelinks"),
    "assignee": ("Assignee", "user", None),
    "updated": ("Updated", "datetime", None),
    "status": ("Status", "status", None),
    "components": ("Components", "array", "component"),
    "timeoriginalestimate": ("Original estimate", "number", None),
    "description": ("Description", "string", None),
    "timetracking": ("Time tracking", "timetracking", None),
    "security": ("Security Level", "securitylevel", None),
    "attachment": ("Attachment", "array", "attachment"),
    "aggregatetimeestimate": ("Σ Remaining Estimate", "number", None),
    "summary": ("Summary", "string", None),
    "creator": ("Creator", "user", None),
    "subtasks": ("Sub-tasks", "array", "issuelinks"),
    "reporter": ("Reporter", "user", None),
    "aggregateprogress": ("Σ Progress", "progress", None),
    "environment": ("Environment", "string", None),
    "duedate": ("Due date", "date", None),
    "progress": ("Progress", "progress", None),
    "votes": ("Votes", "votes", None),
    "comment": ("Comment", "comments-page", None),
    "worklog": ("Log Work", "array", "worklog"),
}
NOT_NAVIGABLE = frozenset({"comment", "worklog", "timetracking"})

FIELDS_OF_SETTINGS: dict[str, tuple[str, ...]] = {
    "votingEnabled": ("votes",),
    "watchingEnabled": ("watches",),
    "unassignedIssuesAllowed": (),
    "subTasksEnabled": ("subtasks",),
    "issueLinkingEnabled": ("issuelinks",),
    "timeTrackingEnabled": ("worklog", "timetracking", "timespent", "timeestimate", "timeoriginalestimate"),
    "attachmentsEnabled": ("attachment",),
}
"""The global settings, and the fields that issues have only where they are on."""

_CUSTOM = re.compile(r"customfield_(\d+)")


def system_fields() -> list[dict[str, Any]]:
    """The system fields of every site. ``issuekey`` is the only one without a schema."""
    key = {"id": "issuekey", "key": "issuekey", "name": "Key", "custom": False, "orderable": False}
    key |= {"navigable": True, "searchable": True, "clauseNames": ["id", "issue", "issuekey", "key"]}
    return [key, *(_system_field(field_id) for field_id in _SYSTEM_FIELDS)]


def custom_field(
    number: int, name: str, type_: str, custom: str, items: str | None = None, project_id: str | None = None
) -> dict[str, Any]:
    """One custom field; ``project_id`` makes it belong to that (team-managed) project only."""
    schema: dict[str, Any] = {"type": type_}
    if items is not None:
        schema["items"] = items
    schema |= {"custom": custom, "customId": number}
    field = _field(f"customfield_{number}", name, schema, clause_names=[f"cf[{number}]", name])
    field["custom"] = True
    if project_id is not None:
        field["scope"] = {"type": "PROJECT", "project": {"id": project_id}}
    return field


def infer_fields(field_ids: Iterable[str], sla_field_ids: Collection[str]) -> list[dict[str, Any]]:
    """A catalogue for issues that came without one: custom fields are called after their numbers."""
    numbers = sorted(int(found[1]) for found in map(_CUSTOM.fullmatch, field_ids) if found)
    custom = [_inferred(number, f"customfield_{number}" in sla_field_ids) for number in numbers]
    return system_fields() + custom


def rename_field(catalogue: Iterable[dict[str, Any]], field_id: str, name: str) -> None:
    """Give a field of a site's catalogue another name, as an administrator does; the id stays."""
    for field in catalogue:
        if field["id"] == field_id:
            field["clauseNames"] = [*field["clauseNames"][:-1], name]
            field["name"] = name


def names_and_schemas(
    fields: Iterable[dict[str, Any]], used: Collection[str]
) -> tuple[dict[str, str], dict[str, Any]]:
    """What ``expand=names`` and ``expand=schema`` add: by field id, for the fields that an answer uses."""
    known = [field for field in fields if field["id"] in used]
    schemas = {field["id"]: field["schema"] for field in known if "schema" in field}
    return {field["id"]: field["name"] for field in known}, schemas


def _inferred(number: int, is_sla: bool) -> dict[str, Any]:
    if is_sla:
        return custom_field(number, f"SLA {number}", "sd-servicelevelagreement", SLA_FIELD)
    return custom_field(number, f"Custom field {number}", "any", "com.atlassian.jira.plugin.system:unknown")


def _system_field(field_id: str) -> dict[str, Any]:
    name, type_, items = _SYSTEM_FIELDS[field_id]
    schema: dict[str, Any] = {"type": type_}
    if items is not None:
        schema["items"] = items
    schema["system"] = field_id
    return _field(field_id, name, schema, clause_names=[field_id])


def _field(field_id: str, name: str, schema: dict[str, Any], clause_names: list[str]) -> dict[str, Any]:
    return {
        "id": field_id,
        "key": field_id,
        "name": name,
        "custom": False,
        "orderable": field_id not in {"created", "updated"},
        "navigable": field_id not in NOT_NAVIGABLE,
        "searchable": True,
        "clauseNames": clause_names,
        "schema": schema,
    }
