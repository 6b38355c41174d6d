"""The rows of `open_ticket_slas`: what was read now, and what was read before where nothing could be read."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
import polars as pl
from msgspec import Raw

from jira_assets.jira.client import JiraClient
from jira_assets.jira.jql import open_issues
from jira_assets.jira.listing import every_issue
from jira_assets.jira.slas import Slas, slas_among
from jira_assets.jira.states import FIELDS, IssueState, states_of
from jira_assets.tables.frames import frame
from jira_assets.tables.lenient import read
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.tables.readers import Rows
from jira_assets.tables.sla_rows import SlaCycle
from jira_assets.tables.sla_shapes import Sla
from jira_assets.timestamps import epoch_milliseconds


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


_NULL = b"null"
_KEY = ["issue_id", "sla_field_id"]


def readings(
    issues: Iterable[OpenIssue],
    names: Mapping[str, str],
    previous: pl.DataFrame,
    unread: Collection[str],
) -> pl.DataFrame:
    """A frame of the table's schema, in the order of its keys.

    ``names`` are those of the fields. ``previous`` rows stay for the issues in ``unread``, and for those SLAs
    of the others that Jira did not tell: what cannot be read is not gone.
    """
    told: list[tuple[str, str]] = []
    open_ids = list(unread)
    owners: list[_Owner] = []
    cycles: list[SlaCycle] = []
    for issue in issues:
        told += [(issue.state.issue_id, field_id) for field_id in issue.slas.fields]
        found = list(_current_cycles(issue, names))
        owners += [_Owner(issue.state)] * len(found)
        cycles += found
        open_ids.append(issue.state.issue_id)
    told_frame = pl.DataFrame(told, schema=dict.fromkeys(_KEY, pl.String), orient="row")
    kept = previous.filter(pl.col("issue_id").is_in(open_ids)).join(told_frame, on=_KEY, how="anti")
    return pl.concat([frame(OPEN_TICKET_SLAS, Rows(owners, cycles)), kept]).sort(_KEY)


class _Owner:
    """The issue that an SLA is of."""

    def __init__(self, state: IssueState) -> None:
        self.month, self.issue_id, self.key = state.month, state.issue_id, state.key

    def note(self, field: str, reason: str) -> None:
        """What cannot be read is NULL. When the issue is fetched, `unreadable_values` tells of it."""


def _current_cycles(issue: OpenIssue, names: Mapping[str, str]) -> Iterator[SlaCycle]:
    observed_at = epoch_milliseconds(issue.observed_at)
    for field_id, raw in msgspec.json.decode(issue.slas.payload or b"{}", type=dict[str, Raw]).items():
        sla = None if bytes(raw) == _NULL else read(Sla, raw, field_id, lambda _path, _reason: None)
        if sla is not None and sla.current is not None:
            yield SlaCycle(field_id, names.get(field_id), sla, 0, sla.current, observed_at)
