"""The tables and what is published of them, protected with the key that writes."""

from collections.abc import Callable, Iterator

from upath import UPath

from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.configuration import catalogue, protection, remember, resolution, site
from jira_assets.sync.publishing import publish_lookups, publish_views
from jira_assets.tables.declare import Table
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.encrypted import Counts, count_in_file, count_in_table
from jira_assets.warehouse.publish import publish_months
from jira_assets.warehouse.purge import purge
from jira_assets.warehouse.read import built
from jira_assets.warehouse.refresh import Refresh
from jira_assets.warehouse.store import read_marks


def rebuild(settings: Settings, tell: Callable[[str], None]) -> list[str]:
    """Rebuilds the months that were protected with another key; returns why some could not be.

    What was deleted is taken out of the file, too. Raises WarehouseError and SettingsError.
    """
    if not settings.warehouse_path.exists():
        purge(settings.warehouse_path)
        return []
    resolved = resolution(settings)
    remember(settings, resolved)
    raw, tables = RawLog(settings.raw_dir, settings.keyring), catalogue().tables
    with connect(settings.warehouse_path, read_only=True) as connection:
        months = sorted({month for _, month in read_marks(connection, tables, raw.months())})
    of_site, protected = site(settings, resolved), protection(settings)
    done = Refresh(raw, settings.warehouse_path, tables, of_site, protected).run(months, progress=tell)
    lists_failed = publish_lookups(settings).failed if raw.lookups.lists() else {}
    purge(settings.warehouse_path)
    failed = {**{f"tables of {month}": reason for month, reason in done.failed.items()}, **lists_failed}
    return [f"{what}: {reason}" for what, reason in failed.items()]


def publish(settings: Settings, *, empties_unbuilt: bool = False) -> int:
    """Publishes again the months that are published; returns how many. Raises WarehouseError.

    Those that these tables do not have, perhaps nobody has any more: they stay as they are. With
    ``empties_unbuilt`` they become empty, for what is not in the tables is then to be nowhere.
    """
    if not settings.warehouse_path.exists():
        return 0
    folder = settings.published_dir
    months = sorted({path.stem for table in catalogue().tables for path in _published(folder, table)})
    if not empties_unbuilt:
        with connect(settings.warehouse_path, read_only=True) as connection:
            months = sorted({month for _, month in read_marks(connection, catalogue().tables, months)})
    for month in months:
        with connect(settings.warehouse_path, read_only=True) as connection:  # others want to write meanwhile
            publish_months(connection, built(connection, catalogue().tables), [month], folder)
    if months:
        publish_views(settings)
    return len(months)


def count_by_key(settings: Settings) -> Iterator[tuple[str, Counts]]:
    """With which keys the values of protected columns are encrypted, by table and published file.

    Raises WarehouseError.
    """
    tables = (*catalogue().tables, *catalogue().lookups)
    if settings.warehouse_path.exists():
        for table in tables:
            with connect(settings.warehouse_path, read_only=True) as connection:
                counts = count_in_table(connection, table) if built(connection, [table]) else Counts()
            yield f"table {table.name}", counts
    for table in tables:
        for path in _published(settings.published_dir, table):
            yield f"published/{table.name}/{path.name}", count_in_file(path, table)


def _published(folder: UPath, table: Table) -> list[UPath]:
    within = folder / table.name
    return sorted(within.glob("*.parquet")) if within.exists() else []
