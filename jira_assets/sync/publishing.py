"""Publishing as it is configured: small tables, and the views over all that is published."""

from upath import UPath

from jira_assets.raw.lookups import LookupStore
from jira_assets.settings import Settings
from jira_assets.sync.configuration import catalogue, protection, resolution, site
from jira_assets.tables.declare import Table
from jira_assets.warehouse import publish
from jira_assets.warehouse.unpartitioned import StoredLookups, store_lookups


def publish_table(settings: Settings, table: Table) -> None:
    """Write a table without partitions where analysts look for it, and the views."""
    publish.publish_table(settings.warehouse_path, table, settings.published_dir)
    publish_views(settings)


def publish_lookups(settings: Settings) -> StoredLookups:
    """Make the tables of the site's lists of what is stored of those, and write them where analysts look.

    Raises SettingsError and WarehouseBusy.
    """
    tables = catalogue().lookups
    store = LookupStore(settings.raw_dir, settings.keyring)
    stored = store_lookups(settings.warehouse_path, store, tables, protection(settings))
    for table in tables:
        if table.name in stored.rows:
            publish.publish_table(settings.warehouse_path, table, settings.published_dir)
    publish_views(settings)
    return stored


def publish_views(settings: Settings) -> UPath:
    """(Re)write the views over what is published."""
    return publish.publish_views(
        settings.published_dir,
        catalogue().tables,
        site(settings, resolution(settings)),
        catalogue().unpartitioned,
    )
