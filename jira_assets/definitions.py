"""Everything in `defs/` wired together: what `dagster dev` and `dg dev` load."""

import warnings
from collections.abc import Sequence
from typing import cast

from dagster import (
    AssetsDefinition,
    BetaWarning,
    Definitions,
    PreviewWarning,
    in_process_executor,
    load_definitions_from_package_module,
    map_asset_specs,
    with_source_code_references,
)

from jira_assets import defs as package
from jira_assets.defs.jira.failed_months import SomeMonths
from jira_assets.defs.resources.io_manager import WarehouseIOManager
from jira_assets.defs.resources.site_copy import JiraConnection, SiteCopy
from jira_assets.defs.specs import with_policies


def resources(site_copy: SiteCopy) -> dict[str, object]:
    """What assets, checks and sensors are given, for a copy."""
    return {
        "site_copy": site_copy,
        "jira": JiraConnection(site_copy=site_copy),
        "warehouse": WarehouseIOManager(site_copy=site_copy),
        "months": SomeMonths(),
    }


def _wired() -> Definitions:
    with warnings.catch_warnings():
        # Dagster calls these functions preview or beta; constraints.txt names the version that they are of.
        warnings.simplefilter("ignore", PreviewWarning)
        warnings.simplefilter("ignore", BetaWarning)
        found = load_definitions_from_package_module(package)
        specified = map_asset_specs(with_policies, cast(Sequence[AssetsDefinition], found.assets))
        assets = with_source_code_references(specified)
    return Definitions(
        assets=assets,
        asset_checks=found.asset_checks,
        jobs=found.jobs,
        schedules=found.schedules,
        sensors=found.sensors,
        resources=resources(SiteCopy()),
        # Steps are short and share what they import; a process for each would cost a second per step.
        executor=in_process_executor,
    )


defs = _wired()
