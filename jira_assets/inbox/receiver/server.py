"""Running the receiver under uvicorn: in this thread until a signal ends it, or in the background."""

import asyncio
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jira_assets.inbox.receiver.app import application
from jira_assets.settings import Settings

CONNECTIONS = 2000
ACCEPTED_AT_ONCE = 1024
HEAD_BYTES = 64 * 1024
HEAD_ARRIVES_WITHIN_S = 10

_HEADER_COSTS = 100  # bytes of memory beside its text
_CHUNK_LINES = 16  # bytes around a chunk
_KEEP_ALIVE_S = 75  # longer than proxies keep theirs, so that it is they who close an idle connection
_ANSWERS_WITHIN_S = 10  # what is still arriving when the receiver is told to end
_STARTS_WITHIN_S = 30


class OpenConnections:
    """The connections of a receiver, by what they wait for, those that have waited longest first.

    At most ``limit`` are kept: one that comes in when there are so many takes the place of the one that has
    been idle longest or, if all are busy, of the one that has taken longest to send its request. So nobody
    keeps deliveries out by holding connections. A request that has arrived is answered.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._idle: dict[_BoundedProtocol, None] = {}
        self._sending: dict[_BoundedProtocol, None] = {}
        self._answered: dict[_BoundedProtocol, None] = {}

    def open(self, connection: "_BoundedProtocol") -> None:
        """A connection on which nothing was sent yet."""
        if len(self._idle) + len(self._sending) + len(self._answered) >= self.limit:
            self._make_room()
        self._idle[connection] = None

    def sends(self, connection: "_BoundedProtocol") -> None:
        """A request has begun."""
        self._move(connection, self._sending)

    def has_sent(self, connection: "_BoundedProtocol") -> None:
        """A request is complete."""
        self._move(connection, self._answered)

    def rests(self, connection: "_BoundedProtocol") -> None:
        """A request is answered."""
        self._move(connection, self._idle)

    def closed(self, connection: "_BoundedProtocol") -> None:
        """A connection is no more."""
        self._remove(connection)

    def _make_room(self) -> None:
        for waiting in (self._idle, self._sending):
            for longest in waiting:
                del waiting[longest]
                longest.transport.abort()
                return

    def _move(self, connection: "_BoundedProtocol", to: "dict[_BoundedProtocol, None]") -> None:
        if self._remove(connection):  # one that made room is on its way out
            to[connection] = None

    def _remove(self, connection: "_BoundedProtocol") -> bool:
        for group in (self._idle, self._sending, self._answered):
            if connection in group:
                del group[connection]
                return True
        return False


class _BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself waits for ever for a request's head, and keeps one of any length.

    It keeps trailers too, which may follow a body in chunks: so all that is not body counts, save for the
    lines around chunks, which are read and forgotten. And it keeps requests that do not wait for the answer
    to the one before, hundreds of bytes for each of theirs. No deliverer sends such.
    """

    def __init__(self, open_connections: OpenConnections, **settings: Any) -> None:
        super().__init__(**settings)
        self._open_connections = open_connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._open_connections.open(self)
        self._beside_body = 0  # bytes of this request
        self._head_since: float | None = time.monotonic()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._open_connections.closed(self)

    def data_received(self, data: bytes) -> None:
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body > HEAD_BYTES:
            self.transport.abort()
        elif self._is_answering():
            self._head_since = None
        elif self._head_since is None:
            self._head_since = time.monotonic()

    def on_message_begin(self) -> None:
        if self._is_answering():
            raise ValueError("the request before is not answered yet")  # uvicorn makes a 400 of it
        super().on_message_begin()
        self._open_connections.sends(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._beside_body += _HEADER_COSTS

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._beside_body = max(0, self._beside_body - len(body) - _CHUNK_LINES)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._is_answering():
            self._open_connections.has_sent(self)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._open_connections.rests(self)
        self._beside_body = 0

    def close_if_late(self, now: float) -> None:
        if self._head_since is not None and now - self._head_since > HEAD_ARRIVES_WITHIN_S:
            self.transport.abort()

    def _is_answering(self) -> bool:
        has_begun = self.cycle is not None  # which it is until the first head is complete
        return has_begun and not self.cycle.response_complete


class _Server(uvicorn.Server):
    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # once a second
            now = time.monotonic()
            for connection in list(self.server_state.connections):
                if isinstance(connection, _BoundedProtocol):
                    connection.close_if_late(now)
        return await super().on_tick(counter)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at a name or an address; port 0 takes a free one. Raises OSError."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    return socket.create_server((host, port), family=family, backlog=1024)


def serve(settings: Settings, listener: socket.socket, *, debug: bool = False) -> None:
    """Serves until SIGINT or SIGTERM, and then answers what is in hand."""
    _allow_files(2 * CONNECTIONS)
    _server(settings, debug).run([listener])


@contextmanager
def running(settings: Settings, *, debug: bool = False) -> Iterator[str]:
    """A receiver in a thread, on a free port of 127.0.0.1, until the block ends; yields its address."""
    with listen("127.0.0.1", 0) as listener:
        server = _server(settings, debug)
        thread = Thread(target=server.run, args=([listener],), name="receiver", daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _server(settings: Settings, debug: bool) -> _Server:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A quarter of the files is for those that come in before others can be closed, and one for all else.
    is_bounded = files != resource.RLIM_INFINITY
    at_once = min(ACCEPTED_AT_ONCE, files // 4) if is_bounded else ACCEPTED_AT_ONCE
    limit = min(CONNECTIONS, files // 2) if is_bounded else CONNECTIONS
    config = uvicorn.Config(
        application(settings, debug=debug),
        http=partial(_BoundedProtocol, OpenConnections(limit)),  # type: ignore[arg-type]
        backlog=at_once,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limit + at_once,  # which are gone in the next moment
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_ANSWERS_WITHIN_S,
    )
    return _Server(config)


def _wait_until_started(server: uvicorn.Server, thread: Thread) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the receiver did not start")
        time.sleep(0.002)


def _allow_files(count: int) -> None:
    """As many open files as connections need, as far as the machine lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
