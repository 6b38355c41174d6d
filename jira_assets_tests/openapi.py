"""Checking requests and answers against Atlassian's OpenAPI document (a subset of it, in the sample data).

``assert_valid_request`` is stricter than the document: a parameter or property that an operation does not
declare is a mistake of ours, though OpenAPI allows it.
"""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import jsonschema

from jira_assets_tests.shared_data import shared

_DOCUMENT = "openapi/jira-platform-v3.subset.json"
_VERSION = re.compile(r"^(?:/ex/jira/[^/]+)?/rest/api/(?:2|3|latest)(?=/)")


def assert_valid_request(method: str, path: str, query: Mapping[str, Any], body: object = None) -> None:
    """``query`` is {name: value or list of values}; ``body`` is the decoded JSON, None if there is none."""
    operation = _operation(method, path)
    declared = {each["name"]: each for each in operation.get("parameters", []) if each["in"] == "query"}
    unknown = query.keys() - declared.keys()
    assert not unknown, f"{method} {path} has no parameters {unknown}"
    required = {name for name, parameter in declared.items() if parameter.get("required")}
    assert required <= query.keys(), f"{method} {path} needs the parameters {required - query.keys()}"
    for name, value in query.items():
        _assert_parameter(f"{method} {path}, parameter {name}", value, declared[name]["schema"])
    schema = _content_schema(operation.get("requestBody", {}))
    if schema is None:
        assert body is None, f"{method} {path} takes no body"
    else:
        _assert_matches(f"{method} {path}, request body", body, schema)
        _assert_no_unknown_property(f"{method} {path}, request body", body, schema)


def assert_valid_response(method: str, path: str, status: int, body: object) -> None:
    """``body`` is the decoded JSON of an answer. Its status must be one that the operation declares."""
    responses = _operation(method, path)["responses"]
    assert str(status) in responses, f"{method} {path} does not answer {status}"
    schema = _content_schema(responses[str(status)])
    if schema is not None:
        _assert_matches(f"{method} {path}, answer {status}", body, schema)


def _operation(method: str, path: str) -> dict[str, Any]:
    plain = _VERSION.sub("/rest/api/3", unquote(path.partition("?")[0]))
    # Longer templates have more fixed parts: /comment/list is not /comment/{id}.
    for template in sorted(_document()["paths"], key=lambda each: (each.count("{"), each)):
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), plain):
            operations: dict[str, Any] = _document()["paths"][template]
            if method.lower() in operations:
                found: dict[str, Any] = operations[method.lower()]
                return found
    raise AssertionError(f"Jira has no operation {method} {plain}")


def _content_schema(part: Mapping[str, Any]) -> dict[str, Any] | None:
    schema: dict[str, Any] | None = part.get("content", {}).get("application/json", {}).get("schema")
    return schema


def _assert_parameter(where: str, value: object, schema: Mapping[str, Any]) -> None:
    if schema["type"] == "array":
        values = value if isinstance(value, list | tuple | set) else str(value).split(",")
        for each in values:
            _assert_parameter(where, each, schema["items"])
        return
    values = value if isinstance(value, list | tuple) else [value]
    assert len(values) == 1, f"{where} is given {len(values)} times"
    _assert_matches(where, _typed(values[0], schema["type"]), schema)


def _typed(value: object, type_: str) -> object:
    if type_ == "integer" and re.fullmatch(r"-?\d+", str(value)):
        return int(str(value))
    if type_ == "boolean" and str(value).lower() in {"true", "false"}:
        return str(value).lower() == "true"
    return str(value) if type_ == "string" else value


def _assert_no_unknown_property(where: str, body: object, schema: Mapping[str, Any]) -> None:
    declared = _resolve(schema).get("properties")
    if declared is not None and isinstance(body, dict):
        unknown = body.keys() - declared.keys()
        assert not unknown, f"{where} has unknown properties {unknown}"


def _resolve(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Mapping[str, Any] = _document()["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _assert_matches(where: str, value: object, schema: Mapping[str, Any]) -> None:
    whole = {**schema, "components": _document()["components"]}
    errors = sorted(jsonschema.Draft4Validator(whole).iter_errors(value), key=lambda error: list(error.path))
    shown = "\n".join(f"  {'/'.join(map(str, error.path))}: {error.message[:300]}" for error in errors[:5])
    assert not errors, f"{where} is not as documented:\n{shown}"


# What the subset lacks, from developer.atlassian.com/cloud/jira/platform/rest/v3.
_SETTINGS = ("voting", "watching", "subTasks", "issueLinking", "timeTracking", "attachments")
_CONFIGURATION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **{f"{name}Enabled": {"type": "boolean"} for name in _SETTINGS},
        "unassignedIssuesAllowed": {"type": "boolean"},
        "timeTrackingConfiguration": {
            "type": "object",
            "required": ["defaultUnit", "timeFormat", "workingDaysPerWeek", "workingHoursPerDay"],
        },
    },
}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


@functools.cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = _as_json_schema(json.loads(shared(_DOCUMENT).read_text()))
    schemas = document["components"]["schemas"]
    # Where Atlassian's document is wrong about its own API (all of it recorded from real sites):
    for name in ("from", "fromString", "to", "toString"):
        schemas["ChangeDetails"]["properties"][name] = {"type": ["string", "null"]}
    schemas["ChangeDetails"]["additionalProperties"] = True  # tmpFromAccountId, tmpToAccountId
    schemas["Changelog"]["properties"]["created"] = {"type": ["string", "integer"]}  # a number in bulkfetch
    document["paths"]["/rest/api/3/configuration"] = {"get": {"responses": {"200": _json(_CONFIGURATION)}}}
    return document


def _as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0 in terms of JSON Schema draft 4: only ``nullable`` differs."""
    if isinstance(value, list):
        return [_as_json_schema(each) for each in value]
    if not isinstance(value, dict):
        return value
    converted = {key: _as_json_schema(each) for key, each in value.items()}
    if converted.pop("nullable", False) is True and "type" in converted:
        converted["type"] = [converted["type"], "null"]
    return converted
