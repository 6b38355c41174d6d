"""The HTTP side of a delivery, straight on ASGI: reading a signed body, and answering.

A request object would read whole bodies first, and takes longer than all the rest of a small delivery.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress

from starlette.types import Receive, Send

from jira_assets.receiver.body import ARRIVES_WITHIN_S, LIMIT, Body
from jira_assets.receiver.outcomes import Headers, Outcome, Refused
from jira_assets.receiver.signature import Verifier

_LINGER_S = 2


async def read_signed(
    body: Body, headers: Mapping[bytes, bytes], receive: Receive, verifier: Verifier
) -> None:
    """Reads a request's body if it is signed. Raises Refused, and OSError if the disk does not take it."""
    if _declared(headers) > LIMIT:
        raise Refused(Outcome.TOO_LARGE)
    check = verifier.check(headers.get(b"x-hub-signature", b""))
    if check is None:
        raise Refused(Outcome.UNAUTHORISED)
    deadline = time.monotonic() + ARRIVES_WITHIN_S
    while not body.is_complete:
        chunk, is_last = await _next_chunk(receive, deadline)
        check.update(chunk)
        await body.append(chunk, is_last=is_last)
    if not check.passed():
        raise Refused(Outcome.UNAUTHORISED)


async def _next_chunk(receive: Receive, deadline: float) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            message = await receive()
    except TimeoutError:
        raise Refused(Outcome.TOO_SLOW) from None
    if message["type"] != "http.request":
        raise Refused(Outcome.ABORTED)
    return message.get("body", b""), not message.get("more_body", False)


def _declared(headers: Mapping[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() and len(length) < 20 else 0


async def answer(send: Send, status: int, headers: Headers, content: bytes) -> None:
    """Answers a request whose body has been read."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def answer_early(receive: Receive, send: Send, status: int, headers: Headers, content: bytes) -> None:
    """Answers while the body may still be arriving, and closes the connection.

    Closing it at once would reset it, and the client, which is still sending, might never see the answer.
    """
    closing = [*headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": closing})
    await send({"type": "http.response.body", "body": content, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while (await receive()).get("more_body", False):
                pass
    await send({"type": "http.response.body", "body": b""})
