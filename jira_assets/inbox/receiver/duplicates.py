"""Deliveries that came before: Jira delivers at least once, and again when an answer was lost."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from jira_assets.inbox.receiver.outcomes import DeliveryOutcome

REMEMBERED = 100_000
_REMEMBERED_AS = {DeliveryOutcome.STORED, DeliveryOutcome.UNREADABLE}


class Duplicates:
    """Remembers the fingerprints of what was kept of late: at most ``remembered``, and at least half of that.

    There are two generations, so that to forget is to drop the older.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._generation = remembered // 2
        self._newer: set[str] = set()
        self._older: set[str] = set()
        self._in_hand: dict[str, asyncio.Event] = {}

    def remember(self, fingerprints: Iterable[str]) -> None:
        for fingerprint in fingerprints:
            self._newer.add(fingerprint)
            if len(self._newer) >= self._generation:
                self._older, self._newer = self._newer, set()

    async def once(self, fingerprint: str, take: Callable[[], Awaitable[DeliveryOutcome]]) -> DeliveryOutcome:
        """Takes a delivery unless one with its fingerprint was kept before.

        While another is in hand this waits for how that ends: only what is durable makes a duplicate of it.
        """
        while (other := self._in_hand.get(fingerprint)) is not None:
            await other.wait()
        if fingerprint in self._newer or fingerprint in self._older:
            return DeliveryOutcome.DUPLICATE
        ended = self._in_hand[fingerprint] = asyncio.Event()
        try:
            outcome = await take()
            if outcome in _REMEMBERED_AS:
                self.remember([fingerprint])
            return outcome
        finally:
            del self._in_hand[fingerprint]
            ended.set()
