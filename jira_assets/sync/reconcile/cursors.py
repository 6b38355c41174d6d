"""How far the sweeps have come: for each project, a time of Jira's own clock, in one small file."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from jira_assets.files import write_durably

_FILE = "recent.json"


class _Swept(msgspec.Struct):
    """``stored`` is the last update that the tables held which the last sweep compared with."""

    cursors: dict[str, datetime]
    stored: datetime | None = None


class Cursors:
    """The cursors in a folder. A file that is missing or damaged is none: the next sweep is a longer one.

    By project, because one that could not be seen for a while has to be swept from where it was left.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._swept = _Swept({})
        with suppress(FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            self._swept = msgspec.json.decode((folder / _FILE).read_bytes(), type=_Swept)

    def starts(
        self, projects: Iterable[str], otherwise: datetime, now: datetime, stored: datetime | None
    ) -> Mapping[datetime, list[str]]:
        """Where to begin, and the projects to sweep from there; ``otherwise`` is for those never swept.

        A cursor after ``now`` was an issue's and not Jira's clock, so nobody knows how far that sweep came.
        Where the last update ``stored`` is before the one at the last sweep, the tables are others than it
        compared with, such as those of a backup: what came since then is to be found again.
        """
        before = self._swept.stored
        went_back = stored is not None and before is not None and stored < before
        groups: dict[datetime, list[str]] = defaultdict(list)
        for project in sorted(projects):
            cursor = self._swept.cursors.get(project, otherwise)
            if went_back and stored is not None:
                cursor = min(cursor, stored)
            groups[otherwise if cursor > now else cursor].append(project)
        return groups

    def move(self, projects: Iterable[str], to: datetime, stored: datetime | None) -> None:
        """Note that these projects were swept up to a time, compared with tables whose last update is
        ``stored``; durable when this returns.
        """
        self._swept = _Swept(self._swept.cursors | dict.fromkeys(projects, to), stored)
        write_durably(self._folder, {_FILE: msgspec.json.encode(self._swept)})

    def reset(self) -> None:
        """What was found up to there may be lost: begin anew. Durable when this returns."""
        self._swept = _Swept({})
        write_durably(self._folder, {_FILE: msgspec.json.encode(self._swept)})
