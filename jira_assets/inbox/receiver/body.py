"""Bodies of requests as they arrive: small ones in memory, large ones in private files of the inbox's folder.

Nothing is known of a body until its last byte has proven the signature, so what strangers can make the
receiver hold is bounded: by body, and by what all bodies together take of memory and disk.
"""

import asyncio
import contextlib
import hashlib
import os
import stat
import uuid
from pathlib import Path

from jira_assets import clock
from jira_assets.files import fsync_folder, make_folder, private
from jira_assets.inbox.inbox import HEADING_BYTES, Delivery, heading
from jira_assets.inbox.receiver.outcomes import DeliveryOutcome, Refused
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.privacy.streams import Sealing

LIMIT = 25 * 1024 * 1024  # Jira delivers no larger ones
IN_MEMORY = 1024 * 1024
ALL_IN_MEMORY = 64 * 1024 * 1024
FILES = 16
ARRIVES_WITHIN_S = 60

_ONE_READ = 64 * 1024  # what uvicorn buffers; a smaller body frees no memory by moving to disk


class Room:
    """What all bodies together take."""

    def __init__(self, folder: Path, keyring: Keyring = NO_KEYS) -> None:
        self.folder = folder
        self.keyring = keyring
        self.memory = 0  # bytes
        self.files = 0

    def is_short_for(self, held: int) -> bool:
        """Whether a body that holds so many bytes has to move them to disk."""
        return held > IN_MEMORY or (held > _ONE_READ and self.memory > ALL_IN_MEMORY)

    def remove_leftovers(self) -> None:
        """Delete the bodies of receivers that were killed. One that still grows is younger."""
        for path in self.folder.glob(".*.body"):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                if stat.S_ISREG(status.st_mode) and clock.seconds() - status.st_mtime > 2 * ARRIVES_WITHIN_S:
                    path.unlink()


class Body:
    """One body. ``close`` it: until then it takes room."""

    def __init__(self, room: Room) -> None:
        self.size = 0
        self.is_complete = False
        self.file: PrivateFile | None = None
        self._room = room
        self._hash = hashlib.sha256()
        self._held = bytearray()

    @property
    def sha256(self) -> str:
        """Of what has arrived so far, in hexadecimal digits."""
        return self._hash.hexdigest()

    async def append(self, chunk: bytes, *, is_last: bool) -> None:
        """Raises Refused if the body is too large or finds no room, OSError if the disk does not take it."""
        self.is_complete = is_last
        self.size += len(chunk)
        if self.size > LIMIT:
            raise Refused(DeliveryOutcome.TOO_LARGE)
        self._hash.update(chunk)
        self._held += chunk
        self._room.memory += len(chunk)
        if self._room.is_short_for(len(self._held)) or (is_last and self.file is not None):
            await self._move_to_disk(is_last)

    async def _move_to_disk(self, is_last: bool) -> None:
        if self.file is None:
            if self._room.files >= FILES:
                raise Refused(DeliveryOutcome.BUSY)
            self.file = PrivateFile(self._room.folder, self._room.keyring)
            self._room.files += 1
        held, self._held = self._held, bytearray()
        try:
            await asyncio.to_thread(self.file.append, held, is_last)
        finally:
            self._room.memory -= len(held)

    def content(self) -> bytes:
        """All of it. Reads the file, if there is one."""
        return bytes(self._held) if self.file is None else self.file.content()

    def close(self) -> None:
        """Whatever has not been published is gone."""
        self._room.memory -= len(self._held)
        self._held = bytearray()
        if self.file is not None:
            self.file.close()
            self._room.files -= 1
            self.file = None


class PrivateFile:
    """A delivery's file with the body already in place, and room for the line that stands before it.

    What of a body is on the disk is sealed at any time, if there is a key.
    """

    def __init__(self, folder: Path, keyring: Keyring = NO_KEYS) -> None:
        make_folder(folder)
        token = uuid.uuid4().hex
        self._path = folder / f".{token}.body"
        self._keyring = keyring
        self._place = f"body/{token}"
        self._file = open(self._path, "x+b", opener=private)  # noqa: SIM115 - closed by `close`
        self._file.seek(HEADING_BYTES)
        self._sealing = None if keyring.writing is None else Sealing(self._file, keyring, self._place)

    def append(self, chunk: bytearray, is_last: bool = False) -> None:
        if self._sealing is None:
            self._file.write(chunk)
        else:
            self._sealing.write(chunk)
            if is_last:
                self._sealing.finish()
        self._sync()

    def content(self) -> bytes:
        self._file.seek(HEADING_BYTES)
        return self._keyring.unseal(self._file.read(), self._place)

    def publish(self, folder: Path, delivery: Delivery) -> None:
        """Make this the delivery's file, durably; ``delivery.body`` is not looked at. Raises OSError."""
        self._file.seek(0)
        self._file.write(heading(delivery, self._keyring, self._place))
        self._sync()
        make_folder(folder)
        self._path.replace(folder / delivery.name)
        fsync_folder(folder)

    def close(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _sync(self) -> None:
        # Little by little: 25 MB at the end would keep the syncs of small events waiting.
        self._file.flush()
        os.fsync(self._file.fileno())
