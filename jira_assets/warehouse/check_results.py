"""What checks found in each month, kept beside the tables: a check is about all months, a run about a few."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb

from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S, transaction

_RESULTS = "jira_assets.check_results"
_CREATE = f"""
    CREATE SCHEMA IF NOT EXISTS jira_assets;
    CREATE TABLE IF NOT EXISTS {_RESULTS} (
        layer VARCHAR, version VARCHAR, month VARCHAR, state VARCHAR, run_id VARCHAR, checked_at TIMESTAMPTZ,
        failed STRUCT(name VARCHAR, count BIGINT, offenders VARCHAR[])[])
"""


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """Why a check (``name`` is ``asset.check``) does not pass: how many offenders, and the first of them."""

    name: str
    count: int
    offenders: list[str]


class MonthResult(NamedTuple):
    """The checks that a month fails, in the ``state`` that it was in when the run ``run_id`` looked at it."""

    state: str
    run_id: str
    failed: list[RuleFinding]


def read_results(connection: duckdb.DuckDBPyConnection, layer: str, version: str) -> dict[str, MonthResult]:
    """By month, what the checks of a layer (``raw`` or ``table``) that are of this version have found."""
    try:
        rows = connection.execute(
            f"SELECT month, state, run_id, failed FROM {_RESULTS} WHERE layer = ? AND version = ?",
            [layer, version],
        ).fetchall()
    except duckdb.CatalogException:  # an older version of us made the file
        return {}
    return {
        month: MonthResult(state, run_id, [RuleFinding(**each) for each in failed])
        for month, state, run_id, failed in rows
    }


def replace_results(
    database: Path,
    layer: str,
    version: str,
    results: Mapping[str, MonthResult],
    *,
    patience_s: float = DEFAULT_PATIENCE_S,
) -> None:
    """Keep these results, by month, in the place of older ones. Raises WarehouseBusy."""
    if not results:
        return
    with transaction(database, patience_s=patience_s) as connection:
        connection.execute(_CREATE)
        connection.execute(
            f"DELETE FROM {_RESULTS} WHERE layer = ? AND list_contains(?, month)", [layer, list(results)]
        )
        for month, result in results.items():
            connection.execute(
                f"INSERT INTO {_RESULTS} VALUES (?, ?, ?, ?, ?, now(), ?)",
                [
                    layer,
                    version,
                    month,
                    result.state,
                    result.run_id,
                    [asdict(finding) for finding in result.failed],
                ],
            )
