"""The check that says when a configured column shows nothing because its field cannot be told."""

from collections.abc import Iterator

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, multi_asset_check

from jira_assets.defs.keys import asset_key
from jira_assets.raw.errors import RawLogError
from jira_assets.settings import Settings
from jira_assets.sync.configuration import resolution
from jira_assets.tables.issues import ISSUES

_SHOWN = 50

FIELDS_ARE_MAPPED = AssetCheckSpec(
    "fields_are_mapped",
    asset=asset_key(ISSUES.name),
    description=(
        "Every configured column finds the field that it shows: the site has one field of that name or id, "
        "and only one. Otherwise the column is NULL."
    ),
)


@multi_asset_check(specs=[FIELDS_ARE_MAPPED])
def field_checks() -> Iterator[AssetCheckResult]:
    yield fields_are_mapped(Settings.load())


def fields_are_mapped(settings: Settings) -> AssetCheckResult:
    """The verdict on the mapping, by the catalogue that was fetched last; names the candidates."""
    try:
        problems = resolution(settings).problems
    except RawLogError as error:
        problems = [str(error)]
    metadata: dict[str, int | list[str]] = {"count": len(problems)}
    return AssetCheckResult(
        passed=not problems,
        asset_key=FIELDS_ARE_MAPPED.asset_key,
        check_name=FIELDS_ARE_MAPPED.name,
        severity=AssetCheckSeverity.WARN,
        metadata=metadata | ({"columns": problems[:_SHOWN]} if problems else {}),
    )
