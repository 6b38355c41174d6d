"""The site's field catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Raw

from jira_assets.jira.client import JiraClient

_SLA_TYPE = "com.atlassian.servicedesk:sd-sla-field"


@dataclass(frozen=True, slots=True)
class FieldCatalogue:
    """The names of all fields by id, and the ids of those that hold SLAs: names differ from site to site.

    ``payload`` is the answer of ``GET /rest/api/3/field`` as Jira sent it.
    """

    payload: bytes
    names: Mapping[str, str]
    slas: frozenset[str]


class _Schema(msgspec.Struct):
    custom: str | None = None


class _Field(msgspec.Struct):
    id: str
    name: str
    schema: _Schema | None = None


def fetch_fields(client: JiraClient) -> FieldCatalogue:
    """What the account may see of the catalogue. Raises ``JiraError``."""
    payload = bytes(client.get_json("/rest/api/3/field", None, Raw))
    fields = msgspec.json.decode(payload, type=list[_Field])
    slas = frozenset(field.id for field in fields if field.schema and field.schema.custom == _SLA_TYPE)
    return FieldCatalogue(payload, {field.id: field.name for field in fields}, slas)
