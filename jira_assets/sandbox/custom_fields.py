"""The custom fields of a generated site: their catalogue, and values of every type."""

import random
from typing import Any

from jira_assets.sandbox.agreements import FIRST_RESPONSE, RESOLUTION
from jira_assets.sandbox.catalogue import SLA_FIELD, custom_field, system_fields
from jira_assets.sandbox.documents import plain_document, sentence
from jira_assets.sandbox.people import BASE_URL, someone

_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"
_DESK = "com.atlassian.servicedesk:"


def field_catalogue() -> list[dict[str, Any]]:
    """What ``/field`` says of a generated site. Two fields are called "Team": names are not unique."""
    return [
        *system_fields(),
        custom_field(10016, "Story point estimate", "number", _TYPES + "float"),
        custom_field(10020, "Sprint", "array", "com.pyxis.greenhopper.jira:gh-sprint", "json"),
        custom_field(10030, "Severity", "option", _TYPES + "select"),
        custom_field(10031, "Affected areas", "array", _TYPES + "multiselect", "option"),
        custom_field(10032, "Product", "option-with-child", _TYPES + "cascadingselect"),
        custom_field(10033, "Go-live", "date", _TYPES + "datepicker"),
        custom_field(10034, "Incident start", "datetime", _TYPES + "datetime"),
        custom_field(10035, "Approver", "user", _TYPES + "userpicker"),
        custom_field(10036, "Participants", "array", _TYPES + "multiuserpicker", "user"),
        custom_field(10037, "Größe / サイズ", "string", _TYPES + "textfield"),
        custom_field(10038, "Root cause", "string", _TYPES + "textarea"),
        custom_field(10039, "Team", "string", _TYPES + "textfield"),
        custom_field(10040, "Team", "array", _TYPES + "labels", "string", project_id="10003"),
        custom_field(10041, "Slack Link", "string", _TYPES + "url"),
        custom_field(10060, "Request Type", "sd-customerrequesttype", _DESK + "vp-origin"),
        custom_field(
            10061, "Organizations", "array", _DESK + "sd-customer-organizations", "sd-customerorganization"
        ),
        custom_field(10062, "Satisfaction", "sd-feedback", _DESK + "sd-request-feedback"),
        custom_field(10070, FIRST_RESPONSE[1], "sd-servicelevelagreement", SLA_FIELD),
        custom_field(10071, RESOLUTION[1], "sd-servicelevelagreement", SLA_FIELD),
    ]


def custom_values(rng: random.Random, project_kind: str, day: str, moment: str) -> dict[str, Any]:
    """The custom fields of one issue but for SLAs: each is there, and null more often than not."""
    values = {
        "customfield_10016": float(rng.choice((1, 2, 3, 5, 8))),
        "customfield_10020": [
            {"id": rng.randint(1, 90), "name": f"Sprint {rng.randint(1, 90)}", "state": "closed"}
        ],
        "customfield_10030": _option(rng, "S", 4),
        "customfield_10031": [_option(rng, "Area ", 9) for _ in range(rng.randint(1, 3))],
        "customfield_10032": _option(rng, "Product ", 3) | {"child": _option(rng, "Module ", 5)},
        "customfield_10033": day,
        "customfield_10034": moment,
        "customfield_10035": someone(rng),
        "customfield_10036": [someone(rng) for _ in range(rng.randint(0, 3))],
        "customfield_10037": sentence(rng, 1, 3),
        "customfield_10038": plain_document(sentence(rng) + "\n\n" + sentence(rng)),
        "customfield_10039": f"team-{rng.randint(1, 5)}",
        "customfield_10041": f"https://example.slack.com/archives/C{rng.randint(10000, 99999)}",
    }
    values = {name: value if rng.random() < 0.4 else None for name, value in values.items()}
    return values | (_desk_values(rng) if project_kind == "service_desk" else {})


def _option(rng: random.Random, prefix: str, count: int) -> dict[str, Any]:
    number = rng.randint(1, count)
    identity = f"{10100 + len(prefix) * 20 + number}"
    return {
        "self": f"{BASE_URL}/rest/api/3/customFieldOption/{identity}",
        "value": f"{prefix}{number}",
        "id": identity,
    }


def _desk_values(rng: random.Random) -> dict[str, Any]:
    number = rng.randint(1, 6)
    request_type = {
        "_links": {"self": f"{BASE_URL}/rest/servicedeskapi/servicedesk/1/requesttype/{number}"},
        "requestType": {"id": str(number), "name": f"Request type {number}", "serviceDeskId": "1"},
        "currentStatus": {"status": "Waiting for support", "statusCategory": "NEW"},
    }
    organization = {"id": str(number), "name": f"Organization {number}", "_links": {"self": BASE_URL}}
    rated = rng.random() < 0.3
    return {
        "customfield_10060": request_type if rng.random() < 0.9 else None,
        "customfield_10061": [organization] if rng.random() < 0.7 else [],
        "customfield_10062": {"rating": rng.randint(1, 5), "comment": sentence(rng)} if rated else None,
    }
