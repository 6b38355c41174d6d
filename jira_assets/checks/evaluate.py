"""Asking the warehouse whether rules are obeyed."""

from collections.abc import Collection, Iterable, Iterator, Mapping

import duckdb
from dagster import AssetCheckKey, AssetCheckResult, AssetCheckSpec

from jira_assets.checks.rules import Rule
from jira_assets.settings import Settings
from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S, WarehouseError, connect

Metadata = Mapping[str, int | list[str]]
_OFFENDERS_SHOWN = 50


def specs(rules: Iterable[Rule]) -> list[AssetCheckSpec]:
    """The rules as Dagster's checks."""
    return [
        AssetCheckSpec(rule.name, asset=rule.table, description=rule.description, blocking=rule.blocking)
        for rule in rules
    ]


def evaluate(
    rules: Iterable[Rule], selected: Collection[AssetCheckKey], *, patience_s: float = DEFAULT_PATIENCE_S
) -> Iterator[AssetCheckResult]:
    """The verdict on each selected rule, with what breaks it in the metadata; all in one short connection.

    What cannot be asked has not passed: the metadata then say why.
    """
    chosen = [rule for rule in rules if rule.key in selected]
    database = Settings.load().warehouse_path
    try:
        if not database.exists():
            raise WarehouseError("nothing is stored yet: materialise a month first")
        with connect(database, read_only=True, patience_s=patience_s) as connection:
            results = [_verdict(connection, rule) for rule in chosen]
    except WarehouseError as error:
        results = [_result(rule, False, {"offenders": [str(error)]}) for rule in chosen]
    yield from results


def _verdict(connection: duckdb.DuckDBPyConnection, rule: Rule) -> AssetCheckResult:
    try:
        found = connection.execute(
            f"SELECT count(*), list(offender ORDER BY offender)[:{_OFFENDERS_SHOWN}] FROM ({rule.offenders})"
        ).fetchone()
    except duckdb.CatalogException as error:
        return _result(rule, False, {"offenders": [str(error).split("\n")[0]]})
    count, shown = found or (0, [])
    # The count is told even when it is 0: the UI draws it over time.
    return _result(rule, count == 0, {"count": count} | ({"offenders": shown} if count else {}))


def _result(rule: Rule, passed: bool, metadata: Metadata) -> AssetCheckResult:
    return AssetCheckResult(
        passed=passed,
        asset_key=rule.table,
        check_name=rule.name,
        severity=rule.severity,
        metadata=metadata,
    )
