"""The keys, and values that are encrypted with them.

A sealed value is a version, the key's id, and what the cipher made. The place that it was sealed for goes
into its tag, so nobody can read it in another:

    01 FA 6A 61  length of id  id  nonce (12 bytes)  ciphertext  tag (16 bytes)    sealed, AES-256-GCM
    02 FA 6A 61  length of id  id  synthetic nonce (16 bytes)  ciphertext          pseudonym, AES-256-SIV

Neither JSON nor a zstd frame nor any text in UTF-8 begins like that, so that what was stored without a key is
told apart, also from a sealed value of which the beginning was changed.
Nonces are random: by NIST SP 800-38D, 8.3, one key is good for 2^32 values. So they are counted, in batches
that are noted before they are sealed. Pseudonyms need no nonce, and are not.
"""

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

from jira_assets.privacy.errors import MalformedKeys, NoKey, NotSealed, Tampered, UnknownKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import AEADDecryptionContext, AEADEncryptionContext

    from jira_assets.privacy.key import Key

TAG_BYTES = 16
LONGEST_BEGINNING = 4 + 1 + 32 + 12
"""Bytes of a sealed value before its ciphertext, at most."""

_NONCE_BYTES = 12
_FIRST_BATCH, _LARGEST_BATCH = 64, 1 << 16  # most processes seal a few values, and some seal millions
_SEALED = b"\x01\xfaja"
_PSEUDONYM = b"\x02\xfaja"
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_FORMAT = "Write each as id:base64, as `jira-assets keys new` prints it, with commas between them"


class Keyring:
    """The keys that were given: the first one writes, all of them read. Threads may share it.

    ``before_writing`` is called before anything is encrypted for the first time, and before each batch of
    values is sealed, with how many the batch may have; if it fails, nothing is.
    One that ``refuses_plain`` reads nothing that was stored without a key.
    """

    __slots__ = (
        "_before_writing",
        "_header",
        "_keys",
        "_noted",
        "_noting",
        "_numbers",
        "refuses_plain",
        "writing",
    )

    def __init__(
        self,
        keys: Mapping[str, "Key"],
        before_writing: Callable[[int], object] | None = None,
        *,
        refuses_plain: bool = False,
    ) -> None:
        self.refuses_plain = refuses_plain
        self.writing: str | None = next(iter(keys), None)
        self._keys = dict(keys)
        self._header = b"" if self.writing is None else bytes([len(self.writing)]) + self.writing.encode()
        self._before_writing = before_writing
        self._numbers = count()  # of sealed values: `next` is one step for threads
        self._noted = 0
        self._noting = Lock()

    @classmethod
    def parse(
        cls,
        text: str,
        before_writing: Callable[[int], object] | None = None,
        *,
        refuses_plain: bool = False,
    ) -> "Keyring":
        """Keys as ``id:base64``, with blanks, newlines or commas between them. Raises MalformedKeys."""
        from jira_assets.privacy.key import Key

        keys: dict[str, Key] = {}
        for position, entry in enumerate(filter(None, re.split(r"[\s,]+", text)), start=1):
            key_id, colon, encoded = entry.partition(":")
            if not colon or not is_key_id(key_id):  # it may be a key, so it is not quoted
                problem = f"has no proper id at place {position}"
                raise MalformedKeys(problem, f"{_FORMAT}; ids have letters, digits, - and _, at most 32")
            if key_id in keys:
                raise MalformedKeys(f"has the id {key_id!r} twice", "Give each key an id of its own")
            keys[key_id] = Key(_decoded(key_id, encoded))
        return cls(keys, before_writing, refuses_plain=refuses_plain)

    @property
    def ids(self) -> tuple[str, ...]:
        """The one that writes comes first."""
        return tuple(self._keys)

    @property
    def added_bytes(self) -> int:
        """How much longer a value is when it is sealed."""
        return 0 if self.writing is None else len(_SEALED) + len(self._header) + _NONCE_BYTES + TAG_BYTES

    def seal(self, plain: bytes, place: str) -> bytes:
        """Encrypts a value for its place; without keys the value stays as it is."""
        if self.writing is None:
            return plain
        key, header, nonce = self._key_for_next(), _SEALED + self._header, os.urandom(_NONCE_BYTES)
        return header + nonce + key.encrypt(nonce, plain, header + place.encode())

    def unseal(self, stored: bytes, place: str) -> bytes:
        """The value that was sealed for this place, or what is stored if that is not sealed.

        Raises UnknownKey, and Tampered if it is not what ``seal`` made for this place: where plain values are
        refused, NotSealed.
        """
        if not is_sealed(stored):
            return self._plain(stored, place)
        key, end = self._key_of(stored, place)
        start = end + _NONCE_BYTES
        return key.decrypt(stored[end:start], stored[start:], stored[:end] + place.encode(), place)

    def sealing(self, place: str) -> tuple[bytes, "AEADEncryptionContext"]:
        """For values that are too large for the memory: how the sealed value begins, and what makes the rest.

        The context's tag comes last. Raises NoKey.
        """
        key, header, nonce = self._key_for_next(), _SEALED + self._header, os.urandom(_NONCE_BYTES)
        return header + nonce, key.encryptor(nonce, header + place.encode())

    def unsealing(self, beginning: bytes, place: str) -> tuple[int, "AEADDecryptionContext"]:
        """From how such a value begins: where its ciphertext does, and what decrypts it.

        Nothing is known to be true before the context has taken the tag. ``beginning`` is the first
        ``LONGEST_BEGINNING`` bytes, or all if there are fewer. Raises UnknownKey and Tampered.
        """
        key, end = self._key_of(beginning, place)
        start = end + _NONCE_BYTES
        if len(beginning) < start or not is_sealed(beginning):
            raise Tampered(place)
        return start, key.decryptor(beginning[end:start], beginning[:end] + place.encode())

    def pseudonym(self, plain: bytes, purpose: str) -> bytes:
        """Encrypts a value so that equal ones stay equal, as long as the key and the purpose are the same.

        How long a value is can be seen. Nothing stays nothing. Raises NoKey.
        """
        key, header = self._key_for(0), _PSEUDONYM + self._header
        return header + key.encrypt_alike(plain, header, purpose) if plain else plain

    def reveal(self, stored: bytes, purpose: str) -> bytes:
        """The value behind a pseudonym, or what is stored if that is none. Raises UnknownKey and Tampered."""
        if not is_pseudonym(stored):
            return self._plain(stored, purpose) if stored else stored
        key, end = self._key_of(stored, purpose)
        return key.decrypt_alike(stored[end:], stored[:end], purpose)

    def _plain(self, stored: bytes, what: str) -> bytes:
        """What was stored without a key. Raises Tampered if it was sealed, and its mark is damaged."""
        # Every payload of the raw log comes by here, so most are told by a look at their beginning.
        if stored[1:4] == _SEALED[1:] or stored[:1] in (_SEALED[:1], _PSEUDONYM[:1]):
            same = sum(mine == theirs for mine, theirs in zip(stored[1:4], _SEALED[1:], strict=False))
            if same >= min(2, len(stored) - 1):
                raise Tampered(what)
        if self.refuses_plain:
            raise NotSealed(what)
        return stored

    def _key_for_next(self) -> "Key":
        return self._key_for(next(self._numbers))

    def _key_for(self, number: int) -> "Key":
        """The key that writes, once a value of this number is noted."""
        if self.writing is None:
            raise NoKey
        if number >= self._noted:
            self._note_until(number)
        return self._keys[self.writing]

    def _note_until(self, number: int) -> None:
        with self._noting:
            while number >= self._noted:
                batch = min(max(_FIRST_BATCH, self._noted), _LARGEST_BATCH)
                if self._before_writing is not None:
                    self._before_writing(batch)
                self._noted += batch

    def _key_of(self, stored: bytes, what: str) -> tuple["Key", int]:
        key_id, end = _header_of(stored, what)
        key = self._keys.get(key_id)
        if key is None:
            raise UnknownKey(key_id)
        return key, end

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    def __reduce__(self) -> tuple[type["Keyring"], tuple[dict[str, "Key"]]]:
        if self._keys:
            raise TypeError("a keyring does not leave its process: its keys would be in what takes it there")
        return Keyring, ({},)


NO_KEYS = Keyring({})


def is_key_id(text: str) -> bool:
    """Whether a key can be called so."""
    return _ID.fullmatch(text) is not None


def is_sealed(stored: bytes) -> bool:
    """Whether ``seal`` made it."""
    return stored.startswith(_SEALED)


def is_pseudonym(stored: bytes) -> bool:
    """Whether ``pseudonym`` made it."""
    return stored.startswith(_PSEUDONYM)


def key_id_of(stored: bytes, what: str) -> str | None:
    """The id of the key that a value is encrypted with; None if it is not. Raises Tampered."""
    return _header_of(stored, what)[0] if is_sealed(stored) or is_pseudonym(stored) else None


def beginning_bytes(stored: bytes, place: str) -> int:
    """Where a sealed value's ciphertext begins. Raises Tampered."""
    return _header_of(stored, place)[1] + _NONCE_BYTES


def _header_of(stored: bytes, what: str) -> tuple[str, int]:
    """The id of the key, and where the header ends. Raises Tampered if that cannot be an id."""
    start = len(_SEALED) + 1
    end = start + int.from_bytes(stored[start - 1 : start], "big")
    key_id = stored[start:end].decode("latin-1")
    if not is_key_id(key_id) or len(stored) < end:
        raise Tampered(what)
    return key_id, end


def _decoded(key_id: str, encoded: str) -> bytes:
    from jira_assets.privacy.key import BYTES

    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedKeys(f"has no base64 behind the id {key_id!r}", _FORMAT) from None
    if len(key) != BYTES:
        problem = f"has a key {key_id!r} of {8 * len(key)} bits instead of {8 * BYTES}"
        raise MalformedKeys(problem, "Make another with `jira-assets keys new`")
    return key
