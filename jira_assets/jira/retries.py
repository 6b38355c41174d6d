"""What becomes of a request that was not answered as asked: an error, and whether to try again."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from jira_assets import clock
from jira_assets.http.transport import what_broke
from jira_assets.http.waiting import concerns_one_endpoint, seconds_asked_for
from jira_assets.jira.auth import Credential
from jira_assets.jira.errors import (
    JiraError,
    RateLimited,
    Redirected,
    ScopeMissing,
    Unauthorised,
    Unavailable,
    kind_of_status,
    lacks_scope,
    message_of,
    one_line,
)

_CREDENTIAL_REFUSED = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED")


@dataclass(frozen=True, slots=True)
class FailedTry:
    """A try that may be repeated: the error it will be if it is not, and how long Jira asked us to wait."""

    error: JiraError
    asked_for: float | None = None
    pauses: bool = False
    everything: bool = False


def is_login_refused(response: requests.Response) -> bool:
    """Whether Jira goes on as if nobody had signed in: 200 with nothing in it, or 403, or 404."""
    reason = response.headers.get("X-Seraph-LoginReason", "").split(",")[0].strip()
    return reason in _CREDENTIAL_REFUSED


def broken(method: str, path: str, error: requests.RequestException, credential: Credential) -> FailedTry:
    """A connection that ended without an answer."""
    # The cause is told in words, not chained: the library's texts hold addresses and proxy passwords.
    return FailedTry(Unavailable(method, path, None, without_credentials(what_broke(error), credential)))


def failure(
    method: str, path: str, response: requests.Response, body: bytes, credential: Credential
) -> FailedTry | Unauthorised:
    """An answer that is none, and the beginning of its body: what may be tried again, after a 401 perhaps.

    Raises what may not.
    """
    login_refused = is_login_refused(response)
    kind = Unauthorised if login_refused else kind_of_status(response.status_code)
    reason = message_of(body)
    if lacks_scope(response.status_code, reason):
        kind = ScopeMissing
    if kind is Redirected:
        host = redirect_host(response) or "what is no address"
        reason = f"the answer is a redirect to {host}"  # never the address: it may be signed
    if kind is Unauthorised:
        kind = credential.refusal
    error = kind(method, path, response.status_code, without_credentials(reason, credential))
    if isinstance(error, Unauthorised):
        error.is_login_refused = login_refused
        return error
    if kind not in (RateLimited, Unavailable):
        raise error
    asked_for = seconds_asked_for(response.headers, clock.now())
    return FailedTry(
        error,
        asked_for,
        pauses=kind is RateLimited or asked_for is not None,
        everything=kind is RateLimited and not concerns_one_endpoint(response.headers),
    )


def redirect_host(response: requests.Response) -> str | None:
    """The host that an answer leads to; None if that is no address at all."""
    try:
        return urlsplit(response.headers.get("Location", "")).hostname or "an unknown host"
    except ValueError:
        return None


def without_credentials(text: str, credential: Credential) -> str:
    """A text for a log: redacted before it is cut short, and after what was escaped is plain."""
    return credential.redact(one_line(credential.redact(text)))
