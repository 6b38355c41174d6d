"""Reads about the site and the caller: myself, mypermissions, serverInfo, configuration, field, projects."""

from collections.abc import Collection
from typing import Any

import msgspec

from jira_assets.sandbox.accounts import ANONYMOUS, CLOUD_ID
from jira_assets.sandbox.call import Answer, Call, RefusedError, json_answer
from jira_assets.sandbox.catalogue import FIELDS_OF_SETTINGS, SLA_FIELD
from jira_assets.sandbox.people import PEOPLE
from jira_assets.sandbox.times import iso

_PERMISSIONS = {
    "ADMINISTER": ("0", "Administer Jira", "GLOBAL"),
    "BROWSE_PROJECTS": ("10", "Browse Projects", "PROJECT"),
    "EDIT_ISSUES": ("12", "Edit Issues", "PROJECT"),
    "VIEW_READONLY_WORKFLOW": ("45", "View Read-Only Workflow", "PROJECT"),
    "SERVICEDESK_AGENT": ("-1", "Service Project Agent", "PROJECT"),
}
_PROJECT_PARAMETERS = frozenset(
    {"startAt", "maxResults", "orderBy", "id", "keys", "query", "typeKey", "categoryId", "action", "expand"}
    | {"status", "properties", "propertyQuery"}
)
_PERMISSION_PARAMETERS = frozenset(
    {"projectKey", "projectId", "issueKey", "issueId", "permissions", "projectUuid", "commentId"}
    | {"projectConfigurationUuid"}
)
_PROJECT_PROPERTIES = ("self", "id", "key", "name", "projectTypeKey")
_MAX_PROJECTS = 100


def myself(call: Call) -> Answer:
    call.check_parameters({"expand"})
    account = call.account
    if account is ANONYMOUS:
        raise RefusedError(401, "Client must be authenticated to access this resource.")
    return json_answer(
        {
            "self": f"{call.sandbox.url}/rest/api/3/user?accountId={account.account_id}",
            "accountId": account.account_id,
            "accountType": "atlassian",
            "emailAddress": account.email,
            "displayName": account.display_name,
            "active": True,
            "timeZone": account.time_zone,
            "locale": account.locale,
        }
    )


def my_permissions(call: Call) -> Answer:
    call.check_parameters(_PERMISSION_PARAMETERS)
    asked = call.texts("permissions")
    if not asked:
        raise RefusedError(400, "The 'permissions' query parameter is required.")
    if unknown := [name for name in asked if name not in _PERMISSIONS]:
        raise RefusedError(400, f"Unrecognized permission: {', '.join(unknown)}.")
    if (project := call.text("projectKey")) and project not in _visible_projects(call):
        raise RefusedError(404, f"No project could be found with key '{project}'.")
    return json_answer({"permissions": {name: _permission(call, name) for name in asked}})


def server_info(call: Call) -> Answer:
    call.check_parameters(())
    return json_answer(
        {
            "baseUrl": call.sandbox.url,
            "displayUrl": call.sandbox.url,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100295,
            "buildDate": "2026-11-02T08:12:29.000+0000",
            "serverTime": iso(call.site.clock()),
            "scmInfo": "0000000000000000000000000000000000000000",
            "serverTitle": call.site.title,
            "serverTimeZone": "UTC",
        }
    )


def configuration(call: Call) -> Answer:
    """The global settings [DOC developer.atlassian.com/cloud/jira/platform/rest/v3, Get global settings]."""
    call.check_parameters(())
    settings: dict[str, Any] = {name: name not in call.site.switched_off for name in FIELDS_OF_SETTINGS}
    if settings["timeTrackingEnabled"]:
        settings["timeTrackingConfiguration"] = {
            "workingHoursPerDay": 8.0,
            "workingDaysPerWeek": 5.0,
            "timeFormat": "pretty",
            "defaultUnit": "minute",
        }
    return json_answer(settings)


def fields(call: Call) -> Answer:
    call.check_parameters(())
    catalogue = call.site.fields()
    if call.account is ANONYMOUS:
        catalogue = [field for field in catalogue if field.get("schema", {}).get("custom") != SLA_FIELD]
    return json_answer(catalogue)


def projects(call: Call) -> Answer:
    call.check_parameters(_PROJECT_PARAMETERS)
    expand = set(call.texts("expand"))
    found = [_project(call, raw, expand) for raw in _visible_projects(call).values()]
    if wanted := set(call.query.get("keys", ())):
        found = [project for project in found if project["key"] in wanted]
    if wanted := set(call.query.get("id", ())):
        found = [project for project in found if project["id"] in wanted]
    if wanted := {*",".join(call.query.get("typeKey", ())).split(",")} - {""}:
        found = [project for project in found if project["projectTypeKey"] in wanted]
    if text := call.text("query").lower():
        found = [each for each in found if text in each["key"].lower() or text in each["name"].lower()]
    order = call.text("orderBy", "key")
    if order.lstrip("+-") not in {"key", "name"}:
        raise RefusedError(400, f"The orderBy value '{order}' is not supported.")
    found.sort(key=lambda project: str(project[order.lstrip("+-")]), reverse=order.startswith("-"))
    start, limit = call.number("startAt", 0), min(call.number("maxResults", 50), _MAX_PROJECTS)
    url = f"{call.sandbox.url}/rest/api/3/project/search"
    page: dict[str, Any] = {"self": f"{url}?startAt={start}&maxResults={limit}", "maxResults": limit}
    page |= {"startAt": start, "total": len(found), "isLast": start + limit >= len(found)}
    if not page["isLast"]:
        page["nextPage"] = f"{url}?startAt={start + limit}&maxResults={limit}"
    return json_answer(page | {"values": found[start : start + limit]})


def tenant_info(_call: Call) -> Answer:
    """The only operation without authentication."""
    return json_answer({"cloudId": CLOUD_ID})


def _visible_projects(call: Call) -> dict[str, bytes]:
    visible = call.account.projects
    return {key: raw for key, raw in call.site.projects().items() if visible is None or key in visible}


def _project(call: Call, raw: bytes, expand: Collection[str]) -> dict[str, Any]:
    project: dict[str, Any] = msgspec.json.decode(raw)
    shown = {name: project[name] for name in _PROJECT_PROPERTIES if name in project}
    shown.setdefault("projectTypeKey", "software")
    if "lead" in expand:
        shown["lead"] = PEOPLE[0]
    if "projectKeys" in expand:  # which the document names, and does not describe
        former = call.site.directory.former_keys(str(project.get("id")))
        shown["projectKeys"] = [project["key"], *(key for key in former if key != project["key"])]
    return shown | {
        "expand": "description,lead,issueTypes,url,projectKeys,permissions,insight",
        "simplified": project.get("simplified", False),
        "style": "next-gen" if project.get("simplified") else "classic",
        "isPrivate": False,
        "properties": {},
    }


def _permission(call: Call, name: str) -> dict[str, Any]:
    number, title, kind = _PERMISSIONS[name]
    have = bool(_visible_projects(call))
    if name == "SERVICEDESK_AGENT":
        have = have and call.account.agent
    if name in {"ADMINISTER", "EDIT_ISSUES"}:
        have = have and not call.account.under_privileged
    return {"id": number, "key": name, "name": title, "type": kind, "description": "", "havePermission": have}
