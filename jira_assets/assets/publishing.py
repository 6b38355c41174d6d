"""Publishing as it is configured: small tables, and the views over all that is published."""

from upath import UPath

from jira_assets.configuration import catalogue, resolution, site
from jira_assets.settings import Settings
from jira_assets.tables.declare import Table
from jira_assets.warehouse import publish


def publish_table(settings: Settings, table: Table) -> None:
    """Write a table without partitions where analysts look for it, and the views."""
    publish.publish_table(settings.warehouse_path, table, settings.published_dir)
    publish_views(settings)


def publish_views(settings: Settings) -> UPath:
    """(Re)write the views over what is published."""
    return publish.publish_views(
        settings.published_dir, catalogue().tables, site(settings, resolution(settings))
    )
