"""All tables, and the version of the code that makes them."""

import hashlib
from functools import cache
from importlib import resources

from jira_assets.tables.attachments import ATTACHMENTS
from jira_assets.tables.changelog import CHANGELOG
from jira_assets.tables.comments import COMMENTS
from jira_assets.tables.completeness import COMPLETENESS
from jira_assets.tables.data_health import DATA_HEALTH
from jira_assets.tables.declare import IssueTable, Table
from jira_assets.tables.deleted_issues import DELETED_ISSUES
from jira_assets.tables.issue import Site
from jira_assets.tables.issuelinks import ISSUELINKS
from jira_assets.tables.issues import ISSUES
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.tables.remote_links import REMOTE_LINKS
from jira_assets.tables.sla_cycles import SLA_CYCLES
from jira_assets.tables.unreadable_values import UNREADABLE_VALUES
from jira_assets.tables.worklogs import WORKLOGS

TABLES: tuple[IssueTable, ...] = (
    ISSUES,
    COMMENTS,
    ATTACHMENTS,
    CHANGELOG,
    ISSUELINKS,
    REMOTE_LINKS,
    SLA_CYCLES,
    WORKLOGS,
    COMPLETENESS,
    UNREADABLE_VALUES,
    DELETED_ISSUES,
)
UNPARTITIONED: tuple[Table, ...] = (OPEN_TICKET_SLAS, DATA_HEALTH)
BY_NAME = {table.name: table for table in TABLES}
_PURE_PACKAGES = ("jira_assets.tables", "jira_assets.text")


@cache
def code_version() -> str:
    """A digest of the code that turns payloads into rows. Nobody can forget to raise it; when it differs from
    the one a month was built with, the month is rebuilt from raw.
    """
    digest = hashlib.sha256()
    for package in _PURE_PACKAGES:
        files = [file for file in resources.files(package).iterdir() if file.name.endswith(".py")]
        for file in sorted(files, key=lambda file: file.name):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    digest.update(resources.files("jira_assets").joinpath("timestamps.py").read_bytes())
    return digest.hexdigest()[:16]


def version(site: Site) -> str:
    """What rows depend on beside their issue: the code, and the site's address and field names."""
    return f"{code_version()}-{hashlib.sha256(repr(site).encode()).hexdigest()[:8]}"
