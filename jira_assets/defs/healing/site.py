"""`jira/site`, Jira itself, and comparing the copy with it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from dagster import AssetObservation, AssetSpec, Backoff, Failure, Jitter, RetryPolicy

from jira_assets.defs.keys import asset_key
from jira_assets.defs.resources.site_copy import JiraConnection, SiteCopy
from jira_assets.jira.errors import BrokenPaging, JiraError, RateLimited, Unavailable
from jira_assets.raw.errors import RawLogError
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets.sync.reconcile.scope import Scope
from jira_assets.warehouse.connection import WarehouseBusy, WarehouseError

Metadata = Mapping[str, int | float | list[str]]
RETRIES = RetryPolicy(max_retries=2, delay=30, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)
_KEYS_SHOWN = 50
_MAY_PASS = (BrokenPaging, RateLimited, Unavailable, WarehouseBusy)

SITE = AssetSpec(
    asset_key("site"),
    group_name="source",
    kinds={"jira"},
    description=(
        "The Jira site. The sweep, the census and the audit observe it. Its checks say whether the copy is "
        "what Jira shows."
    ),
)


def observed(metadata: Metadata) -> AssetObservation:
    """What a comparison with the site came to; the UI draws it over time."""
    return AssetObservation(SITE.key, metadata=metadata)


@contextmanager
def compared_copy(
    site_copy: SiteCopy, jira: JiraConnection
) -> Iterator[tuple[Settings, Scope, dict[str, int | float]]]:
    """The configured copy, and what comparing it has cost when the block ends.

    Raises Failure, which is retried where that may help.
    """
    began = time.monotonic()
    spent: dict[str, int | float] = {}
    try:
        settings = site_copy.ready_settings()
        with jira.open() as client:
            yield settings, Scope.from_settings(settings, client), spent
            statistics = client.statistics
    except (SettingsError, JiraError, RawLogError, WarehouseError) as error:
        raise Failure(str(error), allow_retries=isinstance(error, _MAY_PASS)) from error
    spent["requests"] = statistics.requests
    spent["throttled_seconds"] = round(statistics.throttled_seconds, 2)
    spent["seconds"] = round(time.monotonic() - began, 2)


def listed(name: str, keys: Sequence[str]) -> Metadata:
    """How many, and which of them, the first few."""
    return {name: len(keys), f"{name}_issues": list(keys[:_KEYS_SHOWN])} if keys else {name: 0}
