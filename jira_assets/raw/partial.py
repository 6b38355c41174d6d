"""Issues of which Jira could not load some fields: it leaves those out of an answer that is good otherwise.

Each field has the value of the latest row that says something about it. A whole row says something about
every field: one that is absent is gone. A partial row says nothing about the fields that it names.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from jira_assets.raw.record import fields_left_out

Fields = dict[str, msgspec.Raw]
"""The members of a JSON object, as Jira wrote each of them."""

_NULL = b"null"


class NamedPayload(NamedTuple):
    """The payload of a row of the issue part, and the name under which it stands in the log."""

    name: str
    payload: bytes


def merged(answers: Sequence[NamedPayload]) -> bytes:
    """The payload that these answers come to, the latest of them first: of the same bytes in any case.

    What is no JSON object says nothing; if that is the latest, it is the payload.
    """
    newest = answers[0]
    unknown = fields_left_out(newest.name)
    if not unknown:
        return newest.payload
    issue, fields = decoded(newest.payload)
    if issue is None:
        return newest.payload
    for answer in answers[1:]:
        told = unknown - fields_left_out(answer.name)
        older_issue, older = decoded(answer.payload)
        if older_issue is None:
            continue
        fields |= {name: older[name] for name in sorted(told & older.keys())}
        unknown -= told
        if not unknown:
            break
    return msgspec.json.encode({**issue, "fields": fields})


def set_fields(payload: bytes) -> set[str]:
    """The ids of the fields of an issue that are not null."""
    return {name for name, value in decoded(payload)[1].items() if bytes(value) != _NULL}


def older_fields(name: str) -> str | None:
    """Why the payload of an issue is not whole, if the latest row about it has this name."""
    left_out = fields_left_out(name)
    if not left_out:
        return None
    return f"Jira could not load {', '.join(sorted(left_out))}: what is stored of it is older"


def decoded(payload: bytes) -> tuple[Fields | None, Fields]:
    """The members of an issue, None if it is no JSON object, and its fields."""
    try:
        issue = msgspec.json.decode(payload, type=Fields)
        return issue, msgspec.json.decode(issue.get("fields", msgspec.Raw(b"{}")), type=Fields)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, {}
