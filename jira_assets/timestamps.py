"""Jira's points in time, in every form it writes them."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CLOCKS_OF_A_SITE_DIFFER_BY = timedelta(seconds=5)
_MILLISECONDS_FROM = (
    100_000_000_000  # ten digits are seconds (until the year 5138), thirteen are milliseconds
)


def parse_timestamp(value: object) -> datetime | None:
    """The moment in UTC with its milliseconds, or None for what is not a moment.

    Accepts ISO 8601 with an offset, with or without a colon in it (``2016-02-16T22:43:14.000+0800``), and
    epoch seconds or milliseconds as a number or as digits: ``changelog/bulkfetch`` is documented with the
    former and seen with the latter. A time without an offset is None, because nothing says where it was.
    """
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, int | float):
            return _from_epoch(value)
        if not isinstance(value, str):
            return None
        if value.isdecimal():
            return _from_epoch(int(value))
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def epoch_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970, for a moment with an offset."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def month_of(moment: datetime) -> str:
    """The UTC month of a moment (``YYYY-MM``): four digits also for the years that strftime gives fewer."""
    return moment.astimezone(UTC).isoformat()[:7]


def not_after(moment: datetime, now: datetime | None) -> datetime:
    """A moment that somebody wrote; now, if it lies in the future, and nobody can have been there. ``now`` is
    by the clock of the same site, in whole seconds perhaps; None if that is not known.
    """
    return moment if now is None or moment - now <= CLOCKS_OF_A_SITE_DIFFER_BY else now


def _from_epoch(number: float) -> datetime:
    milliseconds = number if abs(number) >= _MILLISECONDS_FROM else number * 1000
    return _EPOCH + timedelta(milliseconds=milliseconds)
