"""``GET /webhooks/jira/health``: how the receiver does. Says yes or no of a setting, never its value."""

import asyncio
import time
from datetime import datetime
from typing import Any

from jira_assets.inbox.inbox import Backlog, Inbox
from jira_assets.inbox.receiver.metrics import Metrics
from jira_assets.inbox.receiver.outcomes import DeliveryOutcome
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError

_LISTED_FOR_S = 1.0  # 100,000 waiting events take a tenth of a second to list


class BacklogView:
    """The inbox's backlog, listed at most once a second, however often it is asked for."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._listing = asyncio.Lock()
        self._listed_at = -_LISTED_FOR_S
        self._backlog: Backlog | None = None

    async def current(self) -> Backlog | None:
        """None if the folder cannot be listed."""
        async with self._listing:
            if time.monotonic() - self._listed_at >= _LISTED_FOR_S:
                try:
                    self._backlog = await asyncio.to_thread(self._inbox.backlog)
                except OSError:
                    self._backlog = None
                self._listed_at = time.monotonic()
            return self._backlog


def configured(settings: Settings) -> dict[str, Any]:
    """What of the configuration a stranger may know."""
    secrets = len(settings.webhook_secrets)
    domain = _domain_is_set(settings)
    return {
        "configured": secrets > 0 and domain,
        "secret_set": secrets > 0,
        "secrets": secrets,
        "domain_set": domain,
    }


def _domain_is_set(settings: Settings) -> bool:
    try:
        return bool(settings.base_url)
    except SettingsError:
        return False


def report(
    configuration: dict[str, Any], backlog: Backlog | None, metrics: Metrics, now: datetime
) -> dict[str, Any]:
    """The health of a receiver that takes events: ``ok``, or ``degraded`` if it cannot store or list them."""
    counts = metrics.counts()
    oldest = backlog and backlog.oldest
    return {
        "status": "degraded" if metrics.storing_fails or backlog is None else "ok",
        **configuration,
        "backlog": backlog and backlog.count,
        "oldest_waiting_seconds": round((now - oldest).total_seconds(), 3) if oldest else None,
        "last_event_at": metrics.last_event_at and metrics.last_event_at.isoformat(timespec="milliseconds"),
        "last_error": metrics.storing_fails,
        "errors": counts[DeliveryOutcome.NOT_STORED],
        "counts": counts,
    }
