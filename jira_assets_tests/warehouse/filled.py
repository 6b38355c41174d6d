"""A warehouse with two months of generated issues, as small as a test of reading needs it."""

from pathlib import Path

from upath import UPath

from jira_assets.jira.fetch import fetch_month
from jira_assets.jira.fields import fetch_fields
from jira_assets.jira.slas import SlaSource
from jira_assets.raw.log import RawLog
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.server import serve
from jira_assets.tables.issue import Site
from jira_assets.warehouse.refresh import Refresh
from jira_assets_tests.default_tables import TABLES
from jira_assets_tests.jira.connection import connect

MONTHS = ("2026-09", "2026-10")
QUIET_MONTH = "2026-04"
ISSUES = 40


def fetch(folder: Path) -> RawLog:
    """Fetch the months."""
    raw = RawLog(UPath(folder / "raw"))
    with serve(generated_site(ISSUES)) as sandbox, connect(sandbox.url) as client:
        slas = SlaSource(lambda: fetch_fields(client).slas)
        for month in MONTHS:
            for records in fetch_month(client, month, slas=slas):
                raw.append(month, records)
    return raw


def fill(folder: Path) -> Path:
    """Fetch the months and build all tables; gives the database."""
    raw, database = fetch(folder), folder / "warehouse.duckdb"
    Refresh(raw, database, TABLES, Site()).run([*MONTHS, QUIET_MONTH])
    return database
