"""What can go wrong in the raw log, said so that somebody can act on it."""


class RawLogError(Exception):
    """The raw log could not be read or written."""


class UnreadableSegment(RawLogError):
    """A segment cannot be read. Only its month is affected; no other segment is touched.

    An unreadable file is never an empty one: whoever reads the month gets this error instead of fewer rows.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"segment {path} cannot be read: {reason}. "
            "Restore it from a backup, or move it away and materialise raw_issues for its month again."
        )
        self.path = path
