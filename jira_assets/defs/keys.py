"""What Dagster knows tables and rules by."""

from dagster import AssetCheckKey, AssetKey

from jira_assets.checks.rules import Rule

SOURCE = "jira"
"""The prefix of all keys of assets that come from Jira."""


def asset_key(name: str) -> AssetKey:
    """Of a table, or of another asset of this name: `jira_fields` is `jira/fields`."""
    return AssetKey([SOURCE, name.removeprefix(f"{SOURCE}_")])


def check_key(rule: Rule) -> AssetCheckKey:
    return AssetCheckKey(asset_key(rule.table), rule.name)
