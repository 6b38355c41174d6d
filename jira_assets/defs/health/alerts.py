"""`alerts`: tells what has failed, where somebody will see it."""

from typing import NamedTuple

import msgspec
from dagster import DefaultSensorStatus, SensorEvaluationContext, SkipReason, sensor

from jira_assets.defs.health.failures import (
    Severities,
    change_of_checks,
    failed_for_good,
    failures_after,
    last_failure,
    shown_checks,
)
from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.sync.health.alert import message, post


class AlertState(msgspec.Struct, frozen=True):
    """What has been told: failed runs up to the storage id ``runs``, and which checks fail, how severely."""

    runs: int
    checks: Severities = {}


class News(NamedTuple):
    """What is to be told, and the state once it has been."""

    lines: list[str]
    after: AlertState


@sensor(
    minimum_interval_seconds=30,
    default_status=DefaultSensorStatus.RUNNING,
    description=(
        "Posts to JIRA_ALERT_URL, once each, which runs and checks have failed, and which checks pass again. "
        "What could not be posted is tried again. Runs that Dagster repeats are told of when that fails too."
    ),
)
def alerts(context: SensorEvaluationContext, site_copy: SiteCopy) -> SkipReason:
    url = site_copy.settings.alert_url
    if url is None:
        return SkipReason("JIRA_ALERT_URL is not set")
    if not context.cursor:
        # Posting comes with the next tick: if it failed in this one, nobody would know where to go on.
        _remember(context, AlertState(last_failure(context.instance)))
        return SkipReason("from now on, what fails is told")
    news = _news(context, msgspec.json.decode(context.cursor, type=AlertState))
    if news.lines:
        post(url, message(news.lines))
    _remember(context, news.after)
    return SkipReason(f"{len(news.lines)} told" if news.lines else "no news")


def _remember(context: SensorEvaluationContext, state: AlertState) -> None:
    """Dagster keeps it if the tick succeeds; if not, the next one finds the same news."""
    context.update_cursor(msgspec.json.encode(state).decode())


def _news(context: SensorEvaluationContext, before: AlertState) -> News:
    failures = failures_after(context.instance, before.runs)
    runs = failed_for_good(context.instance, failures)
    repository = context.repository_def
    keys = repository.asset_graph.asset_check_keys if repository else ()
    checks = change_of_checks(shown_checks(context.instance, keys), before.checks)
    newest = failures[-1].storage_id if failures else before.runs
    return News([*runs, *checks.lines], AlertState(newest, checks.failing))
