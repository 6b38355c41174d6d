"""Calls to one host: sent, tried again, decoded and counted."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from jira_assets.jira.auth import Credential, Credentials
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

T = TypeVar("T")
Parameters = Mapping[str, str | int]

# Issue keys and ids in a path: the burst limits count per endpoint, whatever the issue.
_IDENTITY = re.compile(r"/(\d+|[A-Z][A-Z0-9_]+-\d+)(?=/|$)")
_CREDENTIAL_REFUSED = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED")


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """What is asked of a host: a path below its address, and the type that the answer decodes into."""

    method: str
    path: str
    into: type[T]
    params: Parameters | None = None
    body: Mapping[str, object] | None = field(default=None, repr=False)  # one of them holds a secret

    @property
    def endpoint(self) -> str:
        """What limits are counted by."""
        return f"{self.method} {_IDENTITY.sub('/{}', self.path)}"


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


class Hosts:
    """Opens the hosts that one client talks to. They share a throttle, time limits and counts."""

    def __init__(self, throttle: Throttle, timeout: tuple[float, float]) -> None:
        self.throttle = throttle
        self.timeout = timeout
        self._lock = threading.Lock()
        self._statistics = Statistics()
        self._sessions: list[requests.Session] = []

    def open(self, address: str) -> "Host":
        """The host at an address, to which the paths of requests are appended. Sends nothing yet."""
        address = address.rstrip("/")
        session = open_session(address, self.throttle.concurrency)
        with self._lock:
            self._sessions.append(session)
        return Host(address, session, self)

    def close(self) -> None:
        """Closes all connections."""
        with self._lock:
            for session in self._sessions:
                session.close()

    @property
    def statistics(self) -> Statistics:
        """A snapshot of the counts."""
        with self._lock:
            counted = self._statistics
        return replace(counted, throttled_seconds=self.throttle.throttled_seconds)

    def count(self, *, requests: int = 0, retries: int = 0, bytes_: int = 0) -> None:
        """Adds to the counts."""
        with self._lock:
            counted = self._statistics
            self._statistics = Statistics(
                counted.requests + requests, counted.retries + retries, counted.bytes + bytes_
            )


class Host:
    """One host. Safe to share between threads."""

    def __init__(self, address: str, session: requests.Session, hosts: Hosts) -> None:
        self.address = address
        self._session = session
        self._hosts = hosts
        self._throttle = hosts.throttle

    def call(self, request: Request[T], credentials: Credentials) -> Answer[T]:
        """The answer, after as many tries as the throttle's patience allows. Raises a ``JiraError``.

        A refused credential is replaced once, if there can be another; then nothing more is sent.
        """
        tries = self._throttle.tries(request.endpoint)
        may_renew = True
        waited = 0.0
        attempt = 1
        while True:
            credential = credentials.current()
            with self._throttle.slot(request.endpoint):
                outcome = self._try_once(request, credential)
                if isinstance(outcome, Unauthorised) and not (may_renew and credentials.discard(credential)):
                    self._throttle.stop(outcome)  # while we have the slot, or whoever waits for it would send
                    raise outcome
            if isinstance(outcome, Unauthorised):
                may_renew = False
                continue
            if isinstance(outcome, Answer):
                self._throttle.succeeded(request.endpoint)
                return outcome
            delay = self._throttle.delay(attempt, outcome.asked_for)
            self._wait_or_give_up(request.endpoint, outcome, delay, waited, is_last=attempt >= tries)
            waited += delay
            attempt += 1
            self._hosts.count(retries=1)

    def _wait_or_give_up(
        self, endpoint: str, setback: _Setback, delay: float, waited: float, *, is_last: bool
    ) -> None:
        out_of_patience = waited + delay > self._throttle.patience.total_seconds
        if out_of_patience and setback.everything:
            self._throttle.stop(setback.error)  # whatever is sent now only prolongs the pause
        if setback.pauses and not out_of_patience:
            self._throttle.pause(None if setback.everything else endpoint, delay)
        if is_last or out_of_patience:
            self._throttle.gave_up(endpoint)
            raise setback.error
        if not setback.pauses:
            self._throttle.sleep(delay)

    def _try_once(self, request: Request[T], credential: Credential) -> Answer[T] | _Setback | Unauthorised:
        """One request. Returns what may be tried again, after a 401 perhaps; raises what may not."""
        prepared = self._prepare(request, credential)
        sent_at = datetime.now(UTC)
        self._hosts.count(requests=1)
        try:
            response = self._session.send(prepared, timeout=self._hosts.timeout, allow_redirects=False)
        except requests.RequestException as error:
            # The cause is told in words, not chained: the library's texts hold addresses and proxy passwords.
            reason = _fit_to_tell(what_broke(error), credential)
            return _Setback(Unavailable(request.method, request.path, None, reason))
        content = response.content
        self._hosts.count(bytes_=len(content))
        if response.headers.get("X-Seraph-LoginReason", "").split(",")[0].strip() in _CREDENTIAL_REFUSED:
            # Jira then goes on as if nobody had signed in: 200 with nothing in it, or 403, or 404.
            reason = _fit_to_tell(message_of(content), credential)
            return credential.refusal(request.method, request.path, response.status_code, reason)
        if not 200 <= response.status_code < 300:
            return _failure(request, response, credential)
        try:
            return Answer(msgspec.json.decode(content, type=request.into), sent_at)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            reason = _fit_to_tell(f"the body is not the JSON that was expected ({error})", credential)
            return _Setback(Unavailable(request.method, request.path, response.status_code, reason))

    def _prepare(self, request: Request[T], credential: Credential) -> requests.PreparedRequest:
        headers = {"Authorization": credential.header} if credential.header else {}
        body = None
        if request.body is not None:
            headers["Content-Type"] = "application/json"
            body = msgspec.json.encode(request.body)
        url = self.address + request.path
        sent = requests.Request(request.method, url, params=request.params, data=body, headers=headers)
        return self._session.prepare_request(sent)


def _failure(
    request: Request[T], response: requests.Response, credential: Credential
) -> _Setback | Unauthorised:
    kind = kind_of_status(response.status_code)
    reason = message_of(response.content)
    if kind is Redirected:
        host = urlsplit(response.headers.get("Location", "")).hostname or "an unknown host"
        reason = f"the answer is a redirect to {host}"  # never the address: it may be signed
    if kind is Unauthorised:
        kind = credential.refusal
    error = kind(request.method, request.path, response.status_code, _fit_to_tell(reason, credential))
    if isinstance(error, Unauthorised):
        return error
    if kind not in (RateLimited, Unavailable):
        raise error
    asked_for = seconds_asked_for(response.headers, datetime.now(UTC))
    return _Setback(
        error,
        asked_for,
        pauses=kind is RateLimited or asked_for is not None,
        everything=kind is RateLimited and not concerns_one_endpoint(response.headers),
    )


def _fit_to_tell(text: str, credential: Credential) -> str:
    """Redacted before it is cut short, and after what was escaped is plain."""
    return credential.redact(one_line(credential.redact(text)))
