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
from jira_assets.defs.specs import with_policies


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
        resources={"warehouse": WarehouseIOManager(), "months": SomeMonths()},
        # Steps are short and share what they import; a process for each would cost a second per step.
        executor=in_process_executor,
    )


defs = _wired()
