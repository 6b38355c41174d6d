"""Which keys the data are encrypted with: `keys.json` beside them, with something that each key has sealed.

So a missing or a wrong key is noticed before anything is written, and not when something has to be read. What
is sealed says, too, whether everything is: then a plain value is a forged one. Nobody without the key can say
either; where the file is gone, everything is, if anything is.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import msgspec
from upath import UPath

from jira_assets.files import make_folder, replaced
from jira_assets.privacy.errors import NoKey, PrivacyError, Tampered, UnknownKey, WrongKey
from jira_assets.privacy.keyring import NO_KEYS, Keyring, is_sealed

_TEXT = b"jira-assets"  # all that versions wrote which did not know whether everything is sealed
_ALL_SEALED = b"jira-assets: everything is sealed"


class _File(msgspec.Struct):
    checks: dict[str, bytes]


class KeysInUse:
    """The keys that have written, by the file that lists them. A key leaves it when nothing needs it.

    ``holds_plain`` tells whether what is stored was all stored without a key, while there is no file. Any
    number of processes may use it at once. Raises OSError, and PrivacyError if the file is damaged.
    """

    def __init__(self, path: Path, holds_plain: Callable[[], bool] = lambda: True) -> None:
        self._path = path
        self._holds_plain = holds_plain

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
                text = _ALL_SEALED if self._is_all_sealed(checks, keyring) else _TEXT
                self._write(checks | {key_id: keyring.seal(text, _place(key_id))})
            elif not self._is_right(checks, keyring, key_id):
                raise WrongKey(key_id)

    def is_all_sealed(self, keyring: Keyring) -> bool:
        """Whether nothing is stored that no key has sealed, in the form that values are sealed in now."""
        return self._is_all_sealed(self._read(), keyring)

    def note(self, keyring: Keyring, *, is_all_sealed: bool) -> None:
        """Note whether everything is sealed, by the key that writes, which is in use."""
        key_id = keyring.writing
        if key_id is None:
            raise NoKey
        text = _ALL_SEALED if is_all_sealed else _TEXT
        with self._locked():
            self._write(self._read() | {key_id: keyring.seal(text, _place(key_id))})

    def retire(self, key_id: str) -> None:
        """Note that nothing is encrypted with a key any more."""
        with self._locked():
            checks = self._read()
            if checks.pop(key_id, None) is not None:
                self._write(checks)

    def _is_right(self, checks: dict[str, bytes], keyring: Keyring, key_id: str) -> bool:
        return self._text(checks, keyring, key_id) in (_TEXT, _ALL_SEALED)

    def _is_all_sealed(self, checks: dict[str, bytes], keyring: Keyring) -> bool:
        if not checks:
            return not self._holds_plain()
        return all(self._text(checks, keyring, key_id) == _ALL_SEALED for key_id in checks)

    def _text(self, checks: dict[str, bytes], keyring: Keyring, key_id: str) -> bytes | None:
        """What the key has sealed here; None if it is another one."""
        sealed = checks[key_id]
        try:
            return keyring.unseal(sealed, _place(key_id)) if is_sealed(sealed) else None
        except (Tampered, UnknownKey):
            return None

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


def verified(text: str | None, path: Path, holds_plain: Callable[[], bool] = lambda: True) -> Keyring:
    """The keyring of a setting, once it is known to have the keys in use; it notes there that it writes, and
    refuses what no key has sealed once everything is.

    Raises MalformedKeys, UnknownKey, WrongKey and OSError. What was found holds until the file changes.
    """
    if KeysInUse(path).ids():
        status = path.stat()
        return _checked(text, path, (status.st_ino, status.st_mtime_ns))
    return _verified(text, KeysInUse(path, holds_plain))


@lru_cache(maxsize=8)
def _checked(text: str | None, path: Path, identity: tuple[int, int]) -> Keyring:
    del identity  # part of what makes it the same file
    return _verified(text, KeysInUse(path))


def _verified(text: str | None, in_use: KeysInUse) -> Keyring:
    if text is None:
        in_use.verify(NO_KEYS)
        return NO_KEYS
    keyring = Keyring.parse(text)
    in_use.verify(keyring)
    refuses_plain = in_use.is_all_sealed(keyring)
    return Keyring.parse(text, before_writing=lambda: in_use.add(keyring), refuses_plain=refuses_plain)


def _place(key_id: str) -> str:
    return f"keys/{key_id}"
