"""The HTTP client: sends, waits, tries again, decodes, counts. It knows nothing about issues."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from jira_assets.jira import auth
from jira_assets.jira.errors import (
    JiraError,
    RateLimited,
    Redirected,
    Unauthorised,
    Unavailable,
    kind_of_status,
    message_of,
    one_line,
)
from jira_assets.jira.throttle import Throttle
from jira_assets.jira.transport import open_session, what_broke
from jira_assets.jira.waiting import concerns_one_endpoint, seconds_asked_for
from jira_assets.settings import Settings

T = TypeVar("T")
Parameters = Mapping[str, str | int]

CONNECT_SECONDS = 10.0
READ_SECONDS = 90.0

# Issue keys and ids in a path: the burst limits count per endpoint, whatever the issue.
_IDENTITY = re.compile(r"/(\d+|[A-Z][A-Z0-9_]+-\d+)(?=/|$)")
_CREDENTIAL_REFUSED = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What Jira answered, decoded, and when the request that got this answer was sent (UTC)."""

    value: T
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a client has done so far. ``bytes`` counts bodies received, uncompressed."""

    requests: int = 0
    retries: int = 0
    bytes: int = 0
    throttled_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Setback:
    """A try that may be repeated: the error it will be if it is not, and how long Jira asked us to wait."""

    error: JiraError
    asked_for: float | None = None
    pauses: bool = False
    everything: bool = False


class JiraClient:
    """Reads from one Jira site with one credential. Safe to share between threads; close it after use.

    Every call may raise a ``JiraError``. 408, 425, 429, 5xx, timeouts, broken connections and unreadable
    bodies are tried again, which is safe because all that is sent here, the POSTs included, only reads. After
    a 401 nothing more is sent: repeating a refused credential locks accounts.
    """

    def __init__(
        self,
        base_url: str,
        credential: auth.Credential,
        throttle: Throttle | None = None,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._credential = credential
        self._throttle = throttle or Throttle()
        self._timeout = timeout
        self._session = open_session(self._base_url, credential, self._throttle.concurrency)
        self._lock = threading.Lock()
        self._statistics = Statistics()

    @classmethod
    def from_settings(cls, settings: Settings, throttle: Throttle | None = None) -> "JiraClient":
        """A client for the configured site. Raises ``SettingsError``; sends nothing yet."""
        return cls(auth.base_url(settings), auth.credential(settings), throttle)

    @property
    def concurrency(self) -> int:
        """How many calls are sent at once at most; more threads than that only wait."""
        return self._throttle.concurrency

    @property
    def statistics(self) -> Statistics:
        """A snapshot of the counts."""
        with self._lock:
            counted = self._statistics
        return replace(counted, throttled_seconds=self._throttle.throttled_seconds)

    def get_json(self, path: str, params: Parameters | None, into: type[T]) -> T:
        """GETs a path below the base address and decodes the body into the given type."""
        return self.get(path, params, into).value

    def post_json(self, path: str, body: Mapping[str, object], into: type[T]) -> T:
        """POSTs a JSON body, and decodes the answer into the given type."""
        return self.post(path, body, into).value

    def get(self, path: str, params: Parameters | None, into: type[T]) -> Answer[T]:
        """As ``get_json``, with the time at which the request was sent."""
        return self._call("GET", path, params, None, into)

    def post(self, path: str, body: Mapping[str, object], into: type[T]) -> Answer[T]:
        """As ``post_json``, with the time at which the request was sent."""
        return self._call("POST", path, None, msgspec.json.encode(body), into)

    def close(self) -> None:
        """Ends every waiting call with an error and closes the connections."""
        self._throttle.stop(RuntimeError("this JiraClient is closed"))
        self._session.close()

    def __enter__(self) -> "JiraClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"JiraClient({self._base_url!r})"

    def _call(
        self, method: str, path: str, params: Parameters | None, body: bytes | None, into: type[T]
    ) -> Answer[T]:
        if not path.startswith("/"):
            raise ValueError(f"{path!r} does not start with a slash and could name another host")
        endpoint = f"{method} {_IDENTITY.sub('/{}', path)}"
        tries = self._throttle.tries(endpoint)
        waited = 0.0
        attempt = 1
        while True:
            with self._throttle.slot(endpoint):
                outcome = self._try_once(method, path, params, body, into)
            if isinstance(outcome, Answer):
                self._throttle.succeeded(endpoint)
                return outcome
            delay = self._throttle.delay(attempt, outcome.asked_for)
            out_of_patience = waited + delay > self._throttle.patience.total_seconds
            if out_of_patience and outcome.everything:
                self._throttle.stop(outcome.error)  # whatever is sent now only prolongs the pause
            if outcome.pauses and not out_of_patience:
                self._throttle.pause(None if outcome.everything else endpoint, delay)
            if attempt >= tries or out_of_patience:
                self._throttle.gave_up(endpoint)
                raise outcome.error
            if not outcome.pauses:
                self._throttle.sleep(delay)
            waited += delay
            attempt += 1
            self._count(Statistics(retries=1))

    def _try_once(
        self, method: str, path: str, params: Parameters | None, body: bytes | None, into: type[T]
    ) -> Answer[T] | _Setback:
        """One request. Returns what may be tried again, raises what may not."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        request = requests.Request(method, self._base_url + path, params=params, data=body, headers=headers)
        prepared = self._session.prepare_request(request)
        sent_at = datetime.now(UTC)
        self._count(Statistics(requests=1))
        try:
            response = self._session.send(prepared, timeout=self._timeout, allow_redirects=False)
        except requests.RequestException as error:
            # The cause is told in words, not chained: the library's texts hold addresses and proxy passwords.
            return _Setback(Unavailable(method, path, None, self._tell(what_broke(error))))
        content = response.content
        self._count(Statistics(bytes=len(content)))
        if response.headers.get("X-Seraph-LoginReason", "").split(",")[0].strip() in _CREDENTIAL_REFUSED:
            # Jira then goes on as if nobody had signed in: 200 with nothing in it, or 403, or 404.
            self._refuse(Unauthorised(method, path, response.status_code, self._tell(message_of(content))))
        if not 200 <= response.status_code < 300:
            return self._failure(method, path, response)
        try:
            return Answer(msgspec.json.decode(content, type=into), sent_at)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            reason = f"the body is not the JSON that was expected ({error})"
            return _Setback(Unavailable(method, path, response.status_code, self._tell(reason)))

    def _failure(self, method: str, path: str, response: requests.Response) -> _Setback:
        kind = kind_of_status(response.status_code)
        reason = message_of(response.content)
        if kind is Redirected:
            host = urlsplit(response.headers.get("Location", "")).hostname or "an unknown host"
            reason = f"the answer is a redirect to {host}"  # never the address: it may be signed
        error = kind(method, path, response.status_code, self._tell(reason))
        if kind is Unauthorised:
            self._refuse(error)
        if kind not in (RateLimited, Unavailable):
            raise error
        asked_for = seconds_asked_for(response.headers, datetime.now(UTC))
        return _Setback(
            error,
            asked_for,
            pauses=kind is RateLimited or asked_for is not None,
            everything=kind is RateLimited and not concerns_one_endpoint(response.headers),
        )

    def _refuse(self, error: JiraError) -> None:
        self._throttle.stop(error)
        raise error

    def _tell(self, text: str) -> str:
        """``text`` fit to be shown. Redacted before it is cut short, and after what was escaped is plain."""
        return self._credential.redact(one_line(self._credential.redact(text)))

    def _count(self, more: Statistics) -> None:
        with self._lock:
            self._statistics = Statistics(
                requests=self._statistics.requests + more.requests,
                retries=self._statistics.retries + more.retries,
                bytes=self._statistics.bytes + more.bytes,
            )
