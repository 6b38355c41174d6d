"""What lies in front of the application: the log of requests, and the faults that befall them."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jira_assets.sandbox.faults import Fault, Faults, now


@dataclass(slots=True)
class SeenRequest:
    """One request as it came in: what tests look at. Header names are in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    headers: dict[str, str]
    to_media_host: bool
    status: int = 0

    def json(self) -> Any:
        """The decoded body; None if there is none."""
        return msgspec.json.decode(self.body) if self.body else None


@dataclass(slots=True)
class Traffic:
    """Every request so far, and how many were in progress at once at most."""

    requests: list[SeenRequest] = field(default_factory=list)
    in_progress: int = 0
    most_at_once: int = 0


class FrontDoor:
    """The ASGI application of both listeners: logs a request, lets its fault happen, passes it on."""

    def __init__(
        self,
        site: ASGIApp,
        media: ASGIApp,
        media_port: int,
        faults: Faults,
        traffic: Traffic,
        clock: Callable[[], int],
    ) -> None:
        self._site = site
        self._media = media
        self._media_port = media_port
        self._faults = faults
        self._traffic = traffic
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = SeenRequest(
            method=scope["method"],
            path=scope["path"],
            query=parse_qs(scope["query_string"].decode(), keep_blank_values=True),
            body=await _body(receive),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            to_media_host=scope["server"][1] == self._media_port,
        )
        traffic = self._traffic
        traffic.requests.append(seen)
        traffic.in_progress += 1
        traffic.most_at_once = max(traffic.most_at_once, traffic.in_progress)
        try:
            fault = self._faults.pick(seen.method, seen.path)
            scope["sandbox.seen"] = seen
            await self._answer(scope, receive, self._noting(seen, send), seen, fault)
        finally:
            traffic.in_progress -= 1

    def _noting(self, seen: SeenRequest, send: Send) -> Send:
        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                date = formatdate(self._clock() / 1000, usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", ()), (b"date", date)]}
            await send(message)

        return note

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, seen: SeenRequest, fault: Fault | None
    ) -> None:
        application = self._media if seen.to_media_host else self._site
        if fault is None:
            await application(scope, receive, send)
            return
        if fault.wire is not None:
            await _write(scope, fault.wire(), fault.delay)
            return
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.broken:
            await _reset(scope)
        elif fault.status is not None:
            await _send(send, fault.status, dict(fault.headers(now())), fault.body)
        elif fault.truncated:
            await application(scope, receive, _cutting(scope, send))
        elif fault.repeats_token:
            await application(scope, receive, _repeating_token(seen, send))
        else:
            await application(scope, receive, send)


async def _body(receive: Receive) -> bytes:
    message = await receive()
    if not message.get("more_body"):
        body: bytes = message.get("body", b"")
        return body
    chunks = [message.get("body", b"")]
    while message.get("more_body"):
        message = await receive()
        chunks.append(message.get("body", b""))
    return b"".join(chunks)


async def _write(scope: Scope, pieces: Iterable[bytes], seconds: float) -> None:
    """Past the server, which would say nothing that is wrong; until that ends, or the client has gone."""
    transport = scope["extensions"]["sandbox.transport"]
    for piece in pieces:
        if transport.is_closing():
            break
        transport.write(piece)
        await asyncio.sleep(seconds)
        while transport.get_write_buffer_size() and not transport.is_closing():
            await asyncio.sleep(0.001)
    transport.close()
    await asyncio.sleep(0.01)  # for the server to notice, as below


async def _reset(scope: Scope) -> None:
    scope["extensions"]["sandbox.transport"].abort()
    # Let the server notice, or it answers 500 for an application that said nothing.
    await asyncio.sleep(0.01)


def _cutting(scope: Scope, send: Send) -> Send:
    async def cut(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            # What was written must leave before the connection does.
            await asyncio.sleep(0.05)
            await _reset(scope)
        else:
            await send(message)

    return cut


def _repeating_token(seen: SeenRequest, send: Send) -> Send:
    """Name the page that was asked for as the next one; the first page, which has no token, is left alone."""
    asked = (seen.json() or {}).get("nextPageToken") or seen.query.get("nextPageToken", [None])[-1]
    held: list[Message] = []

    async def repeat(message: Message) -> None:
        held.append(message)
        if message["type"] != "http.response.body":
            return
        page = msgspec.json.decode(message["body"])
        if asked is not None:
            page |= {"nextPageToken": asked, "isLast": False}
        headers = {name.decode(): value.decode() for name, value in held[0]["headers"]}
        headers.pop("content-length", None)
        await _send(send, held[0]["status"], headers, msgspec.json.encode(page))

    return repeat


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    shown = {"content-type": "application/json;charset=UTF-8", "content-length": str(len(body))} | headers
    encoded = [(name.lower().encode(), value.encode()) for name, value in shown.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
