"""The values in `custom_fields`: all fields of a site that no column shows, as people know them."""

from typing import Any

import msgspec

from jira_assets.tables.field_types import option
from jira_assets.tables.issue import Issue
from jira_assets.text.adf import Write

_OF_AN_OPTION = {"self", "id", "value", "child", "disabled"}


def custom_fields(issue: Issue, _fields: object) -> str | None:
    """The custom fields that no column shows, as a JSON object by name.

    SLAs are fields of a site too, but have a part, and with `sla_cycles` a table, of their own.
    """
    shown_by, keys, slas = issue.site.shown_by, issue.site.keys, issue.slas
    found = {
        keys.get(field_id, field_id): value if isinstance(value, str) else plain(value, issue.text)
        for field_id, value in issue.own_fields.items()
        if field_id not in shown_by and field_id not in slas
    }
    # In an order of their own: the one in which fields are met differs from run to run.
    return msgspec.json.encode(dict(sorted(found.items()))).decode() if found else None


def plain(value: Any, write: Write) -> object:
    """A value as analysts want it: options by their values, people by account id and name, documents as text.

    A list is a list of such. Numbers, texts, dates and objects of which nobody knows the shape stay as Jira
    sends them.
    """
    try:
        if isinstance(value, list):
            return [_element(each, write) for each in value]
        return _element(value, write)
    except RecursionError:
        return value  # an option below options below options


def _element(value: Any, write: Write) -> object:
    if not isinstance(value, dict):
        return value
    if value.get("type") == "doc":
        return write(value)
    if _is_option(value):
        return option(value)
    if isinstance(value.get("accountId"), str) or ("displayName" in value and "self" in value):
        account_id = value.get("accountId") or value.get("key") or value.get("name")
        return {"account_id": account_id, "name": value.get("displayName")}
    if isinstance(value.get("requestType"), dict):
        status = value.get("currentStatus")
        return {
            "request_type": value["requestType"].get("name"),
            "status": status.get("status") if isinstance(status, dict) else None,
        }
    # Versions, groups, projects and organizations have an address; what else has a name has more to say.
    if isinstance(value.get("name"), str) and ("self" in value or "_links" in value):
        return value["name"]
    return value


def _is_option(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("value"), str):
        return False
    child = value.get("child")
    return value.keys() <= _OF_AN_OPTION and (child is None or _is_option(child))
