"""The checks of the tables. Months that break one of those that block are not published."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    multi_asset_check,
)

from jira_assets.checks.evaluate import Verdict, evaluate
from jira_assets.checks.rules import COMPLETE, Rule, rules_of_any
from jira_assets.defs.checks.months import months_of
from jira_assets.defs.keys import asset_key, check_key
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.raw.log import RawLog
from jira_assets.sync.configuration import table_rules
from jira_assets.tables.catalogue import UNPARTITIONED
from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S

RULES_OF_UNPARTITIONED = tuple(rule for table in UNPARTITIONED for rule in rules_of_any(table))


def specs(rules: Sequence[Rule]) -> list[AssetCheckSpec]:
    """The rules as Dagster's checks. None is blocking there: that would hold back all months of a run."""
    return [
        AssetCheckSpec(rule.name, asset=asset_key(rule.table), description=rule.description) for rule in rules
    ]


def result(verdict: Verdict) -> AssetCheckResult:
    """A verdict in Dagster's terms."""
    key = check_key(verdict.rule)
    return AssetCheckResult(
        passed=verdict.passed,
        asset_key=key.asset_key,
        check_name=key.name,
        severity=AssetCheckSeverity[verdict.rule.severity.name],
        metadata=verdict.metadata,
    )


def results(
    database: Path,
    rules: Sequence[Rule],
    selected: Collection[AssetCheckKey],
    months: Collection[str] | None = None,
    *,
    run_id: str = "",
    patience_s: float = DEFAULT_PATIENCE_S,
) -> Iterator[AssetCheckResult]:
    """The verdicts on the selected rules: see `checks.evaluate`."""
    chosen = [rule for rule in rules if check_key(rule) in selected]
    yield from map(result, evaluate(database, rules, chosen, months, run_id=run_id, patience_s=patience_s))


@multi_asset_check(specs=specs([rule for rule in table_rules() if rule is not COMPLETE]), can_subset=True)
def table_checks(context: AssetCheckExecutionContext, site_copy: SiteCopy) -> Iterator[AssetCheckResult]:
    settings, selected = site_copy.settings, context.selected_asset_check_keys
    months = months_of(context, RawLog(settings.raw_dir))
    yield from results(settings.warehouse_path, table_rules(), selected, months, run_id=context.run.run_id)


@multi_asset_check(specs=specs(RULES_OF_UNPARTITIONED), can_subset=True)
def unpartitioned_table_checks(
    context: AssetCheckExecutionContext, site_copy: SiteCopy
) -> Iterator[AssetCheckResult]:
    database = site_copy.settings.warehouse_path
    yield from results(database, RULES_OF_UNPARTITIONED, context.selected_asset_check_keys)
