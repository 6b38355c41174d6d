"""The views that analysts query, over the published files."""

from collections.abc import Iterator, Sequence

from jira_assets.tables.catalogue import UNPARTITIONED
from jira_assets.tables.configured import SLA_FIELD_NAMES
from jira_assets.tables.declare import Table
from jira_assets.tables.issues import ISSUES
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS

SLA_LIVE = "sla_live"
_AT_RISK_WITHIN = "INTERVAL 1 HOUR"
_OF_SLA = ("breached", "goal_millis", "elapsed_millis")

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
        FROM jira_{OPEN_TICKET_SLAS.name}
    ) AS reading
"""


def views(sources: Sequence[tuple[Table, str]]) -> Iterator[tuple[str, str]]:
    """Names and queries, in the order in which they can be made.

    ``sources`` are the published tables, each with what reads it.
    """
    readers = {table.name: reader for table, reader in sources}
    has_slas = OPEN_TICKET_SLAS.name in readers
    # The others may be built upon the small ones.
    for table, reader in sorted(sources, key=lambda source: source[0] not in UNPARTITIONED):
        is_overlaid = table is ISSUES and has_slas
        yield f"jira_{table.name}", _with_newer_slas(reader) if is_overlaid else f"SELECT * FROM {reader}"
    if has_slas:
        yield SLA_LIVE, _LIVE


def _with_newer_slas(reader: str) -> str:
    """The issues, with the SLAs of open ones as they were read last."""
    replaced, joined = [], []
    for prefix, field_name in SLA_FIELD_NAMES.items():
        replaced += [
            f"CASE WHEN {prefix}.observed_at > issue._synced_at THEN {prefix}.{value} "
            f"ELSE issue.{prefix}_{value} END AS {prefix}_{value}"
            for value in _OF_SLA
        ]
        joined.append(
            f"LEFT JOIN (SELECT * FROM jira_{OPEN_TICKET_SLAS.name} "
            f"WHERE lower(sla_name) = '{field_name.lower()}' "
            f"QUALIFY count(*) OVER (PARTITION BY issue_id) = 1) AS {prefix} "
            f"ON {prefix}.issue_id = issue.issue_id"
        )
    return f"SELECT issue.* REPLACE ({', '.join(replaced)}) FROM {reader} AS issue {' '.join(joined)}"
