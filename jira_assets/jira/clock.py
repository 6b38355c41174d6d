"""The time by Jira's own clock, as the header ``Date`` of its answers tells it."""

from collections import deque
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import ClassVar

from jira_assets import clock
from jira_assets.timestamps import CLOCKS_OF_A_SITE_DIFFER_BY

_RESOLUTION = timedelta(seconds=2)  # of a header: whole seconds, which servers renew about once a second
_NOBODYS = timedelta(days=36_500)  # from our own clock: no time, and not to be reckoned with
_SAME_TIME = timedelta(minutes=1)  # further off, that of the earlier client was wrong
_COMPARED = 5
_NEEDED = 3


class JiraClock:
    """Jira's time, which runs on between answers and never goes back. Safe to share between threads.

    Between answers it runs by the monotonic clock, so whoever sets this machine's own does not move it. Our
    own decides only what is below the resolution of the header, so that the processes of a machine agree on
    that as well; and before the first answer, when nothing else is known. A header that tells an earlier
    time is passed over, and so is one that is far ahead, until most of the last ones tell the same. Nor does
    it go back from one client of a ``site`` to the next one of the same process.
    """

    _last: ClassVar[dict[str, datetime]] = {}
    """By site, what its time was last known to be at zero of the monotonic clock."""

    def __init__(self, site: str = "") -> None:
        self._site = site
        self._lock = Lock()
        self._started, self._started_at = clock.now(), monotonic()
        self._ahead: timedelta | None = None  # of our own, as it was when this began
        self._told: deque[timedelta] = deque(maxlen=_COMPARED)

    @property
    def is_told(self) -> bool:
        """Whether Jira has told its time."""
        return self._ahead is not None

    @property
    def now(self) -> datetime:
        """The time (UTC) by Jira's clock; by ours if it has not told."""
        return self.at(self.reading())

    def reading(self) -> timedelta:
        """A moment, for ``at``: what Jira's time was then may be told only by the answer."""
        return timedelta(seconds=monotonic() - self._started_at)

    def at(self, reading: timedelta) -> datetime:
        """What Jira's time was at a reading, as far as is known by now."""
        return self._started + reading + (self._ahead or timedelta(0))

    def note(self, told: datetime, sent: timedelta) -> None:
        """Takes over the time that an answer tells, the request of which was sent at a reading."""
        ahead = told - self._started
        least, most = ahead - self.reading(), ahead + _RESOLUTION - sent
        if abs(least) > _NOBODYS:
            return
        with self._lock:
            self._told.append(least)
            if self._ahead is None:
                self._ahead = max(least, min(most, timedelta(0)), self._ahead_before(least))
            else:
                self._go_on(least)
            if self._site:
                self._last[self._site] = self.now - timedelta(seconds=monotonic())

    def _ahead_before(self, least: timedelta) -> timedelta:
        """How far ahead an earlier client of this site was, if that may be the same time."""
        zero = self._last.get(self._site)
        if zero is None:
            return least
        before = zero + timedelta(seconds=self._started_at) - self._started
        return before if abs(before - least) <= _SAME_TIME else least

    def _go_on(self, least: timedelta) -> None:
        ahead = self._ahead or timedelta(0)
        further = sorted(each for each in self._told if each - ahead > CLOCKS_OF_A_SITE_DIFFER_BY)
        if least - ahead <= CLOCKS_OF_A_SITE_DIFFER_BY:
            self._ahead = max(ahead, least)
        elif len(further) >= _NEEDED:
            self._ahead = further[0]
