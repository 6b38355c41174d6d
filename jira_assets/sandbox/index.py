"""What search sees: the issues in the orders that queries need."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter

from jira_assets.sandbox.stored import StoredIssue

_BY_CREATED = attrgetter("created", "number")
_BY_UPDATED = attrgetter("updated", "number")


class IssueIndex:
    """Issues by id, by ``created`` and by ``updated``. Sorting waits until a query needs it."""

    def __init__(self) -> None:
        self.version = 0
        self._issues: dict[str, StoredIssue] = {}
        self._by_created: list[StoredIssue] | None = None
        self._by_updated: list[StoredIssue] | None = None

    def set(self, issue_id: str, issue: StoredIssue | None) -> None:
        """Show this state of an issue from now on; None hides it."""
        if issue is None:
            self._issues.pop(issue_id, None)
        else:
            self._issues[issue_id] = issue
        self.version += 1
        self._by_created = self._by_updated = None

    def get(self, issue_id: str) -> StoredIssue | None:
        return self._issues.get(issue_id)

    def all(self) -> Sequence[StoredIssue]:
        """Every issue, by ``created``."""
        if self._by_created is None:
            self._by_created = sorted(self._issues.values(), key=_BY_CREATED)
        return self._by_created

    def created_between(self, low: int, high: int) -> Sequence[StoredIssue]:
        """Issues with low <= created <= high (epoch milliseconds), by ``created``."""
        return _slice(self.all(), low, high, attrgetter("created"))

    def updated_between(self, low: int, high: int) -> Sequence[StoredIssue]:
        """Issues with low <= updated <= high (epoch milliseconds), by ``updated``."""
        if self._by_updated is None:
            self._by_updated = sorted(self._issues.values(), key=_BY_UPDATED)
        return _slice(self._by_updated, low, high, attrgetter("updated"))


def _slice(
    issues: Sequence[StoredIssue], low: int, high: int, moment: Callable[[StoredIssue], int]
) -> Sequence[StoredIssue]:
    return issues[bisect_left(issues, low, key=moment) : bisect_right(issues, high, key=moment)]
