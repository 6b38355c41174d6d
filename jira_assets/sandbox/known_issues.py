"""Issues by their names: id, key, and the keys that they had before they were moved."""

from collections.abc import Iterator
from operator import attrgetter

from jira_assets.sandbox.stored import StoredIssue

_NUMBER = attrgetter("number")


class KnownIssues:
    """All issues of a site, either as they are or as reads show them at this moment."""

    def __init__(self) -> None:
        self.version = 0
        self._issues: dict[str, StoredIssue] = {}
        self._ids_by_key: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._issues)

    def __iter__(self) -> Iterator[StoredIssue]:
        """By id. Changes made meanwhile do not matter."""
        return iter(sorted(self._issues.values(), key=_NUMBER))

    def set(self, issue_id: str, issue: StoredIssue | None) -> None:
        """Know an issue in this state from now on; None forgets it and its keys."""
        self.version += 1
        if issue is None:
            self._issues.pop(issue_id, None)
            self._ids_by_key = {key: kept for key, kept in self._ids_by_key.items() if kept != issue_id}
            return
        self._issues[issue_id] = issue
        self._ids_by_key[issue.key.upper()] = issue_id
        for former in issue.former_keys:
            self._ids_by_key.setdefault(former.upper(), issue_id)

    def get(self, issue_id: str) -> StoredIssue | None:
        return self._issues.get(issue_id)

    def find(self, id_or_key: str) -> StoredIssue | None:
        """The issue with this id, key (any case) or former key."""
        return self._issues.get(self._ids_by_key.get(id_or_key.upper(), id_or_key))
