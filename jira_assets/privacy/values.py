"""Protected values of tables: what the keyring makes of them, as text, to stand in any column.

An encrypted value carries, within what is authenticated, a digest of the cell that it was encrypted for; who
says which cell it stands in learns whether it was moved. A pseudonym is the same in every row, so it is bound
to its domain instead: what it says about people. Those from before are bound to nothing, and stay readable.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b

from jira_assets.privacy.errors import NotSealed, Tampered, UnknownKey
from jira_assets.privacy.keyring import Keyring, is_pseudonym, is_sealed, key_id_of

TELLING_CHARACTERS = 52
"""How many of the first characters of a value tell whether it is encrypted, and with which key."""

_UNBOUND = "tables"  # what values were protected for before they were bound
_CELLS = "tables/cells"
_DOMAINS = ("identity", "account", "contact", "free text")
_CELL_BYTES = 16
_BASE64 = re.compile(r"[A-Za-z0-9_-]{6,}")
_PSEUDONYMS_BEGIN = "AvpqY"
_PROTECTED = re.compile(r"A[fv]pqY[A-Za-z0-9_-]+")  # the marks of the keyring in base64


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a value stands, by its view. ``row`` is the stored primary key, ``domains`` are of pseudonyms."""

    table: str
    column: str
    row: str
    domains: tuple[str, ...] = _DOMAINS

    @property
    def digest(self) -> bytes:
        """What an encrypted value carries."""
        named = "\0".join((self.table, self.column, self.row))
        return blake2b(named.encode(), digest_size=_CELL_BYTES).digest()

    def __str__(self) -> str:
        return f"{self.table}.{self.column} of {self.row}"


def sealed(keyring: Keyring, value: str, cell: Cell) -> str:
    """A value encrypted, so that equal ones differ."""
    return _text(keyring.seal(cell.digest + value.encode(), _CELLS))


def pseudonym(keyring: Keyring, domain: str, value: str) -> str:
    """A value encrypted, so that equal ones of a domain stay equal."""
    return _text(keyring.pseudonym(value.encode(), f"{_UNBOUND}/{domain}"))


def is_pseudonym_text(text: str) -> bool:
    """Whether it looks like a pseudonym, which is the same in every row."""
    return text.startswith(_PSEUDONYMS_BEGIN)


def is_protected(text: str) -> bool:
    """Whether it looks like a protected value; so can what anybody has typed."""
    return _PROTECTED.fullmatch(text) is not None


def reveal(keyring: Keyring, text: str, cell: Cell | None = None) -> str:
    """What a value of a protected column was before; one that was stored without protection stays as it is.

    ``cell`` is where it stands; without one nobody knows whether it was moved. Raises UnknownKey, and
    Tampered if it is not what was written, there.
    """
    stored = _decoded(text)
    if stored is None:
        return text
    if is_pseudonym(stored):
        domains = _DOMAINS if cell is None else cell.domains
        purposes = (*(f"{_UNBOUND}/{domain}" for domain in domains), _UNBOUND)
        return _first_of(keyring.reveal, stored, purposes)[0].decode()
    if not is_sealed(stored):
        with suppress(NotSealed):  # the policy may have become stricter since; its rows are being rebuilt
            keyring.unseal(stored, _CELLS)  # which says whether its mark is damaged
        return text
    value, purpose = _first_of(keyring.unseal, stored, (_CELLS, _UNBOUND))
    if purpose == _UNBOUND:
        return value.decode()
    if cell is not None and value[:_CELL_BYTES] != cell.digest:
        raise Tampered(str(cell))
    return value[_CELL_BYTES:].decode()


def readable(keyring: Keyring, text: str) -> str:
    """What a value was before it was protected, if it was; all else stays as it is."""
    try:
        return reveal(keyring, text) if is_protected(text) else text
    except (Tampered, UnknownKey):
        return text  # people may type what looks like one


def reveal_all(keyring: Keyring, text: str) -> str:
    """A text in which every protected value is readable, wherever it was; all else stays as it is.

    A value of a key that is not at hand stays as it is, too.
    """
    return _PROTECTED.sub(lambda match: readable(keyring, match[0]), text)


def reveal_within(keyring: Keyring, text: str, cell: Cell) -> str:
    """The JSON of a cell in which people are readable. Raises Tampered if one was brought from elsewhere."""
    return _PROTECTED.sub(lambda match: _of_cell(keyring, match[0], cell), text)


def readable_in(keyring: Keyring, text: str, cell: Cell) -> str:
    """What the value of a cell was, if it was protected. Raises Tampered if it was brought from elsewhere."""
    return _of_cell(keyring, text, cell) if is_protected(text) else text


def _of_cell(keyring: Keyring, text: str, cell: Cell) -> str:
    """As ``reveal``, but for what somebody has typed that looks like a protected value."""
    return text if readable(keyring, text) == text else reveal(keyring, text, cell)


def _first_of(
    opened: Callable[[bytes, str], bytes], stored: bytes, purposes: Iterable[str]
) -> tuple[bytes, str]:
    """A value and what it was protected for, of these. Raises UnknownKey and Tampered."""
    for purpose in purposes:
        with suppress(Tampered):
            return opened(stored, purpose), purpose
    raise Tampered(_UNBOUND)


def key_of(text: str) -> str | None:
    """The id of the key that has encrypted a value, if one has. Its ``TELLING_CHARACTERS`` are enough."""
    stored = _decoded(text[:TELLING_CHARACTERS]) if is_protected(text) else None
    try:
        return None if stored is None else key_id_of(stored, _UNBOUND)
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
