"""Calls to one host: sent, tried again, decoded and counted."""

import re
import threading
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar

import msgspec
import requests

from jira_assets.http.answers import TooManyBytes, beginning, send, whole
from jira_assets.http.throttle import Throttle
from jira_assets.http.transport import open_session
from jira_assets.jira.auth import Credential, Credentials
from jira_assets.jira.clock import JiraClock
from jira_assets.jira.errors import (
    RateLimited,
    TooLarge,
    Unauthorised,
    Unavailable,
)
from jira_assets.jira.retries import (
    FailedTry,
    broken,
    failure,
    is_login_refused,
    redirect_host,
    without_credentials,
)
from jira_assets.text.surrogates import without_lone_surrogates

T = TypeVar("T")
V = TypeVar("V")
Parameters = Mapping[str, str | int]

# Issue keys and ids in a path: the burst limits count per endpoint, whatever the issue.
_IDENTITY = re.compile(r"/(\d+|[A-Z][A-Z0-9_]+-\d+)(?=/|$)")
_SUCCESS = range(200, 300)
_CONTENT = frozenset({200, 206, 301, 302, 303, 307, 308})
MAX_ANSWER_BYTES = 256_000_000
_STREAMED = 2  # answers that are read piece by piece keep a connection, but no slot of the throttle


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """What is asked of a host: a path below its address, and the type that the answer decodes into.

    ``tries`` limits how often what fails is sent, of what can be asked for in smaller pieces instead.
    """

    method: str
    path: str
    into: type[T]
    params: Parameters | None = None
    body: Mapping[str, object] | None = field(default=None, repr=False)  # one of them holds a secret
    headers: Mapping[str, str] = field(default_factory=dict)
    tries: int | None = None

    @property
    def endpoint(self) -> str:
        """What limits are counted by."""
        return f"{self.method} {_IDENTITY.sub('/{}', self.path)}"


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What Jira answered, decoded, and when the request that got this answer was sent (UTC).

    ``answered_at`` is when the answer came. Both are by Jira's own clock; if it has never told its time,
    the first is by ours, and the second None.
    """

    value: T
    sent_at: datetime
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a client has done so far. ``bytes`` counts bodies received, uncompressed."""

    requests: int = 0
    retries: int = 0
    bytes: int = 0
    throttled_seconds: float = 0.0

    def __add__(self, other: "Statistics") -> "Statistics":
        return Statistics(
            self.requests + other.requests,
            self.retries + other.retries,
            self.bytes + other.bytes,
            self.throttled_seconds + other.throttled_seconds,
        )


class Hosts:
    """Opens the hosts that one client talks to. They share a throttle, limits and counts."""

    def __init__(
        self,
        throttle: Throttle,
        timeout: tuple[float, float],
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        site: str = "",
    ) -> None:
        self.throttle = throttle
        self.timeout = timeout
        self.max_answer_bytes = max_answer_bytes
        self.clock = JiraClock(site)
        self._lock = threading.Lock()
        self._statistics = Statistics()
        self._sessions: list[requests.Session] = []

    def open(self, address: str) -> "Host":
        """The host at an address, to which the paths of requests are appended. Sends nothing yet."""
        address = address.rstrip("/")
        return Host(address, self.session(address), self)

    def session(self, address: str) -> requests.Session:
        """A session for the host at an address, closed with all others."""
        session = open_session(address, self.throttle.concurrency + _STREAMED)
        with self._lock:
            self._sessions.append(session)
        return session

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
        self._accepted: Credential | None = None

    def call(self, request: Request[T], credentials: Credentials) -> Answer[T]:
        """The answer, after as many tries as the throttle's patience allows. Raises a ``JiraError``.

        A refused credential is replaced once, if there can be another. One that was accepted before, and is
        refused without a word about the login, is tried once more after a pause, in which nothing else is
        sent: Jira has answered 401 by accident. Refused again, nothing more is sent.
        """
        return self._until_answered(request, credentials, self._decoded)

    def open(self, request: Request[T], credentials: Credentials) -> requests.Response:
        """As ``call``, for what is no JSON: an answer with the body still to be read, or a redirect.

        Its reader closes it, and follows where a redirect leads, without the credential.
        """
        return self._until_answered(request, credentials, self._opened)

    def _until_answered(
        self,
        request: Request[T],
        credentials: Credentials,
        ask: Callable[[Request[T], Credential], V | FailedTry | Unauthorised],
    ) -> V:
        tries = self._throttle.tries(request.endpoint)
        was_refused = on_trial = False
        waited = 0.0
        attempt = 1
        try:
            while True:
                credential = credentials.current()
                with self._throttle.slot(request.endpoint, on_trial=on_trial):
                    outcome = ask(request, credential)
                    if isinstance(outcome, Unauthorised):
                        is_renewed = not was_refused and credentials.discard(credential)
                        if not is_renewed and (was_refused or not self._may_be_accident(outcome, credential)):
                            # While we have the slot, or whoever waits for it would send.
                            self._throttle.stop(outcome)
                            raise outcome
                if isinstance(outcome, Unauthorised):
                    was_refused = True
                    if not is_renewed and self._throttle.doubt():
                        on_trial = True
                        self._throttle.sleep(self._throttle.delay(attempt, None))
                    self._hosts.count(retries=1)
                    continue
                if on_trial:
                    on_trial = False
                    self._throttle.trust()
                if not isinstance(outcome, FailedTry):
                    self._accepted = credential
                    self._throttle.succeeded(request.endpoint)
                    return outcome
                delay = self._throttle.delay(attempt, outcome.asked_for)
                self._wait_or_give_up(request, outcome, delay, waited, attempt, tries)
                waited += delay
                attempt += 1
                self._hosts.count(retries=1)
        finally:
            if on_trial:
                self._throttle.trust()

    def _may_be_accident(self, refusal: Unauthorised, credential: Credential) -> bool:
        return credential is self._accepted and not refusal.is_login_refused

    def _wait_or_give_up(
        self, request: Request[T], setback: FailedTry, delay: float, waited: float, attempt: int, tries: int
    ) -> None:
        endpoint = request.endpoint
        # Less to do does not help against a limit of requests.
        is_smaller_next = request.tries is not None and not isinstance(setback.error, RateLimited)
        is_last = attempt >= (min(tries, request.tries or tries) if is_smaller_next else tries)
        out_of_patience = waited + delay > self._throttle.patience.total_seconds
        if out_of_patience and setback.everything:
            self._throttle.stop(setback.error)  # whatever is sent now only prolongs the pause
        if setback.pauses and not out_of_patience:
            self._throttle.pause(None if setback.everything else endpoint, delay)
        if is_last or out_of_patience:
            if not is_smaller_next:
                self._throttle.gave_up(endpoint)
            raise setback.error
        if not setback.pauses:
            self._throttle.sleep(delay)

    def _decoded(self, request: Request[T], credential: Credential) -> Answer[T] | FailedTry | Unauthorised:
        """One request. Returns what may be tried again, after a 401 perhaps; raises what may not."""
        clock = self._hosts.clock
        sent = clock.reading()
        response = self._send(request, credential, _SUCCESS)
        if not isinstance(response, requests.Response):
            return response
        try:
            content = whole(response, self._hosts.max_answer_bytes)
        except requests.RequestException as error:
            return broken(request.method, request.path, error, credential)
        except TooManyBytes:
            limit = self._hosts.max_answer_bytes
            self._hosts.count(bytes_=limit)
            reason = f"the answer has more than {limit / 1_000_000:g} MB, decompressed."
            raise TooLarge(request.method, request.path, response.status_code, reason) from None
        self._hosts.count(bytes_=len(content))
        try:
            value = _value(content, request.into)
            return Answer(value, clock.at(sent), clock.now if clock.is_told else None)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = without_credentials(f"the body is not the JSON that was expected ({error})", credential)
            return FailedTry(Unavailable(request.method, request.path, response.status_code, reason))

    def _opened(
        self, request: Request[T], credential: Credential
    ) -> requests.Response | FailedTry | Unauthorised:
        return self._send(request, credential, _CONTENT)

    def _send(
        self, request: Request[T], credential: Credential, accepted: Container[int]
    ) -> requests.Response | FailedTry | Unauthorised:
        """The answer, if it has one of the accepted statuses; its body is yet to be read."""
        prepared = self._prepare(request, credential)
        self._hosts.count(requests=1)
        sent = self._hosts.clock.reading()
        try:
            response = send(self._session, prepared, self._hosts.timeout)
            told = time_of(response)
            if told is not None:
                self._hosts.clock.note(told, sent)
            is_accepted = response.status_code in accepted and redirect_host(response) is not None
            if is_accepted and not is_login_refused(response):
                return response
            body = beginning(response)
            self._hosts.count(bytes_=len(body))
        except requests.RequestException as error:
            return broken(request.method, request.path, error, credential)
        return failure(request.method, request.path, response, body, credential)

    def _prepare(self, request: Request[T], credential: Credential) -> requests.PreparedRequest:
        headers = dict(request.headers)
        if credential.header:
            headers["Authorization"] = credential.header
        body = None
        if request.body is not None:
            headers["Content-Type"] = "application/json"
            body = msgspec.json.encode(request.body)
        url = self.address + request.path
        sent = requests.Request(request.method, url, params=request.params, data=body, headers=headers)
        return self._session.prepare_request(sent)


def time_of(response: requests.Response) -> datetime | None:
    """What the time is by the host's own clock (RFC 9110, 6.6.1)."""
    try:
        told = parsedate_to_datetime(response.headers.get("Date", ""))
        return told.astimezone(UTC) if told.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _value(content: bytes, into: type[T]) -> T:
    """What a body says; halves of characters, which are no text, are mended if there are any."""
    try:
        return msgspec.json.decode(content, type=into)
    except msgspec.DecodeError:
        mended = without_lone_surrogates(content)
        if mended is content:
            raise
        return msgspec.json.decode(mended, type=into)
