"""This machine's own clock, which anybody may set, and which may be hours off or jump.

It is read here and nowhere else. It says when something is due, how long something has waited, and what a
person is told. It never says which of two answers of Jira's is the later one: that is what Jira's clock is
for (`jira.clock`). Durations are measured with `time.monotonic`, which nobody sets.
"""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The time (UTC), as this machine has it."""
    return datetime.now(UTC)


def seconds() -> float:
    """The same in seconds since 1970, as the times of files are."""
    return time.time()
