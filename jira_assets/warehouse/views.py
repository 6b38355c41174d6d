"""The views that analysts query, over the published files."""

from collections.abc import Iterator, Sequence

from jira_assets.tables.catalogue import UNPARTITIONED
from jira_assets.tables.declare import Table
from jira_assets.tables.field_columns import FieldColumn
from jira_assets.tables.issue import Site
from jira_assets.tables.issues import ISSUES
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS

SLA_LIVE = "sla_live"
_SMALL = {table.name for table in UNPARTITIONED}
_AT_RISK_WITHIN = "INTERVAL 1 HOUR"
_OF_PART = {"breached": "breached", "goal": "goal_millis", "elapsed": "elapsed_millis"}

# A clock that ran when it was read has run on since, as far as anybody knows without the site's calendar.
_LIVE = f"""
    SELECT
        reading.*,
        elapsed_millis + since AS elapsed_now_millis,
        remaining_millis - since AS remaining_now_millis,
        breached OR coalesce(runs AND breach_at <= now(), false) AS breached_now,
        coalesce(runs AND NOT breached AND breach_at BETWEEN now() AND now() + {_AT_RISK_WITHIN}, false)
            AS at_risk
    FROM (
        SELECT *, is_ongoing AND NOT coalesce(paused, false) AS runs,
            CASE WHEN runs AND coalesce(within_calendar_hours, true)
                THEN greatest(0, epoch_ms(now()) - epoch_ms(observed_at)) ELSE 0 END AS since
        FROM {OPEN_TICKET_SLAS.view}
    ) AS reading
"""


def views(sources: Sequence[tuple[Table, str]], site: Site) -> Iterator[tuple[str, str]]:
    """Names and queries, in the order in which they can be made.

    ``sources`` are the published tables, each with what reads its files. The site tells which SLAs `issues`
    shows.
    """
    names = {table.name for table, _ in sources}
    has_slas = OPEN_TICKET_SLAS.name in names
    # The others may be built upon the small ones.
    for table, reader in sorted(sources, key=lambda source: source[0].name not in _SMALL):
        query = _as_declared(table, reader)
        is_overlaid = table.name == ISSUES.name and has_slas
        yield table.view, _with_newer_slas(query, site) if is_overlaid else query
    if has_slas:
        yield SLA_LIVE, _LIVE


def _as_declared(table: Table, reader: str) -> str:
    """The declared columns, whatever the files have: they may be of another version for a while.

    One that they lack is NULL, and so is a value that cannot be what is declared now.
    """
    none = ", ".join(f'NULL AS "{column.name}"' for column in table.columns)
    columns = ", ".join(
        f'TRY_CAST("{column.name}" AS {column.stored.sql}) AS "{column.name}"' for column in table.columns
    )
    return f"SELECT {columns} FROM (SELECT {none} WHERE false UNION ALL BY NAME SELECT * FROM {reader})"


def _with_newer_slas(issues: str, site: Site) -> str:
    """The issues, with the SLAs of open ones as they were read last."""
    replaced, joined = [], []
    for number, (field_id, columns) in enumerate(_shown_slas(site).items()):
        newer = f"newer_{number}"
        replaced += [
            f"CASE WHEN {newer}.observed_at > issue._synced_at THEN {newer}.{_OF_PART[column.part]} "
            f'ELSE issue."{column.column.name}" END AS "{column.column.name}"'
            for column in columns
        ]
        joined.append(
            f"LEFT JOIN (SELECT * FROM {OPEN_TICKET_SLAS.view} WHERE sla_field_id = '{field_id}') AS {newer} "
            f"ON {newer}.issue_id = issue.issue_id"
        )
    if not replaced:
        return issues
    return f"SELECT issue.* REPLACE ({', '.join(replaced)}) FROM ({issues}) AS issue {' '.join(joined)}"


def _shown_slas(site: Site) -> dict[str, list[FieldColumn]]:
    """The columns that show a part of an SLA, by the id of its field."""
    return {
        field_id.replace("'", "''"): [column for column in columns if column.type == "sla"]
        for field_id, columns in site.shown_by.items()
        if any(column.type == "sla" for column in columns)
    }
