"""Service level agreements: custom fields of a type of their own, which only agents are told about.

To an account without an agent's licence Jira answers 200 with an error in the place of each value, or leaves
the field out (jira_cloud.md 4). Neither says anything about the SLA, so neither replaces what is known.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import Raw

from jira_assets.jira.bulk import bulk_issues
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError
from jira_assets.raw.record import NO_AGENT_LICENCE

_SERVICE_PROJECT = "service_desk"
_NULL = b"null"


@dataclass(frozen=True, slots=True)
class Slas:
    """What one issue tells of its SLAs: those that could be read, and why not all.

    ``payload`` is a JSON object of the values as Jira sent them by the ids in ``fields``; null is an SLA that
    does not apply. It is None if nothing could be read.
    """

    fields: tuple[str, ...] = ()
    payload: bytes | None = None
    refusal: str | None = None


class _Value(msgspec.Struct):
    errorMessage: str | None = None


class _Project(msgspec.Struct):
    projectTypeKey: str | None = None


class _Issue(msgspec.Struct):
    id: str
    fields: dict[str, Raw] = {}


@dataclass(frozen=True, slots=True)
class SlaSource:
    """Where the SLAs of issues are read: ``client`` is who reads them, if it is not who reads the issues."""

    catalogue: Callable[[], Collection[str]]
    client: JiraClient | None = None

    @property
    def fields(self) -> Collection[str]:
        """The ids of the site's SLA fields; waits until they are known. Raises ``JiraError``."""
        return self.catalogue()


NO_SLAS = SlaSource(frozenset)


def slas_among(fields: Mapping[str, Raw], sla_field_ids: Collection[str]) -> Slas:
    """The SLAs among the fields of an issue as Jira sent them."""
    found: dict[str, Raw] = {}
    refusals: list[str] = []
    for field_id in sorted(sla_field_ids):
        value = fields.get(field_id)
        if value is None:
            continue
        refusal = _refusal(value)
        if refusal is None:
            found[field_id] = value
        else:
            refusals.append(refusal)
    if sla_field_ids and not found and not refusals and _is_of_service_project(fields):
        refusals.append("Jira left out all SLA fields")
    is_told = found or (sla_field_ids and not refusals)  # that there are none is an answer, too
    return Slas(
        tuple(found),
        msgspec.json.encode(found) if is_told else None,
        f"{NO_AGENT_LICENCE}: {refusals[0]}" if refusals else None,
    )


def read_slas(
    client: JiraClient, issue_ids: Sequence[str], sla_field_ids: Collection[str]
) -> dict[str, tuple[Slas, datetime]]:
    """The SLAs of issues, a thousand to a call, and when they were asked for. Raises ``JiraError``.

    Of an issue that the account cannot see Jira says nothing: then that is the refusal.
    """
    fields = [*sorted(sla_field_ids), "project"]
    found: dict[str, tuple[Slas, datetime]] = {}
    sent_at: datetime | None = None
    unread: dict[str, JiraError] = {}
    for page in bulk_issues(client, issue_ids, fields, failed=unread.__setitem__):
        sent_at = page.sent_at
        for raw in page.value.issues:
            issue = msgspec.json.decode(raw, type=_Issue)
            found[issue.id] = slas_among(issue.fields, sla_field_ids), page.sent_at
    at = sent_at or client.now
    unseen = Slas(refusal=f"{NO_AGENT_LICENCE}: the account for SLAs cannot see the issue")
    refused = {issue_id: (Slas(refusal=error.without_reason), at) for issue_id, error in unread.items()}
    return {issue_id: (refused | found).get(issue_id, (unseen, at)) for issue_id in issue_ids}


def _refusal(value: Raw) -> str | None:
    """Why a value is none; None for one that is an SLA, or null."""
    if bytes(value) == _NULL:
        return None
    try:
        return msgspec.json.decode(value, type=_Value).errorMessage
    except msgspec.DecodeError:
        return "a value that is no SLA"


def _is_of_service_project(fields: Mapping[str, Raw]) -> bool:
    try:
        project = msgspec.json.decode(fields.get("project", Raw(_NULL)), type=_Project | None)
    except msgspec.DecodeError:
        return False
    return project is not None and project.projectTypeKey == _SERVICE_PROJECT
