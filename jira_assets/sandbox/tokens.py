"""Opaque page tokens: they carry a position, belong to one query, and expire."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

LIFETIME_MS = 7 * 24 * 3600 * 1000
_MAC_BYTES = 9


class InvalidTokenError(Exception):
    """The token was not issued here, not for this query, or has expired."""


class PageTokens:
    """Issues and reads page tokens. Tokens of another sandbox are worthless here."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)

    def issue(self, query: Sequence[Any], position: Sequence[int | str], now: int) -> str:
        """A token for the page after ``position`` of a query; ``now`` in epoch milliseconds."""
        body = msgspec.json.encode([now, _fingerprint(query), list(position)])
        return base64.urlsafe_b64encode(self._mac(body) + body).decode().rstrip("=")

    def read(self, token: str, query: Sequence[Any], now: int) -> tuple[int | str, ...]:
        """The position in a token. Raises InvalidTokenError."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError) as error:
            raise InvalidTokenError from error
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)):
            raise InvalidTokenError
        issued, fingerprint, position = msgspec.json.decode(body)
        if fingerprint != _fingerprint(query) or now - issued > LIFETIME_MS:
            raise InvalidTokenError
        return tuple(position)

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, body, "sha256")[:_MAC_BYTES]


def _fingerprint(query: Sequence[Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(query)).hexdigest()[:12]
