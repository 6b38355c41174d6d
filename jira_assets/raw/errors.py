"""What can go wrong in the raw log, said so that somebody can act on it."""


class RawLogError(Exception):
    """The raw log could not be read or written."""


class UnreadableMonth(RawLogError):
    """What is stored of a month cannot be read or is no issue. It says which month; no other is affected."""

    def __init__(self, month: str, error: RawLogError) -> None:
        super().__init__(str(error))
        self.month = month


_RESTORE = "Restore it from a backup, or move it away and materialise raw_issues for its month again."


class UnreadableSegment(RawLogError):
    """A segment cannot be read. Only its month is affected; no other segment is touched.

    An unreadable file is never an empty one: whoever reads the month gets this error instead of fewer rows.
    """

    def __init__(self, path: str, reason: str, remedy: str | None = _RESTORE) -> None:
        super().__init__(". ".join(filter(None, (f"segment {path} cannot be read: {reason}", remedy))))
        self.path = path
