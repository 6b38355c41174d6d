"""Answers as they arrive: no larger and no slower than they may be, whatever the other side sends.

Time is bounded at the socket, where also heads, trailers and the lines around chunks come from: a timeout
between two bytes lets a byte a second last for ever. Bodies are decompressed in small steps and counted.
"""

import http.client
import io
import socket
import zlib
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any, Protocol

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import DeflateDecoder, GzipDecoder

ACCEPTED_ENCODINGS = "gzip, deflate"
"""What we ask for and read: one at a time, since each that is stacked multiplies what a byte becomes."""

CHUNK_BYTES = 128 * 1024
ERROR_BYTES = 1_000_000
"""More of an error is not read: Jira's have a few hundred."""

_SILENCES = 2  # the whole answer may take as long as so many of the longest silences
_SLOWEST = 64 * 1024  # bytes a second that give more time
_SURPLUS_BYTES = 1_000_000  # of what is compressed, over what it holds
_SILENCE_SECONDS = 90.0


class _Decoder(Protocol):
    """urllib3's, whose steps are bounded since 2.6."""

    @property
    def has_unconsumed_tail(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


_DECODERS: Mapping[str, type[_Decoder] | None] = {
    "": None,
    "identity": None,
    "gzip": GzipDecoder,
    "x-gzip": GzipDecoder,
    "deflate": DeflateDecoder,
}


class TooManyBytes(Exception):
    """A body is larger than it may be. The rest of it was not read."""


def send(
    session: requests.Session, request: requests.PreparedRequest, timeout: tuple[float, float]
) -> requests.Response:
    """The answer, whatever its status, with its body yet to be read. Redirects are not followed.

    ``timeout`` is for the connection, and for each silence. Raises ``requests.RequestException``.
    """
    # By the adapter: a session reads the whole body of a redirect, even of one it is not to follow.
    return session.get_adapter(request.url or "").send(
        request,
        stream=True,
        timeout=timeout,
        verify=session.verify is None or session.verify,
        cert=session.cert,
        proxies=session.proxies,
    )


def pieces(response: requests.Response, at_once: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The body, decompressed, at most so many bytes at once. Raises ``requests.RequestException``.

    The connection is closed if that ends early.
    """
    try:
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in _DECODERS:
            raise requests.exceptions.ContentDecodingError("not an encoding that was asked for")
        make = _DECODERS[encoding]
        decoder = None if make is None else make()
        given = 0
        for received in _received(response, at_once):
            if decoder is None:
                yield received
                continue
            for piece in _decompressed(decoder, received, at_once):
                given += len(piece)
                yield piece
            # Empty blocks may go on for ever without a byte to count.
            if response.raw.tell() > given + _SURPLUS_BYTES:
                raise requests.exceptions.ContentDecodingError("more than it holds")
    finally:
        response.close()


def whole(response: requests.Response, limit: int) -> bytes:
    """The body, decompressed. Raises ``TooManyBytes``, and ``requests.RequestException``."""
    body = io.BytesIO()  # gives its bytes away without copying them
    for piece in pieces(response):
        if body.tell() + len(piece) > limit:
            raise TooManyBytes
        body.write(piece)
    return body.getvalue()


def beginning(response: requests.Response, limit: int = ERROR_BYTES) -> bytes:
    """The first bytes of a body. Raises ``requests.RequestException``."""
    body = bytearray()
    for piece in pieces(response):
        body += piece
        if len(body) > limit:
            break
    return bytes(body[:limit])


def _received(response: requests.Response, at_once: int) -> Iterator[bytes]:
    """What comes over the wire, as soon as there is some of it."""
    raw = response.raw
    try:
        while True:
            # No more than is left: before Python 3.12 what follows would be read, as if it belonged here.
            left = at_once if raw.length_remaining is None else raw.length_remaining
            received = raw.read1(max(1, min(at_once, left)), decode_content=False)
            if not received:
                return
            yield received
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from None
    except urllib3.exceptions.SSLError as error:
        raise requests.exceptions.SSLError(error) from None
    except (urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
        raise requests.exceptions.ChunkedEncodingError(error) from None


def _decompressed(decoder: _Decoder, data: bytes, at_once: int) -> Iterator[bytes]:
    try:
        yield decoder.decompress(data, at_once)
        while decoder.has_unconsumed_tail:
            yield decoder.decompress(b"", at_once)
    except zlib.error:
        raise requests.exceptions.ContentDecodingError from None


class _Socket(io.RawIOBase):
    """What arrives at a socket, while there is time for the answer."""

    def __init__(self, source: socket.socket) -> None:
        self._socket = source
        self._file = source.makefile("rb", buffering=0)
        self._silence = source.gettimeout() or _SILENCE_SECONDS
        self.ends_at = monotonic() + _SILENCES * self._silence

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What http.client asks a socket for."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self.ends_at - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(min(self._silence, left))
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        self._socket = _Socket(sock)
        super().__init__(self._socket, *args, **kwargs)  # type: ignore[arg-type]

    def read1(self, n: int = -1) -> bytes:
        """Of the body: neither heads nor trailers get more time, or they could go on for ever."""
        received = super().read1(n)
        self._socket.ends_at += len(received) / _SLOWEST
        return received


class _Connection(HTTPConnection):
    response_class = _TimedResponse


class _SecureConnection(HTTPSConnection):
    response_class = _TimedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


class TimedAdapter(HTTPAdapter):
    """Connections on which no answer lasts for ever, through a proxy too, unless it is one of SOCKS."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager
