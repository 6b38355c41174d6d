"""``POST /webhooks/jira``: a delivery becomes a file in the inbox, then Jira is told that it has arrived."""

import asyncio
import re
import time
from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

from jira_assets import clock
from jira_assets.inbox.events import Event, UnreadableEvent, parse
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.inbox.receiver.body import Body
from jira_assets.inbox.receiver.exchange import answer, read_signed
from jira_assets.inbox.receiver.log import log_delivery
from jira_assets.inbox.receiver.outcomes import RENDERED, DeliveryOutcome, Refused
from jira_assets.inbox.receiver.state import ReceiverState

_ON_THE_LOOP = 64 * 1024  # bytes that are parsed in well under a millisecond
_IDENTIFIER = re.compile(rb"[!-~]{1,256}")
_ISSUE_HINT = re.compile(rb"(?:^|&)issue=([1-9][0-9]{0,17})(?:&|$)")


class Webhook:
    """Takes deliveries in."""

    def __init__(self, state: ReceiverState) -> None:
        self._state = state
        self._parsing = asyncio.Semaphore()  # no more than one large body is in memory as a whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        headers = dict(scope["headers"])
        about: dict[str, str] = {}
        body = Body(self._state.room)
        try:
            await read_signed(body, headers, receive, self._state.verifier)
            delivery = _delivery(body, headers, scope["query_string"])
            about["delivery"] = delivery.fingerprint[:12]
            outcome = await self._state.duplicates.once(
                delivery.fingerprint, lambda: self._take(delivery, body, about)
            )
        except Refused as refused:
            outcome = refused.outcome
        except OSError as error:
            about["error"] = type(error).__name__
            outcome = DeliveryOutcome.NOT_STORED
        finally:
            body.close()
        seconds = time.perf_counter() - began
        self._state.metrics.count(outcome, body.size, seconds)
        await answer(body, receive, send, *RENDERED[outcome])
        log_delivery(outcome, body.size, seconds, headers, about)

    async def _take(self, delivery: Delivery, body: Body, about: dict[str, str]) -> DeliveryOutcome:
        try:
            event = await self._parse(body)
        except UnreadableEvent:
            await self._put(self._state.unreadable, delivery, body)
            return DeliveryOutcome.UNREADABLE
        if event.is_known:
            about["event"] = event.name
        if self._is_in_another_month(event):
            return DeliveryOutcome.DROPPED
        await self._put(self._state.inbox, delivery, body)
        return DeliveryOutcome.STORED

    async def _parse(self, body: Body) -> Event:
        if body.size <= _ON_THE_LOOP:
            return parse(body.content())
        async with self._parsing:
            return await asyncio.to_thread(lambda: parse(body.content()))

    async def _put(self, inbox: Inbox, delivery: Delivery, body: Body) -> None:
        if body.file is None:
            await self._state.store.add(inbox, delivery)
        else:
            await asyncio.to_thread(body.file.publish, inbox.folder, delivery)

    def _is_in_another_month(self, event: Event) -> bool:
        if not self._state.projects or event.project_key is None:
            return False
        # An issue that has moved out of our projects is still among the tables.
        return event.project_key not in self._state.projects and not event.has_left(self._state.projects)


def _delivery(body: Body, headers: Mapping[bytes, bytes], query: bytes) -> Delivery:
    identifier = headers.get(b"x-atlassian-webhook-identifier", b"")
    hint = _ISSUE_HINT.search(query)
    return Delivery.arrived(
        identifier.decode() if _IDENTIFIER.fullmatch(identifier) else f"sha256:{body.sha256}",
        clock.now(),
        hint[1].decode() if hint else None,
        body.content() if body.file is None else b"",
        body.sha256,
    )
