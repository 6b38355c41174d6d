"""What Jira shows of the issues that are open: their state and their SLAs, a hundred to a call."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from jira_assets.jira.bulk import bulk_issues, search
from jira_assets.jira.client import JiraClient
from jira_assets.jira.jql import open_issues
from jira_assets.jira.slas import Slas, slas_among
from jira_assets.timestamps import month_of, parse_timestamp

T = TypeVar("T")
_STATE = ("key", "status", "resolution", "resolutiondate", "updated", "created", "project")
DONE = "done"
"""The key of the category of statuses in which an issue is closed; names are the site's own."""


class ShownIssue(NamedTuple):
    """An issue as Jira shows it. ``month`` is that of its ``created``, in UTC."""

    issue_id: str
    key: str
    month: str
    updated: datetime | None
    status: str | None
    category: str | None
    slas: Slas
    observed_at: datetime


class _Category(msgspec.Struct):
    key: str | None = None


class _Status(msgspec.Struct):
    name: str | None = None
    statusCategory: _Category | None = None


class _Issue(msgspec.Struct):
    id: str | int
    key: str | None = None
    fields: dict[str, Raw] = {}


def read_open_issues(
    client: JiraClient, sla_fields: Collection[str], projects: Sequence[str]
) -> Iterator[list[ShownIssue]]:
    """All open issues, a page at a time. Raises ``JiraError``."""
    for page in search(client, open_issues(projects), [*_STATE, *sorted(sla_fields)]):
        yield _shown(page.value.issues, sla_fields, page.sent_at)


def read_issues(client: JiraClient, issue_ids: Sequence[str]) -> dict[str, ShownIssue]:
    """The state of these issues by id, whatever the search index says; those that can be seen."""
    found: dict[str, ShownIssue] = {}
    for page in bulk_issues(client, issue_ids, _STATE):
        found |= {issue.issue_id: issue for issue in _shown(page.value.issues, (), page.sent_at)}
    return found


def _shown(issues: Sequence[Raw], sla_fields: Collection[str], sent_at: datetime) -> list[ShownIssue]:
    shown = []
    for raw in issues:
        issue = msgspec.json.decode(raw, type=_Issue)
        issue_id = str(issue.id)
        created = parse_timestamp(_decoded(issue.fields, "created", object))
        if created is None:
            continue  # it has no month; whoever fetches it whole will report it
        status = _decoded(issue.fields, "status", _Status)
        category = status.statusCategory if status else None
        shown.append(
            ShownIssue(
                issue_id,
                issue.key or issue_id,
                month_of(created),
                parse_timestamp(_decoded(issue.fields, "updated", object)),
                status.name if status else None,
                category.key if category else None,
                slas_among(issue.fields, sla_fields),
                sent_at,
            )
        )
    return shown


def _decoded(fields: Mapping[str, Raw], name: str, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(fields[name], type=kind)
    except (KeyError, msgspec.DecodeError):
        return None
