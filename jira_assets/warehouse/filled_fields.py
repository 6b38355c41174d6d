"""How often the fields of a site are filled, counted where their values are: in the warehouse."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from jira_assets.tables.issues import ISSUES
from jira_assets.tables.resolve import FieldResolution
from jira_assets.tables.sla_cycles import SLA_CYCLES
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.read import built
from jira_assets.warehouse.store import SCHEMA

_ISSUES = f"SELECT count(*) FROM {SCHEMA}.{ISSUES.name}"
# What is encrypted has no keys to be counted.
_KEYS = f"""
    SELECT key, count(*) FROM (
        SELECT unnest(json_keys(TRY_CAST(custom_fields AS JSON))) AS key FROM {SCHEMA}.{ISSUES.name})
    GROUP BY key
"""
_SLAS = f"""
    SELECT sla_field_id, count(DISTINCT issue_id) FROM {SCHEMA}.{SLA_CYCLES.name} GROUP BY sla_field_id
"""
_COLUMNS = "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"


@dataclass(frozen=True)
class Filled:
    """The number of issues, and by field id the number of those in which the field is filled."""

    issues: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def filled(database: Path, resolution: FieldResolution) -> Filled:
    """Counts in the warehouse; nothing is filled while nothing is stored. Raises ``WarehouseError``.

    Months that were built with other columns or names than those of now are counted as they are.
    """
    if not database.exists():
        return Filled()
    with connect(database, read_only=True) as connection:
        if len(built(connection, [ISSUES, SLA_CYCLES])) < 2:
            return Filled()
        [(issues,)] = connection.execute(_ISSUES).fetchall()
        ids = {key: id_ for id_, key in resolution.site().keys.items()}
        counts = {ids.get(key, key): count for key, count in connection.execute(_KEYS).fetchall()}
        counts |= dict(connection.execute(_SLAS).fetchall())
        for field_id, count in _in_columns(connection, resolution.columns_by_field.items()):
            counts[field_id] = max(count, counts.get(field_id, 0))
    return Filled(issues, counts)


def _in_columns(
    connection: duckdb.DuckDBPyConnection, columns: Iterable[tuple[str, list[str]]]
) -> list[tuple[str, int]]:
    existing = {name for (name,) in connection.execute(_COLUMNS, [SCHEMA, ISSUES.name]).fetchall()}
    shown = [(field_id, name) for field_id, names in columns for name in names if name in existing]
    if not shown:
        return []
    selected = ", ".join(f'count("{name}")' for _, name in shown)
    [counts] = connection.execute(f"SELECT {selected} FROM {SCHEMA}.{ISSUES.name}").fetchall()
    return [(field_id, count) for (field_id, _), count in zip(shown, counts, strict=True)]
