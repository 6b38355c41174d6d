"""Where the content of attachments lies: `<root>/<issue id>/<attachment id>`, sealed if there is a key."""

import contextlib
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from upath import UPath

from jira_assets.files import (
    UnfitFile,
    fsync_folder,
    local,
    make_folder_anywhere,
    open_file,
    remove_leftovers,
    replaced,
)
from jira_assets.privacy.errors import PrivacyError, Tampered
from jira_assets.privacy.keyring import Keyring
from jira_assets.privacy.rewriting import Rewritten
from jira_assets.privacy.streams import Writer, key_of, sealing, unsealed, unsealed_size

_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
_RESERVE_BYTES = 1_000_000_000  # for the warehouse, the log and whoever else lives on the disk


class DiskFull(Exception):
    """There is too little space left for another file."""

    def __init__(self) -> None:
        super().__init__(f"the disk has less than {_RESERVE_BYTES / 1e9:.0f} GB left")


class AttachmentStore:
    """The files under a folder, on a disk or elsewhere. Threads may share it.

    Ids are checked here, before they become paths: they come from outside.
    """

    def __init__(self, root: UPath, keyring: Keyring) -> None:
        self._root = root
        self._keyring = keyring
        self._lock = Lock()
        self._promised = 0
        on_disk = local(root)
        self._volume = Path(tempfile.gettempdir()) if on_disk is None else on_disk

    def exists(self) -> bool:
        """Whether any file was ever stored."""
        return self._root.exists()

    def issue_ids(self) -> set[str]:
        """The issues that may have files."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return {path.name for path in self._root.iterdir() if _NUMBER.fullmatch(path.name)}
        return set()

    def attachment_ids(self, issue_id: str) -> set[str]:
        """The attachments of an issue that have a file."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return {path.name for path in self._folder(issue_id).iterdir() if _NUMBER.fullmatch(path.name)}
        return set()

    @contextmanager
    def writing(self, issue_id: str, attachment_id: str, size: int) -> Iterator[Writer]:
        """Takes the content of a file of ``size`` bytes at most; it is there when the block ends well.

        Raises OSError, and DiskFull before anything is written.
        """
        target = self._path(issue_id, attachment_id)
        with self._space_for(size):
            make_folder_anywhere(target.parent, within=self._root)
            with replaced(target) as staged, staged.open("wb") as file:
                writer = sealing(file, self._keyring, _place(issue_id, attachment_id))
                yield writer
                writer.finish()

    def reading(self, issue_id: str, attachment_id: str) -> Iterator[bytes]:
        """The content, verified if it is sealed. Raises OSError and PrivacyError."""
        with _opened(self._path(issue_id, attachment_id)) as file:
            yield from unsealed(file, self._keyring, _place(issue_id, attachment_id))

    def holds(self, issue_id: str, attachment_id: str, size: int) -> bool:
        """Whether a file that is there is whole and, where there is a key, sealed; it is not read for that.

        Elsewhere than on disks there are only whole ones, and to look at each would be a request.
        """
        path, place = local(self._path(issue_id, attachment_id)), _place(issue_id, attachment_id)
        if path is None:
            return True
        try:
            with open_file(path) as file:
                is_sealed = self._keyring.writing is None or key_of(file, place) is not None
                return is_sealed and unsealed_size(file, place) == size
        except (OSError, Tampered):
            return False

    def remove_leftovers(self, issue_id: str) -> None:
        """Deletes what writers that were killed have left of an issue's files."""
        remove_leftovers(self._folder(issue_id))

    def make_durable(self, issue_id: str) -> None:
        """Makes the names of an issue's files durable, as their content is already."""
        on_disk = local(self._folder(issue_id))
        if on_disk is not None and on_disk.is_dir():
            fsync_folder(on_disk)

    def rewrite(self, issue_id: str) -> Rewritten:
        """Seals an issue's files with the key that writes. A killed run is finished by the next.

        Raises OSError where nothing can be written, and DiskFull.
        """
        done = Rewritten()
        for attachment_id in sorted(self.attachment_ids(issue_id)):
            done.seen += 1
            with contextlib.suppress(FileNotFoundError):  # it has been deleted meanwhile
                try:
                    done.resealed += self._reseal(issue_id, attachment_id)
                except PrivacyError as error:
                    done.problems.append(str(error))
                except UnfitFile as error:
                    done.problems.append(f"{self._path(issue_id, attachment_id)} {error}")
        if done.resealed:
            self.make_durable(issue_id)
        return done

    def count_by_key(self, issue_id: str) -> Counter[str | None]:
        """How many of an issue's files each key has sealed; None stands for no key. Raises Tampered."""
        counts: Counter[str | None] = Counter()
        for attachment_id in self.attachment_ids(issue_id):
            with (
                contextlib.suppress(FileNotFoundError, UnfitFile),
                _opened(self._path(issue_id, attachment_id)) as file,
            ):
                counts[key_of(file, _place(issue_id, attachment_id))] += 1
        return counts

    def _reseal(self, issue_id: str, attachment_id: str) -> bool:
        """Whether there was something to do. What is written is read again before it counts."""
        path, place = self._path(issue_id, attachment_id), _place(issue_id, attachment_id)
        with _opened(path) as file:
            if key_of(file, place) == self._keyring.writing:
                return False
            with self._space_for(unsealed_size(file, place)), replaced(path) as staged:
                with staged.open("wb") as target:
                    writer = sealing(target, self._keyring, place)
                    for piece in unsealed(file, self._keyring, place):
                        writer.write(piece)
                    writer.finish()
                with staged.open("rb") as written:
                    unsealed(written, self._keyring, place)
                path.stat()  # what was deleted meanwhile must not come back
        return True

    def remove(self, issue_id: str, attachment_ids: Iterable[str]) -> None:
        """Deletes files, those that writers left unfinished, and the folder if nothing else is in it."""
        for attachment_id in attachment_ids:
            self._path(issue_id, attachment_id).unlink(missing_ok=True)
        folder = self._folder(issue_id)
        remove_leftovers(folder)
        on_disk = local(folder)
        if on_disk is not None:
            with contextlib.suppress(OSError):  # it is not empty, or was never there
                on_disk.rmdir()

    @contextmanager
    def _space_for(self, size: int) -> Iterator[None]:
        """Several files are written at once: each may count on what it was promised."""
        with self._lock:
            if _free_bytes(self._volume) - self._promised - size < _RESERVE_BYTES:
                raise DiskFull
            self._promised += size
        try:
            yield
        finally:
            with self._lock:
                self._promised -= size

    def _folder(self, issue_id: str) -> UPath:
        if not _NUMBER.fullmatch(issue_id):
            raise ValueError(f"{issue_id!r} is not the id of an issue")
        return self._root / issue_id

    def _path(self, issue_id: str, attachment_id: str) -> UPath:
        if not _NUMBER.fullmatch(attachment_id):
            raise ValueError(f"{attachment_id!r} is not the id of an attachment")
        return self._folder(issue_id) / attachment_id


def _opened(path: UPath) -> BinaryIO:
    """A file to be read: on disks a regular one, since a FIFO would be waited for."""
    on_disk = local(path)
    return path.open("rb") if on_disk is None else open_file(on_disk)


def _place(issue_id: str, attachment_id: str) -> str:
    """What a sealed file is sealed for: it cannot be taken for another one."""
    return f"attachment/{issue_id}/{attachment_id}"


def _free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
