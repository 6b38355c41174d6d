"""`sla_cycles`: every cycle of every service level agreement of every issue."""

from collections.abc import Iterator

from jira_assets.raw.record import Part
from jira_assets.tables.declare import Column, IssueTable, Kind, Row
from jira_assets.tables.issue import Issue
from jira_assets.tables.sla_rows import CYCLE_COLUMNS, cycle_row


def _rows(issue: Issue) -> Iterator[Row]:
    for field_id, (observed_at, sla) in issue.slas.items():
        name = issue.site.names_by_id.get(field_id)
        for index, cycle in enumerate(sla.cycles()):
            yield (field_id, index, *cycle_row(name, sla, cycle, observed_at))


SLA_CYCLES = IssueTable(
    name="sla_cycles",
    description=(
        "One row per cycle of a service level agreement, as of the last time that the issue was fetched. Of "
        "open issues `open_ticket_slas` is newer."
    ),
    own_columns=(
        Column("sla_field_id", Kind.TEXT, "Id of the field that holds the SLA.", nullable=False),
        Column("cycle_index", Kind.INTEGER, "Position among the SLA's cycles, from 0.", nullable=False),
        *CYCLE_COLUMNS,
    ),
    primary_key=("issue_id", "sla_field_id", "cycle_index"),
    parts=frozenset({Part.ISSUE, Part.SLA}),
    rows=_rows,
)
