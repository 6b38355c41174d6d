"""Everything wired together: what `dagster dev` loads."""

from dagster import Definitions, in_process_executor

from jira_assets.assets.published import published
from jira_assets.assets.raw_issues import raw_issues
from jira_assets.assets.tables import jira_tables
from jira_assets.automation.jobs import apply_events, sync_months
from jira_assets.automation.webhook_sensor import webhook_sensor
from jira_assets.checks.completeness import completeness_checks, raw_checks
from jira_assets.checks.tables import table_checks
from jira_assets.warehouse.io_manager import WarehouseIOManager

defs = Definitions(
    assets=[raw_issues, jira_tables, published],
    asset_checks=[raw_checks, table_checks, completeness_checks],
    jobs=[sync_months, apply_events],
    sensors=[webhook_sensor],
    resources={"warehouse": WarehouseIOManager()},
    # Steps are short and share what they import; a process for each would cost a second per step.
    executor=in_process_executor,
)
