"""The checks of the tables. Those that block keep wrong data from being published."""

from collections.abc import Iterator

from dagster import AssetCheckExecutionContext, AssetCheckResult, multi_asset_check

from jira_assets.checks.evaluate import evaluate, specs
from jira_assets.checks.rules import rules
from jira_assets.tables.catalogue import TABLES

RULES = tuple(rules(TABLES))


@multi_asset_check(specs=specs(RULES), can_subset=True)
def table_checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
    yield from evaluate(RULES, context.selected_asset_check_keys)
