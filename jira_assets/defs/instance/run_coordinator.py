"""Dagster's own run queue, looked into twice as often."""

from dagster import QueuedRunCoordinator

_LOOK_EVERY_SECONDS = 0.5


class PromptRunCoordinator(QueuedRunCoordinator):
    """The wait in the queue is the longest between an event and its run that settings could shorten.

    Dagster's setting takes whole seconds only; its daemon, which this is for, fractions too.
    """

    @property
    def dequeue_interval_seconds(self) -> int:
        return _LOOK_EVERY_SECONDS  # type: ignore[return-value]
