"""Columns of `issues` that come from a site's own fields, and `custom_fields`, which holds all the others.

Custom fields have ids that differ from site to site, so a column names its field as people do, and the field
catalogue (`GET /rest/api/3/field`, kept beside the raw log) tells the id. A column is NULL on a site that
lacks the field, or has several of that name.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from jira_assets.tables.declare import Column, Kind, Personal
from jira_assets.tables.issue import Issue
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
    for field_id, value in issue.custom_fields.items():
        shown = _BY_FIELD.get(unique_names.get(field_id))
        if shown is None:
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


def _cycle(value: dict[str, Any]) -> dict[str, Any] | None:
    """The cycle that counts: the ongoing one, else the last that was completed."""
    completed = value.get("completedCycles") or []
    return value.get("ongoingCycle") or (completed[-1] if completed else None)


def _breached(value: dict[str, Any]) -> bool | None:
    cycle = _cycle(value)
    return None if cycle is None else bool(cycle["breached"])


def _goal(value: dict[str, Any]) -> int | None:
    cycle = _cycle(value)
    return None if cycle is None else _integer(cycle["goalDuration"]["millis"])


def _elapsed(value: dict[str, Any]) -> int | None:
    cycle = _cycle(value)
    return None if cycle is None else _integer(cycle["elapsedTime"]["millis"])


def _text_field(column: str, field_name: str, personal: Personal = Personal.NONE) -> Configured:
    described = f"The site's field {field_name}."
    return Configured(Column(column, Kind.TEXT, described, personal), field_name, _text)


def _sla_fields(prefix: str, field_name: str) -> tuple[Configured, ...]:
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
    *_sla_fields("first_response", "Time to first response"),
    *_sla_fields("time_to_resolution", "Time to resolution"),
)
_COLUMNS = tuple(column.name for column, _, _ in CONFIGURED)
_BY_FIELD: dict[str | None, list[Configured]] = {}
for _configured in CONFIGURED:
    _BY_FIELD.setdefault(_configured.field_name.casefold(), []).append(_configured)
