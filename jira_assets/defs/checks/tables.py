"""The checks of the tables. Months that break one of those that block are not published."""

from collections.abc import Iterator

from dagster import AssetCheckExecutionContext, AssetCheckResult, multi_asset_check

from jira_assets.checks.attachments import CONTENT_STORED
from jira_assets.checks.evaluate import evaluate, specs
from jira_assets.checks.rules import COMPLETE, rules, rules_of_any
from jira_assets.defs.checks.months import months_of
from jira_assets.sync.configuration import catalogue
from jira_assets.tables.catalogue import UNPARTITIONED

RULES = (*rules(catalogue().tables), CONTENT_STORED)
ALL_RULES = (*RULES, COMPLETE)
"""Those that are about the tables by month: what is found in a month is found by all of them at once."""
RULES_OF_UNPARTITIONED = tuple(rule for table in UNPARTITIONED for rule in rules_of_any(table))


@multi_asset_check(specs=specs(RULES), can_subset=True)
def table_checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
    selected = context.selected_asset_check_keys
    yield from evaluate(ALL_RULES, selected, months_of(context), run_id=context.run.run_id)


@multi_asset_check(specs=specs(RULES_OF_UNPARTITIONED), can_subset=True)
def unpartitioned_table_checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
    yield from evaluate(RULES_OF_UNPARTITIONED, context.selected_asset_check_keys)
