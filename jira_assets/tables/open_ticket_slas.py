"""`open_ticket_slas`: the latest reading of the SLAs of all open issues, taken every few minutes."""

from jira_assets.tables.declare import KEY_COLUMNS, SERVICE_DESK_API, Table
from jira_assets.tables.sla_rows import CYCLE_COLUMNS, SLA_FIELD_ID

OPEN_TICKET_SLAS = Table(
    name="open_ticket_slas",
    description=(
        "One row per open issue and service level agreement: the ongoing cycle, else the last that was "
        "completed. Elapsed time moves without any event, so this table is read anew every 15 minutes."
    ),
    own_columns=(
        *KEY_COLUMNS,
        SLA_FIELD_ID,
        *CYCLE_COLUMNS,
    ),
    primary_key=("issue_id", "sla_field_id"),
    source=f"{SERVICE_DESK_API}request/",
)
