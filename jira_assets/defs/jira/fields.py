"""`jira_fields`: the site's fields, read anew every day, and whenever they turn out to have changed."""

import duckdb
import polars as pl
from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    Failure,
    MaterializeResult,
    RetryPolicy,
    asset,
)

from jira_assets.defs.keys import asset_key
from jira_assets.defs.resources.site_copy import JiraConnection, SiteCopy
from jira_assets.defs.specs import description_of, metadata_of
from jira_assets.jira.errors import JiraError
from jira_assets.jira.fields import fetch_fields
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.site import write_fields
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets.sync.configuration import remember, resolution
from jira_assets.sync.publishing import publish_table
from jira_assets.tables.jira_fields import JIRA_FIELDS, fields_frame
from jira_assets.tables.resolve import FieldResolution
from jira_assets.warehouse.publish import read_published
from jira_assets.warehouse.unpartitioned import read_table, replace_table


@asset(
    key=asset_key(JIRA_FIELDS.name),
    deps=[asset_key("site")],
    group_name="fields",
    kinds={"jira", "duckdb"},
    metadata=metadata_of(JIRA_FIELDS),
    # For a database file that somebody else holds; the client itself waits for Jira.
    retry_policy=RetryPolicy(max_retries=2, delay=10),
    description=description_of(JIRA_FIELDS, "Read anew every day, and when a run meets other fields."),
)
def jira_fields(site_copy: SiteCopy, jira: JiraConnection) -> MaterializeResult[None]:
    try:
        settings = site_copy.ready_settings()
        with jira.open() as client:
            write_fields(settings.raw_dir, fetch_fields(client).payload)
        resolved = resolution(settings)
        remember(settings, resolved)
        frame = fields_frame(resolved)
        _store(settings, frame)
    except (SettingsError, JiraError, RawLogError) as error:
        raise Failure(str(error), allow_retries=False) from error
    return MaterializeResult(metadata=_metadata(frame))


def store_changed_fields(
    context: AssetExecutionContext, settings: Settings, resolved: FieldResolution
) -> None:
    """Make `jira_fields` show the fields that the last run of `raw_issues` found, if it does not."""
    frame = fields_frame(resolved)
    if not _is_stored(settings, frame):
        _store(settings, frame)
        context.log_event(AssetMaterialization(asset_key(JIRA_FIELDS.name), metadata=_metadata(frame)))


def _is_stored(settings: Settings, frame: pl.DataFrame) -> bool:
    """Whether the table is this frame, and what is published too: a run may have failed between the two."""
    try:
        is_in_table = read_table(settings.warehouse_path, JIRA_FIELDS).equals(frame)
        return is_in_table and read_published(JIRA_FIELDS, settings.published_dir).equals(frame)
    except (duckdb.BinderException, FileNotFoundError, pl.exceptions.PolarsError):
        return False  # an older version of us made it, or it is not there, or damaged


def _store(settings: Settings, frame: pl.DataFrame) -> None:
    replace_table(settings.warehouse_path, JIRA_FIELDS, frame)
    publish_table(settings, JIRA_FIELDS)


def _metadata(frame: pl.DataFrame) -> dict[str, int]:
    return {
        "dagster/row_count": frame.height,
        "custom": int(frame["is_custom"].sum()),
        "shown_by_columns": frame.height - frame["issue_columns"].null_count(),
    }
