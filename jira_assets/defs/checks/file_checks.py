"""The check that says when events are not applied."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, multi_asset_check

from jira_assets import clock
from jira_assets.defs.keys import asset_key
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import GIVE_UP_AFTER, Queue, received_at
from jira_assets.raw.errors import RawLogError
from jira_assets.settings import Settings
from jira_assets.sync.configuration import resolution
from jira_assets.tables.issues import ISSUES

# A burst over many months takes a minute to work through.
_LONGEST_WAIT = timedelta(minutes=2)

NO_EVENT_WAITS = AssetCheckSpec(
    "no_event_waits",
    asset=asset_key("raw_issues"),
    description="What events ask for has been fetched, but for what came in within the last two minutes.",
)


def overdue(settings: Settings) -> dict[str, int]:
    """How many items have waited for too long, by month, and in the inbox."""
    queue = Queue(settings.queue_dir)
    oldest = clock.now() - _LONGEST_WAIT
    waiting = {
        month: sum(received_at(name) < oldest for name in queue.names(month)) for month in queue.months()
    }
    # An event may wait for an hour until its issue can be found; then it is archived, if anybody looks.
    backlog = Inbox(settings.inbox_dir).backlog()
    if backlog.oldest is not None and backlog.oldest < oldest - GIVE_UP_AFTER:
        waiting["inbox"] = backlog.count
    return {where: count for where, count in waiting.items() if count}


def no_event_waits(overdue: Mapping[str, int]) -> AssetCheckResult:
    """The verdict on the queue as a whole."""
    metadata: dict[str, int | list[str]] = {}
    if overdue:
        texts = [f"{month}: {count} waiting" for month, count in overdue.items()]
        metadata = {"count": sum(overdue.values()), "months": texts}
    return AssetCheckResult(
        passed=not overdue,
        asset_key=NO_EVENT_WAITS.asset_key,
        check_name=NO_EVENT_WAITS.name,
        metadata=metadata,
    )


_SHOWN = 50

FIELDS_ARE_MAPPED = AssetCheckSpec(
    "fields_are_mapped",
    asset=asset_key(ISSUES.name),
    description=(
        "Every configured column finds the field that it shows: the site has one field of that name or id, "
        "and only one. Otherwise the column is NULL."
    ),
)


@multi_asset_check(specs=[FIELDS_ARE_MAPPED])
def field_checks(site_copy: SiteCopy) -> Iterator[AssetCheckResult]:
    yield fields_are_mapped(site_copy.settings)


def fields_are_mapped(settings: Settings) -> AssetCheckResult:
    """The verdict on the mapping, by the catalogue that was fetched last; names the candidates."""
    try:
        problems = resolution(settings).problems
    except RawLogError as error:
        problems = [str(error)]
    metadata: dict[str, int | list[str]] = {"count": len(problems)}
    return AssetCheckResult(
        passed=not problems,
        asset_key=FIELDS_ARE_MAPPED.asset_key,
        check_name=FIELDS_ARE_MAPPED.name,
        severity=AssetCheckSeverity.WARN,
        metadata=metadata | ({"columns": problems[:_SHOWN]} if problems else {}),
    )
