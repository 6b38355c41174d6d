"""Protected values of tables: what the keyring makes of them, as text, to stand in any column."""

import base64
import binascii
import re

from jira_assets.privacy.errors import Tampered, UnknownKey
from jira_assets.privacy.keyring import Keyring, is_pseudonym, key_id_of

TELLING_CHARACTERS = 52
"""How many of the first characters of a value tell whether it is encrypted, and with which key."""

_PURPOSE = "tables"
_BASE64 = re.compile(r"[A-Za-z0-9_-]{6,}")
_PROTECTED = re.compile(r"A[fv]pqY[A-Za-z0-9_-]+")  # the marks of the keyring in base64


def sealed(keyring: Keyring, value: str) -> str:
    """A value encrypted, so that equal ones differ."""
    return _text(keyring.seal(value.encode(), _PURPOSE))


def pseudonym(keyring: Keyring, value: str) -> str:
    """A value encrypted, so that equal ones stay equal."""
    return _text(keyring.pseudonym(value.encode(), _PURPOSE))


def is_protected(text: str) -> bool:
    """Whether it looks like a protected value; so can what anybody has typed."""
    return _PROTECTED.fullmatch(text) is not None


def reveal(keyring: Keyring, text: str) -> str:
    """What a value of a protected column was before; one that was stored without protection stays as it is.

    Raises UnknownKey, and Tampered if it is not what was written.
    """
    stored = _decoded(text)
    if stored is None:
        return text
    value = (keyring.reveal if is_pseudonym(stored) else keyring.unseal)(stored, _PURPOSE)
    return text if value is stored else value.decode()


def readable(keyring: Keyring, text: str) -> str:
    """What a value was before it was protected, if it was; all else stays as it is."""
    try:
        return reveal(keyring, text) if is_protected(text) else text
    except (Tampered, UnknownKey):
        return text  # people may type what looks like one


def reveal_all(keyring: Keyring, text: str) -> str:
    """A text in which every protected value is readable; all else stays as it is.

    A value of a key that is not at hand stays as it is, too.
    """
    return _PROTECTED.sub(lambda match: readable(keyring, match[0]), text)


def key_of(text: str) -> str | None:
    """The id of the key that has encrypted a value, if one has. Its ``TELLING_CHARACTERS`` are enough."""
    stored = _decoded(text[:TELLING_CHARACTERS]) if is_protected(text) else None
    try:
        return None if stored is None else key_id_of(stored, _PURPOSE)
    except Tampered:
        return None


def _text(stored: bytes) -> str:
    return base64.urlsafe_b64encode(stored).decode().rstrip("=")


def _decoded(text: str) -> bytes | None:
    """What a protected value is made of; None for a text that cannot be one."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
