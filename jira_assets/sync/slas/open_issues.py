"""What Jira shows of the issues that are open: their state and their SLAs, a hundred to a call."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import Raw

from jira_assets.jira.client import JiraClient
from jira_assets.jira.jql import open_issues
from jira_assets.jira.listing import every_issue
from jira_assets.jira.slas import Slas, slas_among
from jira_assets.jira.states import FIELDS, IssueState, states_of


class OpenIssue(NamedTuple):
    """An issue, its SLAs, and when they were asked for."""

    state: IssueState
    slas: Slas
    observed_at: datetime


class _Issue(msgspec.Struct):
    fields: dict[str, Raw] = {}


def read_open_issues(
    client: JiraClient, sla_fields: Collection[str], projects: Sequence[str]
) -> Iterator[list[OpenIssue]]:
    """All issues that search takes to be open, a page at a time. Raises ``JiraError``.

    One without a readable ``created`` has no month, and is left out; whoever fetches it whole will report it.
    """
    for page in every_issue(client, open_issues(projects), ["key", *FIELDS, *sorted(sla_fields)]):
        yield [
            OpenIssue(state, _slas(raw, sla_fields), page.sent_at)
            for raw in page.value.issues
            for state in states_of([raw])
        ]


def _slas(raw: Raw, sla_fields: Collection[str]) -> Slas:
    return slas_among(msgspec.json.decode(raw, type=_Issue).fields, sla_fields)
