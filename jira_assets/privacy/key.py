"""One key and its ciphers. By itself, because `cryptography` is loaded only where there are keys."""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import AEADDecryptionContext, AEADEncryptionContext, Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from jira_assets.privacy.errors import Tampered

BYTES = 32
_SIV_BYTES = 64


def new_key(key_id: str) -> str:
    """A new key, as JIRA_ENCRYPTION_KEYS has it."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(BYTES)).decode()}"


class Key:
    """A key of 256 bits. No cipher uses it as it is, but what HKDF-SHA256 derives from it for each purpose.

    ``about`` is authenticated with the data; ``what`` is what Tampered says cannot be decrypted.
    """

    __slots__ = ("_gcm", "_master", "_sealing", "_siv")

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._sealing = self._derived("seal", BYTES)
        self._gcm = AESGCM(self._sealing)
        self._siv: dict[str, AESSIV] = {}

    def encrypt(self, nonce: bytes, plain: bytes, about: bytes) -> bytes:
        """AES-256-GCM; the tag comes last."""
        return self._gcm.encrypt(nonce, plain, about)

    def decrypt(self, nonce: bytes, data: bytes, about: bytes, what: str) -> bytes:
        """Raises Tampered unless ``encrypt`` made it."""
        try:
            return self._gcm.decrypt(nonce, data, about)
        except (InvalidTag, ValueError):  # the latter is a nonce that is cut short
            raise Tampered(what) from None

    def encryptor(self, nonce: bytes, about: bytes) -> AEADEncryptionContext:
        """As ``encrypt``, piece by piece."""
        context = Cipher(AES(self._sealing), GCM(nonce)).encryptor()
        context.authenticate_additional_data(about)
        return context

    def decryptor(self, nonce: bytes, about: bytes) -> AEADDecryptionContext:
        """As ``decrypt``, piece by piece: it raises InvalidTag at the end."""
        context = Cipher(AES(self._sealing), GCM(nonce)).decryptor()
        context.authenticate_additional_data(about)
        return context

    def encrypt_alike(self, plain: bytes, about: bytes, purpose: str) -> bytes:
        """AES-256-SIV: the same for the same value and purpose."""
        return self._siv_for(purpose).encrypt(plain, [about])

    def decrypt_alike(self, data: bytes, about: bytes, purpose: str) -> bytes:
        """Raises Tampered unless ``encrypt_alike`` made it."""
        try:
            return self._siv_for(purpose).decrypt(data, [about])
        except (InvalidTag, ValueError):
            raise Tampered(purpose) from None

    def _siv_for(self, purpose: str) -> AESSIV:
        cipher = self._siv.get(purpose)
        if cipher is None:
            cipher = self._siv[purpose] = AESSIV(self._derived(f"pseudonym/{purpose}", _SIV_BYTES))
        return cipher

    def _derived(self, purpose: str, length: int) -> bytes:
        return HKDF(SHA256(), length, salt=None, info=purpose.encode()).derive(self._master)
