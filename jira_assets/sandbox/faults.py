"""What can go wrong between a client and Jira, to be switched on and off while the sandbox runs."""

import itertools
import random
import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Lock

import msgspec

_NAMES = re.compile(r"/(\d+|[A-Za-z][A-Za-z0-9_]*-\d+)(?=/|$)")

Headers = Callable[[datetime], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one answer: ``status`` replaces it, the rest damages it.

    ``headers`` are computed when the answer is given, since some name a time. ``delay`` is in seconds, and
    lies between the pieces of ``wire`` too: what goes over the wire instead of an answer, byte by byte.
    """

    name: str
    status: int | None = None
    headers: Headers = field(default=lambda _now: {})
    body: bytes = b""
    delay: float = 0.0
    broken: bool = False
    truncated: bool = False
    repeats_token: bool = False
    wire: Callable[[], Iterable[bytes]] | None = None


def rate_limited(
    retry_after: float | None = 1,
    *,
    as_date: bool = False,
    reset_after: float | None = None,
    reset_has_seconds: bool = True,
    reason: str | None = "jira-burst-based",
) -> Fault:
    """429. ``retry_after`` seconds go into Retry-After: None leaves it out, ``as_date`` writes an HTTP date.

    ``reset_after`` seconds from now go into X-RateLimit-Reset, which Jira sometimes cuts to the minute.
    """

    def headers(now: datetime) -> Mapping[str, str]:
        result = {"X-RateLimit-Limit": "350", "X-RateLimit-Remaining": "0"}
        if reason is not None:
            result["RateLimit-Reason"] = reason
        if retry_after is not None and as_date:
            result["Retry-After"] = format_datetime(now + timedelta(seconds=retry_after), usegmt=True)
        elif retry_after is not None:
            result["Retry-After"] = f"{retry_after:g}"
        if reset_after is not None:
            form = "%Y-%m-%dT%H:%M:%SZ" if reset_has_seconds else "%Y-%m-%dT%H:%MZ"
            result["X-RateLimit-Reset"] = (now + timedelta(seconds=reset_after)).strftime(form)
        return result

    return Fault("rate limited", status=429, headers=headers, body=_errors("Rate limit exceeded."))


def unavailable(retry_after: float | None = None) -> Fault:
    """503, with Retry-After in seconds if given. The body is a proxy's page, not JSON."""
    shown = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return Fault("unavailable", status=503, headers=lambda _now: shown, body=b"<html>Unavailable</html>")


def failing(status: int, message: str = "Something went wrong.") -> Fault:
    """Any status with Jira's error body: 403, 404, 408, 425, 500, 502..."""
    return Fault(f"status {status}", status=status, body=_errors(message))


def broken_connection() -> Fault:
    """The connection is reset without an answer."""
    return Fault("broken connection", broken=True)


def slow(seconds: float) -> Fault:
    """The right answer, late."""
    return Fault("slow", delay=seconds)


def truncated() -> Fault:
    """The right headers, half of the body, and the connection is reset."""
    return Fault("truncated", truncated=True)


def endless(encoding: str = "") -> Fault:
    """A body in chunks that never ends: of blanks, or, if it is compressed, of blocks that hold nothing."""

    def wire() -> Iterator[bytes]:
        yield _head(f"Transfer-Encoding: chunked\r\n{_encoded_as(encoding)}")
        if encoding:
            yield _chunk(_compressed([], encoding)[:10])  # the header of gzip
        nothing = b"\0\0\0\xff\xff" * 10_000  # stored blocks of no bytes
        yield from itertools.repeat(_chunk(nothing if encoding else b" " * 50_000))

    return Fault("endless", wire=wire)


def bomb(megabytes: int, encoding: str = "gzip", times: int = 1) -> Fault:
    """A small body that becomes so many megabytes of JSON; compressed ``times`` times, as its header says."""
    blanks = itertools.repeat(b" " * 1_000_000, megabytes)
    body = _compressed(itertools.chain([b'{"issues":[],"accountId":"1"'], blanks, [b"}"]), encoding)
    for _ in range(times - 1):
        body = _compressed([body], encoding)
    encodings = _encoded_as(", ".join([encoding] * times))
    return Fault("bomb", wire=lambda: [_head(f"{encodings}Content-Length: {len(body)}\r\n"), body])


def dripping(where: str, seconds: float = 0.05) -> Fault:
    """A byte at a time, for ever: of the ``head``, of the ``body``, or of the ``chunk`` line before it."""

    def wire() -> Iterator[bytes]:
        heads = {
            "head": b"HTTP/1.1 200 OK\r\nX-Long: ",
            "body": _head("Content-Length: 1000000000\r\n"),
            "chunk": _head("Transfer-Encoding: chunked\r\n"),
        }
        yield heads[where]
        yield from itertools.repeat(b"0" if where == "chunk" else b" ")

    return Fault("dripping", delay=seconds, wire=wire)


def endless_head() -> Fault:
    """Informational answers without end."""
    informational = b"HTTP/1.1 100 Continue\r\nX-More: 1\r\n\r\n" * 100
    return Fault("endless head", wire=lambda: itertools.repeat(informational))


def endless_trailer() -> Fault:
    """All of a body, and headers without end after it."""

    def wire() -> Iterator[bytes]:
        yield _head("Transfer-Encoding: chunked\r\n") + _chunk(b"{}") + b"0\r\n"
        yield from itertools.repeat(b"X-More: 1\r\n" * 100)

    return Fault("endless trailer", wire=wire)


def wrong_length(length: int, body: bytes) -> Fault:
    """A body that is shorter or longer than Content-Length says."""
    return Fault("wrong length", wire=lambda: [_head(f"Content-Length: {length}\r\n"), body])


def nested(depth: int) -> Fault:
    """JSON so deep that a parser which calls itself runs out of stack."""
    return Fault("nested", status=200, body=b'{"issues":' + b"[" * depth + b"]" * depth + b"}")


def repeated_token() -> Fault:
    """The answer names the page that was just asked for as the next one."""
    return Fault("repeated token", repeats_token=True)


@dataclass(slots=True)
class _Rule:
    fault: Fault
    path: re.Pattern[str]
    method: str | None
    probability: float
    skip: int
    times: int | None


class Faults:
    """The faults that are switched on. Thread-safe; ``seed`` makes probabilities repeatable."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = Lock()
        self._random = random.Random(seed)
        self._rules: list[_Rule] = []
        self._burst: float | None = None
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        self.given: list[str] = []

    def add(
        self,
        fault: Fault,
        *,
        times: int | None = None,
        path: str = "",
        method: str | None = None,
        probability: float = 1.0,
        after: int = 0,
    ) -> None:
        """Let ``fault`` happen to the requests whose path ``path`` (a regular expression) is found in.

        ``times`` ends it after so many occurrences, ``after`` spares the first so many fitting requests.
        """
        with self._lock:
            self._rules.append(_Rule(fault, re.compile(path), method, probability, after, times))

    def next(self, fault: Fault, times: int = 1, path: str = "") -> None:
        """Let ``fault`` happen to the next ``times`` (fitting) requests."""
        self.add(fault, times=times, path=path)

    def fail_part(self, id_or_key: str, part: str, status: int, times: int | None = None) -> None:
        """Answer ``status`` to GET issue/{id_or_key}/{part}: ``remotelink``, ``comment``, ``worklog``..."""
        self.add(failing(status), path=rf"/issue/{re.escape(id_or_key)}/{part}$", times=times)

    def limit_bursts(self, per_second: float | None) -> None:
        """Answer 429 to more than ``per_second`` requests of one method and operation, as Jira's token bucket
        per tenant does whoever asks; None lifts the limit. Ids and keys are not told apart."""
        with self._lock:
            self._burst = per_second
            self._buckets.clear()

    def clear(self) -> None:
        """Everything works again."""
        with self._lock:
            self._rules.clear()

    def pick(self, method: str, path: str) -> Fault | None:
        """The fault that befalls this request, if any; the first fitting rule decides."""
        if not self._rules and self._burst is None:
            return None
        with self._lock:
            if self._burst is not None and not self._take(self._burst, (method, _NAMES.sub("/*", path))):
                self.given.append("rate limited")
                return rate_limited(1)
            for rule in self._rules:
                if rule.method not in {None, method} or not rule.path.search(path):
                    continue
                if rule.skip:
                    rule.skip -= 1
                elif rule.times != 0 and self._random.random() < rule.probability:
                    rule.times = None if rule.times is None else rule.times - 1
                    self.given.append(rule.fault.name)
                    return rule.fault
        return None

    def _take(self, per_second: float, operation: tuple[str, str]) -> bool:
        moment = time.monotonic()
        tokens, since = self._buckets.get(operation, (per_second, moment))
        tokens = min(per_second, tokens + (moment - since) * per_second)
        taken = tokens >= 1
        self._buckets[operation] = tokens - taken, moment
        return taken


def now() -> datetime:
    return datetime.now(UTC)


def _head(headers: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\r\n".encode()


def _encoded_as(encoding: str) -> str:
    return f"Content-Encoding: {encoding}\r\n" if encoding else ""


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _compressed(pieces: Iterable[bytes], encoding: str) -> bytes:
    compressor = zlib.compressobj(9, wbits=zlib.MAX_WBITS + (16 if encoding == "gzip" else 0))
    return b"".join([*map(compressor.compress, pieces), compressor.flush()])


def _errors(message: str) -> bytes:
    return msgspec.json.encode({"errorMessages": [message], "errors": {}})
