"""What the receiver counts, for Prometheus and for its own health page. No label comes from a body."""

import math
from datetime import datetime

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from jira_assets import clock
from jira_assets.inbox.inbox import Backlog
from jira_assets.inbox.receiver.outcomes import DeliveryOutcome

CONTENT_TYPE = CONTENT_TYPE_LATEST
_TAKEN = {
    DeliveryOutcome.STORED,
    DeliveryOutcome.DUPLICATE,
    DeliveryOutcome.DROPPED,
    DeliveryOutcome.UNREADABLE,
}
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The counters of one receiver, in a registry of its own."""

    def __init__(self) -> None:
        self.last_event_at: datetime | None = None
        self.storing_fails = False
        self._registry = CollectorRegistry()
        events = Counter(
            "jira_webhook_events_total", "Deliveries by outcome", ["outcome"], registry=self._registry
        )
        self._outcomes = {outcome: events.labels(outcome.value) for outcome in DeliveryOutcome}
        self._bytes = Counter("jira_webhook_bytes_total", "Bytes of bodies received", registry=self._registry)
        self._seconds = Histogram(
            "jira_webhook_seconds",
            "From a request's head to its outcome",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._backlog = Gauge("jira_webhook_backlog", "Events waiting in the inbox", registry=self._registry)
        self._oldest = Gauge(
            "jira_webhook_oldest_waiting_seconds", "Age of the oldest of them", registry=self._registry
        )
        self._last = Gauge(
            "jira_webhook_last_event_timestamp_seconds",
            "When the last well signed event came in; 0 if none has",
            registry=self._registry,
        )

    def count(self, outcome: DeliveryOutcome, size: int, seconds: float) -> None:
        """One delivery, of so many bytes, that took so long."""
        self._outcomes[outcome].inc()
        self._bytes.inc(size)
        self._seconds.observe(seconds)
        if outcome in _TAKEN:
            self.last_event_at = clock.now()
        if outcome in (DeliveryOutcome.STORED, DeliveryOutcome.UNREADABLE, DeliveryOutcome.NOT_STORED):
            self.storing_fails = outcome is DeliveryOutcome.NOT_STORED

    def counts(self) -> dict[str, int]:
        """How many deliveries had each outcome."""
        return {outcome.value: int(self._value(outcome)) for outcome in DeliveryOutcome}

    def rendered(self, backlog: Backlog | None, now: datetime) -> bytes:
        """Everything in Prometheus' text format; None is a backlog that cannot be told."""
        oldest = backlog and backlog.oldest
        self._backlog.set(math.nan if backlog is None else backlog.count)
        self._oldest.set((now - oldest).total_seconds() if oldest else 0)
        self._last.set(self.last_event_at.timestamp() if self.last_event_at else 0)
        return generate_latest(self._registry)

    def _value(self, outcome: DeliveryOutcome) -> float:
        labels = {"outcome": outcome.value}
        return self._registry.get_sample_value("jira_webhook_events_total", labels) or 0.0
