"""`open_ticket_slas`: one small table that is read anew every few minutes."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from dagster import AssetExecutionContext, AssetObservation, Config, Failure, MaterializeResult, asset
from pydantic import Field

from jira_assets.defs.keys import asset_key
from jira_assets.defs.resources.site_copy import JiraConnection, SiteCopy
from jira_assets.defs.specs import description_of, metadata_of
from jira_assets.jira.errors import JiraError
from jira_assets.jira.host import Statistics
from jira_assets.raw.errors import RawLogError
from jira_assets.settings.environment import SettingsError
from jira_assets.sync.publishing import publish_table
from jira_assets.sync.slas.poll import Polled, SlaPoll
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.warehouse.connection import WarehouseError

_KEYS_SHOWN = 50


class SlaRefreshConfig(Config):
    """What the launchpad offers."""

    dry_run: bool = Field(default=False, description="Read and compare, but write and queue nothing.")


@asset(
    key=asset_key(OPEN_TICKET_SLAS.name),
    output_required=False,
    deps=[asset_key("issues")],
    group_name="slas",
    kinds={"jira", "duckdb"},
    description=description_of(OPEN_TICKET_SLAS),
    metadata=metadata_of(OPEN_TICKET_SLAS),
)
def open_ticket_slas(
    context: AssetExecutionContext, config: SlaRefreshConfig, site_copy: SiteCopy, jira: JiraConnection
) -> Iterator[MaterializeResult[None]]:
    try:
        settings = site_copy.ready_settings()
        with (
            jira.open() as client,
            jira.open_for_slas() or nullcontext(client) as reader,
        ):
            polled = SlaPoll(settings, client, reader, context.log).run(dry_run=config.dry_run)
            metadata = _metadata(polled, [each.statistics for each in {client, reader}])
        if not config.dry_run:
            publish_table(settings, OPEN_TICKET_SLAS)
    except (SettingsError, JiraError, RawLogError, WarehouseError) as error:
        raise Failure(str(error), allow_retries=False) from error
    _tell(context, polled)
    if config.dry_run:
        context.log_event(AssetObservation(context.asset_key, metadata=metadata))
    else:
        yield MaterializeResult(metadata=metadata)


def _metadata(polled: Polled, statistics: Sequence[Statistics]) -> dict[str, int | float]:
    return {
        "updated": len(polled.updated),
        "healed": len(polled.healed),
        "skipped": len(polled.skipped),
        "failed": len(polled.failed),
        "dagster/row_count": polled.rows,
        "requests": sum(each.requests for each in statistics),
        "throttled_seconds": round(sum(each.throttled_seconds for each in statistics), 1),
    }


def _tell(context: AssetExecutionContext, polled: Polled) -> None:
    for what, keys in (("healed", polled.healed), ("failed", polled.failed), ("skipped", polled.skipped)):
        if keys:
            more = f" and {len(keys) - _KEYS_SHOWN} more" if len(keys) > _KEYS_SHOWN else ""
            context.log.info("%s: %s%s", what, ", ".join(keys[:_KEYS_SHOWN]), more)
    for reason in sorted(polled.reasons):
        context.log.warning("%s", reason)
