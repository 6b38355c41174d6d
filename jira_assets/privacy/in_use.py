"""Which keys the data are encrypted with: `keys.json` beside them, with something that each key has sealed.

So a missing or a wrong key is noticed before anything is written, and not when something has to be read. What
is sealed says, too, whether everything is: then a plain value is a forged one. Nobody without the key can say
either; where the file is gone, everything is, if anything is.

Beside it stands how many values each key has sealed, at most, since they are counted before. What a key has
sealed in versions that did not count is not known.
"""

import fcntl
import os
from collections.abc import Callable, Hashable, Iterator, Mapping
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

MANY_VALUES = 1 << 31
"""So many under one key, half of what it is good for, are time for another one."""


class _File(msgspec.Struct):
    checks: dict[str, bytes]
    values: dict[str, int] = msgspec.field(default_factory=dict)


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
        return list(self._read().checks)

    def values(self) -> Mapping[str, int]:
        """How many values the keys have sealed, at most, by their ids."""
        return self._read().values

    def values_of_writing(self, keyring: Keyring) -> int | None:
        """How many values the key that writes has sealed, at most; None without one."""
        return None if keyring.writing is None else self.values().get(keyring.writing, 0)

    def identity(self) -> Hashable:
        """Changes with what the keys say; None while none is in use."""
        return tuple(self._read().checks.items()) or None

    def verify(self, keyring: Keyring) -> None:
        """Raises UnknownKey for a key that is in use and not here, WrongKey for one that is another."""
        checks = self._read().checks
        for key_id in checks:
            if key_id not in keyring.ids:
                raise UnknownKey(key_id)
        for key_id in checks:
            if not self._is_right(checks, keyring, key_id):
                raise WrongKey(key_id)

    def is_right(self, keyring: Keyring, key_id: str) -> bool | None:
        """Whether a key is the one that is in use under its id; None if there is none."""
        checks = self._read().checks
        return self._is_right(checks, keyring, key_id) if key_id in checks else None

    def add(self, keyring: Keyring, values: int = 0) -> None:
        """Note, durably, that the keyring's first key writes, and is going to seal so many values.

        Raises WrongKey if another of its id writes.
        """
        key_id = keyring.writing
        if key_id is None:
            return
        with self._locked():
            found = self._read()
            if key_id not in found.checks:
                text = _ALL_SEALED if self._is_all_sealed(found.checks, keyring) else _TEXT
                found.checks[key_id] = keyring.seal(text, _place(key_id))
            elif not self._is_right(found.checks, keyring, key_id):
                raise WrongKey(key_id)
            found.values[key_id] = found.values.get(key_id, 0) + values
            self._write(found)

    def is_all_sealed(self, keyring: Keyring) -> bool:
        """Whether nothing is stored that no key has sealed, in the form that values are sealed in now."""
        return self._is_all_sealed(self._read().checks, keyring)

    def note(self, keyring: Keyring, *, is_all_sealed: bool) -> None:
        """Note whether everything is sealed, by the key that writes, which is in use."""
        key_id = keyring.writing
        if key_id is None:
            raise NoKey
        text = _ALL_SEALED if is_all_sealed else _TEXT
        with self._locked():
            found = self._read()
            found.checks[key_id] = keyring.seal(text, _place(key_id))
            self._write(found)

    def retire(self, key_id: str) -> None:
        """Note that nothing is encrypted with a key any more."""
        with self._locked():
            found = self._read()
            if found.checks.pop(key_id, None) is not None:
                found.values.pop(key_id, None)
                self._write(found)

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

    def _read(self) -> _File:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_File)
        except FileNotFoundError:
            return _File({})
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise PrivacyError(
                f"{self._path}, which lists the encryption keys in use, is damaged. "
                "Restore it from a backup, or move it away: without it data can be read as before, "
                "but a missing key is noticed only when something needs it."
            ) from None

    def _write(self, content: _File) -> None:
        with replaced(UPath(self._path)) as staged:
            staged.write_bytes(msgspec.json.encode(content))

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

    Raises MalformedKeys, UnknownKey, WrongKey and OSError. What was found holds until the keys say otherwise.
    """
    identity = KeysInUse(path).identity()
    if identity is not None:
        return _checked(text, path, identity)
    return _verified(text, KeysInUse(path, holds_plain))


@lru_cache(maxsize=8)
def _checked(text: str | None, path: Path, identity: Hashable) -> Keyring:
    del identity  # part of what makes it the same
    return _verified(text, KeysInUse(path))


def _verified(text: str | None, in_use: KeysInUse) -> Keyring:
    if text is None:
        in_use.verify(NO_KEYS)
        return NO_KEYS
    keyring = Keyring.parse(text)
    in_use.verify(keyring)
    refuses_plain = in_use.is_all_sealed(keyring)
    return Keyring.parse(
        text, before_writing=lambda values: in_use.add(keyring, values), refuses_plain=refuses_plain
    )


def _place(key_id: str) -> str:
    return f"keys/{key_id}"
