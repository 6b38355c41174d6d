"""The site's field catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
from msgspec import Raw

from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import Unavailable
from jira_assets.raw.site import decode_fields

_PATH = "/rest/api/3/field"
SLA_TYPE = "com.atlassian.servicedesk:sd-sla-field"


@dataclass(frozen=True, slots=True)
class FieldCatalogue:
    """The names of all fields by id, and the ids of those that hold SLAs: names differ from site to site.

    ``payload`` is the answer of ``GET /rest/api/3/field``: every entry as Jira sent it.
    """

    payload: bytes
    names: Mapping[str, str]
    slas: frozenset[str]


def fetch_fields(client: JiraClient) -> FieldCatalogue:
    """What the account may see of the catalogue. Raises ``JiraError``."""
    payload = msgspec.json.encode(client.get_json(_PATH, None, list[Raw]))
    try:
        fields = decode_fields(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = f"the list of fields is not the JSON that was expected ({error})"
        raise Unavailable("GET", _PATH, HTTPStatus.OK, reason) from error
    slas = frozenset(field.id for field in fields if field.schema and field.schema.custom == SLA_TYPE)
    return FieldCatalogue(payload, {field.id: field.name or field.id for field in fields}, slas)
