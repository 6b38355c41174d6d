"""Times as Jira writes them."""

from datetime import UTC, datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(text: str) -> int:
    """Epoch milliseconds of a time as Jira writes it: ``2026-01-31T23:30:00.123-0800``."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def iso(milliseconds: int, offset_minutes: int = 0) -> str:
    """The text for epoch milliseconds, at an offset from UTC in minutes."""
    zone = timezone(timedelta(minutes=offset_minutes))
    moment = _EPOCH.astimezone(zone) + timedelta(milliseconds=milliseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}" + moment.strftime("%z")
