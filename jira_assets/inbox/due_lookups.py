"""Which lists are due to be read again, because an event told of a change: a file for each, in a folder.

A list is due until a reading that began after its file was last written has been stored. So nothing is lost
to a crash: what a reading has taken stays due until it is done.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jira_assets.files import fsync_folder, write_durably

_TAKEN = ".taken"

# By the beginning of an event's name (see `jira.event_names`): a project comes with its components, too.
_LISTS = {
    "project_": ("projects", "components", "versions", "issue_types"),
    "jira:version_": ("versions",),
    "sprint_": ("sprints",),
    "board_": ("boards", "sprints"),
    "user_": ("users",),
}


def lists_changed_by(event: str) -> tuple[str, ...]:
    """The lists that an event of this name tells a change of."""
    return next((lists for beginning, lists in _LISTS.items() if event.startswith(beginning)), ())


class DueLists:
    """By the files in a folder of this machine. Any number of processes may use it. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, names: Iterable[str]) -> None:
        """These are due. Durable when this returns; costs a look for those that are due already."""
        new = {name: b"" for name in names if not (self._folder / name).exists()}
        if new:
            write_durably(self._folder, new)

    def names(self) -> list[str]:
        """What is due, whether or not a reading is under way."""
        return sorted({path.name.removesuffix(_TAKEN) for path in self._files()})

    @contextmanager
    def taken(self) -> Iterator[list[str]]:
        """What is due, to be read within the block. If that fails it stays due; so does what is noted
        meanwhile.
        """
        for path in self._files():
            if path.suffix != _TAKEN:
                path.replace(path.with_name(f"{path.name}{_TAKEN}"))
        taken = [path for path in self._files() if path.suffix == _TAKEN]
        yield sorted(path.name.removesuffix(_TAKEN) for path in taken)
        for path in taken:
            path.unlink(missing_ok=True)
        if taken:
            fsync_folder(self._folder)

    def _files(self) -> list[Path]:
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return [path for path in found if not path.name.startswith(".")]
