"""The rows of `open_ticket_slas`: what was read now, and what was read before where nothing could be read."""

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec
import polars as pl
from msgspec import Raw

from jira_assets.sync.slas.open_issues import OpenIssue
from jira_assets.tables.declare import Kind, Row
from jira_assets.tables.frames import timestamps
from jira_assets.tables.lenient import read
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.tables.sla_rows import cycle_row
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
    rows: list[Row] = []
    told: list[tuple[str, str]] = []
    open_ids = list(unread)
    for issue in issues:
        told += [(issue.state.issue_id, field_id) for field_id in issue.slas.fields]
        rows += _rows(issue, names)
        open_ids.append(issue.state.issue_id)
    told_frame = pl.DataFrame(told, schema=dict.fromkeys(_KEY, pl.String), orient="row")
    kept = previous.filter(pl.col("issue_id").is_in(open_ids)).join(told_frame, on=_KEY, how="anti")
    return pl.concat([_frame(rows), kept]).sort(_KEY)


def _rows(issue: OpenIssue, names: Mapping[str, str]) -> Iterator[Row]:
    observed_at, state = epoch_milliseconds(issue.observed_at), issue.state
    for field_id, raw in msgspec.json.decode(issue.slas.payload or b"{}", type=dict[str, Raw]).items():
        sla = None if bytes(raw) == _NULL else read(Sla, raw, field_id, lambda _path, _reason: None)
        if sla is not None and sla.current is not None:
            cycle = cycle_row(names.get(field_id), sla, sla.current, observed_at)
            yield (state.month, state.issue_id, state.key, field_id, *cycle)


def _frame(rows: list[Row]) -> pl.DataFrame:
    columns = OPEN_TICKET_SLAS.columns
    values = zip(*rows, strict=True) if rows else ((),) * len(columns)
    return pl.DataFrame(
        [
            timestamps(column.name, list(of_column))
            if column.kind is Kind.TIMESTAMP
            else pl.Series(column.name, list(of_column), dtype=column.kind.polars)
            for column, of_column in zip(columns, values, strict=True)
        ]
    )
