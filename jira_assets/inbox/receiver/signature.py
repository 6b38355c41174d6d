"""Whether a body was signed with one of our secrets: WebSub's ``X-Hub-Signature: method=signature``.

Jira signs the raw bytes with HMAC-SHA256 and nothing else, so no other method is accepted.
https://developer.atlassian.com/cloud/jira/platform/webhooks/ (Secure admin webhooks)
"""

import hmac
import re
from collections.abc import Sequence

_HEADER = re.compile(rb"sha256=([0-9a-fA-F]{64})")


class Check:
    """One body's signature, worked out while the body arrives."""

    def __init__(self, codes: Sequence[hmac.HMAC], claimed: bytes) -> None:
        self._codes = codes
        self._claimed = claimed

    def update(self, chunk: bytes) -> None:
        for code in self._codes:
            code.update(chunk)

    def passed(self) -> bool:
        # All are compared, so that the time taken does not tell which secret it was.
        matches = [hmac.compare_digest(code.digest(), self._claimed) for code in self._codes]
        return any(matches)


class Verifier:
    """Knows the secrets: two while one replaces the other. With none, nothing passes."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keyed = [hmac.new(secret.encode(), digestmod="sha256") for secret in secrets]

    def check(self, header: bytes) -> Check | None:
        """The check of a body that came with this header; None if the header is no SHA-256 signature."""
        claimed = _HEADER.fullmatch(header)
        if claimed is None:
            return None
        return Check([keyed.copy() for keyed in self._keyed], bytes.fromhex(claimed[1].decode()))
