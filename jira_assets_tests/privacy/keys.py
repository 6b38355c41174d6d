"""Keys to test with: the same whenever they have the same id."""

import base64
import hashlib

import pytest

from jira_assets.privacy.keyring import NO_KEYS, Keyring


def key(key_id: str, seed: str = "") -> str:
    """A line of JIRA_ENCRYPTION_KEYS; with a seed, another key of the same id."""
    return f"{key_id}:{base64.b64encode(hashlib.sha256(f'{key_id}{seed}'.encode()).digest()).decode()}"


def keyring(*key_ids: str) -> Keyring:
    """A keyring of these keys, of which the first one writes."""
    return Keyring.parse(",".join(map(key, key_ids)))


plain_and_sealed = pytest.mark.parametrize("keyring", [NO_KEYS, keyring("k1")], ids=["plain", "sealed"])
"""For what must be the same with a key and without one."""
