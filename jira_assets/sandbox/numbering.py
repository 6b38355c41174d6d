"""The ids and keys that a site gives to what is new on it."""

from collections.abc import Iterable

# Above all ids of generated sites, and of the real ones that were seen.
_FIRST_CHILD = 5_000_000_000


class Numbering:
    """Gives every id and key once, each greater than those before it. Not safe to share between threads."""

    def __init__(self) -> None:
        self._last_issue = 9_999
        self._last_child = _FIRST_CHILD - 1
        self._last_of_project: dict[str, int] = {}

    def note(self, issue_number: int, keys: Iterable[str]) -> None:
        """These are taken: an issue's id, and its key with those that it had before."""
        self._last_issue = max(self._last_issue, issue_number)
        for key in keys:
            project, _, number = key.rpartition("-")
            if number.isdecimal():
                self._last_of_project[project] = max(self._last_of_project.get(project, 0), int(number))

    def issue_id(self) -> str:
        self._last_issue += 1
        return str(self._last_issue)

    def key(self, project: str) -> str:
        """The next key of a project. The keys of deleted and of moved issues are not used again."""
        number = self._last_of_project.get(project, 0) + 1
        self._last_of_project[project] = number
        return f"{project}-{number}"

    def child_id(self) -> str:
        """An id for a comment, worklog, attachment, link or history."""
        self._last_child += 1
        return str(self._last_child)
