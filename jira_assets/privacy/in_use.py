"""Which keys the data are encrypted with: `keys.json` beside them, with something that each key has sealed.

So a missing or a wrong key is noticed before anything is written, and not when something has to be read.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import msgspec
from upath import UPath

from jira_assets.files import make_folder, replaced
from jira_assets.privacy.errors import PrivacyError, Tampered, UnknownKey, WrongKey
from jira_assets.privacy.keyring import NO_KEYS, Keyring

_TEXT = b"jira-assets"


class _File(msgspec.Struct):
    checks: dict[str, bytes]


class KeysInUse:
    """The keys that have written, by the file that lists them. A key leaves it when nothing needs it.

    Any number of processes may use it at once. Raises OSError, and PrivacyError if the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def ids(self) -> list[str]:
        """In the order in which they were first used."""
        return list(self._read())

    def verify(self, keyring: Keyring) -> None:
        """Raises UnknownKey for a key that is in use and not here, WrongKey for one that is another."""
        checks = self._read()
        for key_id in checks:
            if key_id not in keyring.ids:
                raise UnknownKey(key_id)
        for key_id in checks:
            if not self._is_right(checks, keyring, key_id):
                raise WrongKey(key_id)

    def is_right(self, keyring: Keyring, key_id: str) -> bool | None:
        """Whether a key is the one that is in use under its id; None if there is none."""
        checks = self._read()
        return self._is_right(checks, keyring, key_id) if key_id in checks else None

    def add(self, keyring: Keyring) -> None:
        """Note, durably, that the keyring's first key writes. Raises WrongKey if another of its id does."""
        key_id = keyring.writing
        if key_id is None:
            return
        with self._locked():
            checks = self._read()
            if key_id not in checks:
                self._write(checks | {key_id: keyring.seal(_TEXT, _place(key_id))})
            elif not self._is_right(checks, keyring, key_id):
                raise WrongKey(key_id)

    def retire(self, key_id: str) -> None:
        """Note that nothing is encrypted with a key any more."""
        with self._locked():
            checks = self._read()
            if checks.pop(key_id, None) is not None:
                self._write(checks)

    def _is_right(self, checks: dict[str, bytes], keyring: Keyring, key_id: str) -> bool:
        try:
            return keyring.unseal(checks[key_id], _place(key_id)) == _TEXT
        except (Tampered, UnknownKey):
            return False

    def _read(self) -> dict[str, bytes]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_File).checks
        except FileNotFoundError:
            return {}
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise PrivacyError(
                f"{self._path}, which lists the encryption keys in use, is damaged. "
                "Restore it from a backup, or move it away: without it data can be read as before, "
                "but a missing key is noticed only when something needs it."
            ) from None

    def _write(self, checks: dict[str, bytes]) -> None:
        with replaced(UPath(self._path)) as staged:
            staged.write_bytes(msgspec.json.encode(_File(checks)))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Between reading and writing, nobody else may write. A killed process leaves no lock behind."""
        make_folder(self._path.parent, within=self._path)  # it is not only ours
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def verified(text: str | None, path: Path) -> Keyring:
    """The keyring of a setting, once it is known to have the keys in use; it notes there that it writes.

    Raises MalformedKeys, UnknownKey, WrongKey and OSError. What was found holds until the file changes.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return _verified(text, path, None)
    return _verified(text, path, (status.st_ino, status.st_mtime_ns))


@lru_cache(maxsize=8)
def _verified(text: str | None, path: Path, identity: tuple[int, int] | None) -> Keyring:
    del identity  # part of what makes it the same file
    in_use = KeysInUse(path)
    if text is None:
        in_use.verify(NO_KEYS)
        return NO_KEYS
    keyring = Keyring.parse(text)
    in_use.verify(keyring)
    return Keyring.parse(text, before_writing=lambda: in_use.add(keyring))


def _place(key_id: str) -> str:
    return f"keys/{key_id}"
