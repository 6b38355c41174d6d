"""`sla_cycles`: every cycle of every service level agreement of every issue."""

from jira_assets.raw.record import Part
from jira_assets.tables.columns import integer
from jira_assets.tables.declare import SERVICE_DESK_API, IssueTable
from jira_assets.tables.issue import Issue
from jira_assets.tables.sla_rows import CYCLE_COLUMNS, SLA_FIELD_ID, SlaCycle


def _cycles(issue: Issue) -> list[SlaCycle]:
    names = issue.site.names_by_id
    return [
        SlaCycle(field_id, names.get(field_id), sla, place, cycle, observed_at)
        for field_id, (observed_at, sla) in issue.slas.items()
        for place, cycle in enumerate(sla.cycles())
    ]


SLA_CYCLES = IssueTable(
    name="sla_cycles",
    description=(
        "One row per cycle of a service level agreement, as of the last time that the issue was fetched. Of "
        "open issues `open_ticket_slas` is newer."
    ),
    own_columns=(
        SLA_FIELD_ID,
        integer("cycle_index", "Position among the SLA's cycles, from 0.", "place", nullable=False),
        *CYCLE_COLUMNS,
    ),
    primary_key=("issue_id", "sla_field_id", "cycle_index"),
    source=f"{SERVICE_DESK_API}request/",
    parts=frozenset({Part.ISSUE, Part.SLA}),
    elements=_cycles,
)
