"""Columns of `issues` that come from a site's own fields, and `custom_fields`, which holds all the others.

SLAs are fields of a site too, but have a part, and with `sla_cycles` a table, of their own.

Custom fields have ids that differ from site to site, so a column names its field as people do, and the field
catalogue (`GET /rest/api/3/field`, kept beside the raw log) tells the id. A column is NULL on a site that
lacks the field, or has several of that name.
"""

from collections.abc import Callable
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from jira_assets.tables.declare import Column, Kind, Personal
from jira_assets.tables.issue import Issue
from jira_assets.tables.sla_rows import millis
from jira_assets.tables.sla_shapes import Sla
from jira_assets.text.adf import to_text


class Configured(NamedTuple):
    """A column, the name of the field that it shows, and how its value is told from the field's."""

    column: Column
    field_name: str
    value: Callable[[Any], object]


def configured_values(issue: Issue) -> tuple[tuple[object, ...], str | None]:
    """The values of the configured columns, and all other custom fields as a JSON object by name."""
    values: dict[str, object] = dict.fromkeys(_COLUMNS)
    others: dict[str, object] = {}
    unique_names, names = issue.site.unique_names, issue.site.names_by_id
    slas = {field_id: sla for field_id, (_, sla) in issue.slas.items()}
    for field_id, value in chain(issue.custom_fields.items(), slas.items()):
        shown = _BY_FIELD.get(unique_names.get(field_id))
        if shown is None:
            if field_id not in slas:
                others[names.get(field_id, field_id)] = value
            continue
        for column, field_name, value_of in shown:
            try:
                values[column.name] = value_of(value)
            except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
                issue.note(column.name, f"the field {field_name} holds {value!r:.80}")
    return tuple(values.values()), msgspec.json.encode(others).decode() if others else None


def _text(value: Any) -> str | None:
    """What a person reads in the field: the text, rich text, or the options that are chosen."""
    if isinstance(value, dict) and value.get("type") != "doc":
        child = value.get("child")
        chosen = value["value"] if "value" in value else value["name"]
        return f"{chosen} > {_text(child)}" if child else str(chosen)
    if isinstance(value, list):
        return ", ".join(text for text in map(_text, value) if text)
    if isinstance(value, bool | int | float):
        return msgspec.json.encode(value).decode()
    return to_text(value)


def _names(value: list[dict[str, Any]]) -> list[str]:
    return [str(item.get("displayName") or item["name"]) for item in value]


def _request_type(value: dict[str, Any]) -> str | None:
    return str(value["requestType"]["name"])


def _request_status(value: dict[str, Any]) -> str | None:
    status = value.get("currentStatus")
    return None if status is None else str(status["status"])


def _integer(value: Any) -> int:
    number = int(value)
    if number.bit_length() > 63:
        raise ValueError("no column holds a number like that")
    return number


def _rating(value: dict[str, Any]) -> int | None:
    rating = value["rating"]
    return None if rating is None else _integer(rating)


def _breached(sla: Sla) -> bool | None:
    return sla.current.breached if sla.current else None


def _goal(sla: Sla) -> int | None:
    return millis(sla.current.goalDuration) if sla.current else None


def _elapsed(sla: Sla) -> int | None:
    return millis(sla.current.elapsedTime) if sla.current else None


def _text_field(column: str, field_name: str, personal: Personal = Personal.NONE) -> Configured:
    described = f"The site's field {field_name}."
    return Configured(Column(column, Kind.TEXT, described, personal), field_name, _text)


def _sla_columns(prefix: str, field_name: str) -> tuple[Configured, ...]:
    cycle = f"of the ongoing, else the last completed cycle of the SLA {field_name}"
    return (
        Configured(
            Column(f"{prefix}_breached", Kind.BOOLEAN, f"Jira's word {cycle}."), field_name, _breached
        ),
        Configured(Column(f"{prefix}_goal_millis", Kind.INTEGER, f"Goal {cycle}, ms."), field_name, _goal),
        Configured(
            Column(f"{prefix}_elapsed_millis", Kind.INTEGER, f"Elapsed {cycle}, ms."), field_name, _elapsed
        ),
    )


SLA_FIELD_NAMES = {"first_response": "Time to first response", "time_to_resolution": "Time to resolution"}
"""The SLAs that `issues` has columns of: how those begin, and the names of the fields."""

CONFIGURED = (
    Configured(
        Column("request_type", Kind.TEXT, "Type of the customer's request."), "Request Type", _request_type
    ),
    Configured(
        Column("request_status", Kind.TEXT, "Status as the customer sees it."),
        "Request Type",
        _request_status,
    ),
    _text_field("severity", "Severity"),
    _text_field("triage", "Triage"),
    _text_field("configuration_item", "Configuration Item"),
    Configured(
        Column("participants", Kind.TEXT_LIST, "Who takes part in the request.", Personal.IDENTITY),
        "Request participants",
        _names,
    ),
    Configured(
        Column("organizations", Kind.TEXT_LIST, "The customer's organizations."), "Organizations", _names
    ),
    _text_field("spam", "Spam"),
    _text_field("context", "Context", Personal.FREE_TEXT),
    _text_field("keboola_platform_url", "Keboola platform URL"),
    _text_field("slack_link", "Slack link"),
    _text_field("technical_issue_category", "Technical Issue Category"),
    _text_field("email_address", "Email Address", Personal.CONTACT),
    Configured(
        Column("satisfaction", Kind.INTEGER, "The customer's rating, 1 to 5."), "Satisfaction", _rating
    ),
    _text_field("l3_team", "L3 Team"),
    *(column for prefix, name in SLA_FIELD_NAMES.items() for column in _sla_columns(prefix, name)),
)
_COLUMNS = tuple(column.name for column, _, _ in CONFIGURED)
_BY_FIELD: dict[str | None, list[Configured]] = {}
for _configured in CONFIGURED:
    _BY_FIELD.setdefault(_configured.field_name.casefold(), []).append(_configured)
