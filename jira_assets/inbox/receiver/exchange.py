"""The HTTP side of a delivery, straight on ASGI: reading a signed body, and answering.

A request object would read whole bodies first, and takes longer than all the rest of a small delivery.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress

from starlette.types import Receive, Send

from jira_assets.inbox.receiver.body import ARRIVES_WITHIN_S, LIMIT, Body
from jira_assets.inbox.receiver.outcomes import DeliveryOutcome, Headers, Refused
from jira_assets.inbox.receiver.signature import Verifier

_LINGER_S = 2
_BEGINS_WITHIN_S = 5  # and a body of 25 MB may take ARRIVES_WITHIN_S


async def read_signed(
    body: Body, headers: Mapping[bytes, bytes], receive: Receive, verifier: Verifier
) -> None:
    """Reads a request's body if it is signed. Raises Refused, and OSError if the disk does not take it."""
    if _declared(headers) > LIMIT:
        raise Refused(DeliveryOutcome.TOO_LARGE)
    check = verifier.check(headers.get(b"x-hub-signature", b""))
    if check is None:
        raise Refused(DeliveryOutcome.UNAUTHORISED)
    waited = 0.0  # for the client: the time that our disk takes is none of its
    while not body.is_complete:
        began = time.monotonic()
        chunk, is_last = await _next_chunk(receive, _time_for(body.size) - waited)
        waited += time.monotonic() - began
        check.update(chunk)
        await body.append(chunk, is_last=is_last)
    if not check.passed():
        raise Refused(DeliveryOutcome.UNAUTHORISED)


def _time_for(size: int) -> float:
    """Seconds that a client may take for so many bytes. Who is slower merely takes room from others."""
    return _BEGINS_WITHIN_S + (ARRIVES_WITHIN_S - _BEGINS_WITHIN_S) * size / LIMIT


async def _next_chunk(receive: Receive, within: float) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout(within):
            message = await receive()
    except TimeoutError:
        raise Refused(DeliveryOutcome.TOO_SLOW) from None
    if message["type"] != "http.request":
        raise Refused(DeliveryOutcome.ABORTED)
    return message.get("body", b""), not message.get("more_body", False)


def _declared(headers: Mapping[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() and len(length) < 20 else 0


async def answer(
    body: Body, receive: Receive, send: Send, status: int, headers: Headers, content: bytes
) -> None:
    """Answers a request. The connection is closed then if the body may still be arriving."""
    if not body.is_complete:
        await _answer_early(receive, send, status, headers, content)
        return
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _answer_early(receive: Receive, send: Send, status: int, headers: Headers, content: bytes) -> None:
    """Closing at once would reset the connection, and the client, still sending, might not see the answer."""
    closing = [*headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": closing})
    await send({"type": "http.response.body", "body": content, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while (await receive()).get("more_body", False):
                pass
    await send({"type": "http.response.body", "body": b""})
