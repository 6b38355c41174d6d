"""`jira_projects`, `jira_statuses`, `jira_users` and so on: what the site calls things, read every day."""

from collections.abc import Iterator

from dagster import (
    AssetSpec,
    Config,
    Failure,
    Jitter,
    MaterializeResult,
    RetryPolicy,
    multi_asset,
)
from pydantic import Field

from jira_assets.defs.keys import asset_key
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.defs.specs import description_of, metadata_of
from jira_assets.inbox.due_lookups import DueLists
from jira_assets.jira.errors import JiraError
from jira_assets.jira.lookups import LISTS
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets.sync.configuration import catalogue
from jira_assets.sync.lookups.refresh import Lookups, RefreshedLists
from jira_assets.sync.publishing import publish_lookups
from jira_assets.tables.lookups import LookupTable


class LookupsConfig(Config):
    """What the launchpad offers."""

    due_only: bool = Field(
        default=False, description="Read only the lists of which an event has told a change, not all."
    )


def _spec(table: LookupTable) -> AssetSpec:
    return AssetSpec(
        asset_key(table.name),
        deps=[asset_key("site")],
        description=description_of(table, "Read anew every day, and when an event tells of a change."),
        metadata=metadata_of(table),
        skippable=True,
        group_name="lookups",
        kinds={"jira", "duckdb"},
    )


@multi_asset(
    name="jira_lookups",
    specs=[_spec(table) for table in catalogue().lookups],
    # Each list that was read is stored: what is tried again is what failed, and the others once more.
    retry_policy=RetryPolicy(max_retries=2, delay=30, jitter=Jitter.PLUS_MINUS),
)
def jira_lookups(config: LookupsConfig, site_copy: SiteCopy) -> Iterator[MaterializeResult[None]]:
    """Issues of which a name has changed are made anew by the next run of their month."""
    settings = site_copy.ready_settings()
    try:
        refreshed = _refreshed(settings, due_only=config.due_only)
        stored = publish_lookups(settings)
    except (SettingsError, JiraError) as error:
        raise Failure(str(error), allow_retries=False) from error
    for table in catalogue().lookups:
        name = table.list_name
        if table.name in stored.failed:
            continue
        metadata: dict[str, int | str] = {"dagster/row_count": stored.rows[table.name]}
        if name in refreshed.absent:
            metadata["absent"] = refreshed.absent[name]
        elif name in refreshed.entries:
            metadata["listed"] = refreshed.entries[name]
        else:
            continue
        yield MaterializeResult(asset_key=asset_key(table.name), metadata=metadata)
    if failed := {**stored.failed, **refreshed.failed}:
        raise Failure("; ".join(f"{name}: {why}" for name, why in failed.items()))


def _refreshed(settings: Settings, *, due_only: bool) -> RefreshedLists:
    """Reads all lists, or those that are due; what fails of those stays due."""
    due = DueLists(settings.lookups_due_dir)
    with due.taken() as taken:
        refreshed = Lookups.from_settings(settings).refresh(taken if due_only else LISTS)
    due.note(name for name in taken if name in refreshed.failed)
    return refreshed
