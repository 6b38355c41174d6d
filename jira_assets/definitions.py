"""Everything wired together: what `dagster dev` loads."""

from dagster import (
    Definitions,
    in_process_executor,
    load_asset_checks_from_package_module,
    load_assets_from_package_module,
)

from jira_assets import defs as package
from jira_assets.defs.health.alerts import alerts
from jira_assets.defs.health.retention import daily_retention, retain_history
from jira_assets.defs.jira.failed_months import SomeMonths
from jira_assets.defs.jira.lookups_sensor import lookups_sensor
from jira_assets.defs.jira.rebuild_sensor import rebuild_sensor
from jira_assets.defs.jira.webhook_sensor import webhook_sensor
from jira_assets.defs.jobs import (
    apply_events,
    audit_published,
    measure_health,
    rebuild_months,
    refresh_fields,
    refresh_lookups,
    refresh_slas,
    sweep_recent,
    sync_months,
    take_census,
)
from jira_assets.defs.resources.io_manager import WarehouseIOManager
from jira_assets.defs.schedules import (
    daily_audit,
    daily_census,
    daily_fields,
    daily_health,
    daily_lookups,
    hourly_reconcile,
    sla_refresh,
)

defs = Definitions(
    assets=load_assets_from_package_module(package),
    asset_checks=load_asset_checks_from_package_module(package),
    jobs=[
        sync_months,
        apply_events,
        rebuild_months,
        refresh_slas,
        refresh_fields,
        refresh_lookups,
        sweep_recent,
        take_census,
        audit_published,
        measure_health,
        retain_history,
    ],
    schedules=[
        sla_refresh,
        hourly_reconcile,
        daily_census,
        daily_audit,
        daily_fields,
        daily_lookups,
        daily_health,
        daily_retention,
    ],
    sensors=[webhook_sensor, lookups_sensor, rebuild_sensor, alerts],
    resources={"warehouse": WarehouseIOManager(), "months": SomeMonths()},
    # Steps are short and share what they import; a process for each would cost a second per step.
    executor=in_process_executor,
)
