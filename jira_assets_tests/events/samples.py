"""A delivery, an item of the queue and an archived event, as small as tests need them."""

from datetime import UTC, datetime, timedelta

from jira_assets.inbox.archive import ArchivedEvent, EventOutcome
from jira_assets.inbox.inbox import Delivery
from jira_assets.inbox.queue import Item

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONTH = "2024-01"
BODY = b'{"issue": {"id": "10001", "summary": "Maria cannot log in"}}'


def delivery(number: int = 0, body: bytes = BODY) -> Delivery:
    return Delivery.arrived(f"id-{number}", NOON + timedelta(seconds=number), "10001", body)


def item(issue_id: str = "10001", cause: str = "Maria") -> Item:
    return Item(issue_id, cause, NOON)


def archived(number: int = 0, body: bytes = BODY) -> ArchivedEvent:
    at = NOON + timedelta(hours=number)
    return ArchivedEvent(f"{number}.event", at, f"id-{number}", "event", EventOutcome.QUEUED, ("1",), body)
