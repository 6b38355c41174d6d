"""Whether the content of attachments is here."""

from dagster import AssetCheckSeverity

from jira_assets.checks.rules import Rule
from jira_assets.raw.attachments import FileState
from jira_assets.tables.attachments import ATTACHMENTS
from jira_assets.warehouse.store import SCHEMA

CONTENT_STORED = Rule(
    ATTACHMENTS.name,
    "content_is_stored",
    "No attempt to download the content of an attachment has failed. The next run of its issue tries again.",
    f"""
    SELECT month, issue_key || ' (' || count(*) || ' files)' AS offender
    FROM {SCHEMA}.{ATTACHMENTS.name} WHERE {{within}} AND download_state = '{FileState.FAILED}'
    GROUP BY month, issue_key
    """,
    severity=AssetCheckSeverity.WARN,
)
