"""How far the sweeps have come: for each project, a time of Jira's own clock, in one small file."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from jira_assets.files import write_durably

_FILE = "recent.json"


class Cursors:
    """The cursors in a folder. A file that is missing or damaged is none: the next sweep is a longer one.

    By project, because one that could not be seen for a while has to be swept from where it was left.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cursors: dict[str, datetime] = {}
        with suppress(FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            self._cursors = msgspec.json.decode((folder / _FILE).read_bytes(), type=dict[str, datetime])

    def starts(
        self, projects: Iterable[str], otherwise: datetime, now: datetime
    ) -> Mapping[datetime, list[str]]:
        """Where to begin, and the projects to sweep from there; ``otherwise`` is for those never swept.

        A cursor after ``now`` was an issue's and not Jira's clock, so nobody knows how far that sweep came.
        """
        groups: dict[datetime, list[str]] = defaultdict(list)
        for project in sorted(projects):
            cursor = self._cursors.get(project, otherwise)
            groups[otherwise if cursor > now else cursor].append(project)
        return groups

    def move(self, projects: Iterable[str], to: datetime) -> None:
        """Note that these projects were swept up to a time; durable when this returns."""
        self._cursors |= dict.fromkeys(projects, to)
        write_durably(self._folder, {_FILE: msgspec.json.encode(self._cursors)})

    def reset(self) -> None:
        """Note that nobody knows what was swept; durable when this returns."""
        self._cursors.clear()
        write_durably(self._folder, {_FILE: msgspec.json.encode(self._cursors)})
