"""How long to wait before trying again: what Jira's headers ask for, and what we add. Pure functions.

Source: developer.atlassian.com/cloud/jira/platform/rate-limiting (jira_cloud.md 2). Headers come from
gateways and proxies too, so whatever they contain, nothing here raises.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_BELIEVABLE_RESET_SECONDS = (
    2 * 3600.0
)  # quotas are hourly: a reset beyond that is a broken clock, not a quota
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)


def seconds_asked_for(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds to wait that an answer asks for, never negative; None if it asks for none that make sense.

    ``Retry-After`` (seconds or an HTTP date) goes before ``X-RateLimit-Reset`` (ISO 8601, at times without
    seconds), which is believed only within the next two hours.
    """
    retry_after = _retry_after(headers.get("Retry-After", "").strip(), now)
    if retry_after is not None:
        return retry_after
    reset = _seconds_until(headers.get("X-RateLimit-Reset", "").strip(), now)
    return reset if reset is not None and reset <= _BELIEVABLE_RESET_SECONDS else None


def concerns_one_endpoint(headers: Mapping[str, str]) -> bool:
    """Whether a 429 is about this endpoint's burst limit only. Any other reason, or none, is about all."""
    return "burst" in headers.get("RateLimit-Reason", "").lower()


def backoff(attempt: int, base: float, ceiling: float, jitter: float) -> float:
    """Seconds before the next try: ``base`` after attempt 1, doubling up to ``ceiling``, times jitter."""
    return float(min(base * 2.0 ** min(attempt - 1, 32), ceiling) * jitter)


def _retry_after(text: str, now: datetime) -> float | None:
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return _remaining(moment, now)


def _seconds_until(text: str, now: datetime) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return _remaining(moment, now)


def _remaining(moment: datetime, now: datetime) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
