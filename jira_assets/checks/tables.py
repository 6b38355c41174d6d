"""The checks of the tables. Those that block keep wrong data from being published."""

from collections.abc import Iterator

from dagster import AssetCheckExecutionContext, AssetCheckResult, multi_asset_check

from jira_assets.checks.attachments import CONTENT_STORED
from jira_assets.checks.evaluate import evaluate, specs
from jira_assets.checks.rules import rules, rules_of_any
from jira_assets.configuration import catalogue
from jira_assets.tables.catalogue import UNPARTITIONED

RULES = (*rules(catalogue().tables), CONTENT_STORED)
RULES_OF_UNPARTITIONED = tuple(rule for table in UNPARTITIONED for rule in rules_of_any(table))


@multi_asset_check(specs=specs(RULES), can_subset=True)
def table_checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
    yield from evaluate(RULES, context.selected_asset_check_keys)


@multi_asset_check(specs=specs(RULES_OF_UNPARTITIONED), can_subset=True)
def unpartitioned_table_checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
    yield from evaluate(RULES_OF_UNPARTITIONED, context.selected_asset_check_keys)
