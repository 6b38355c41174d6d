"""The rows of `open_ticket_slas`: what was read now, and what was read before where nothing could be read."""

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec
import polars as pl
from msgspec import Raw

from jira_assets.jira.states import IssueState
from jira_assets.sync.slas.open_issues import OpenIssue
from jira_assets.tables.frames import frame
from jira_assets.tables.lenient import read
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.tables.readers import Rows
from jira_assets.tables.sla_rows import SlaCycle
from jira_assets.tables.sla_shapes import Sla
from jira_assets.timestamps import epoch_milliseconds

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
