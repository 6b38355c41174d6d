"""Connections: how they are opened, and what it is called when they break."""

import ssl
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version

import requests
from requests.cookies import RequestsCookieJar

from jira_assets.http.answers import ACCEPTED_ENCODINGS, TimedAdapter


def open_session(base_url: str, connections: int) -> requests.Session:
    """A session that keeps no state between calls, which is what makes one of them safe for many threads.

    No credential either: one that is sent with each request cannot outlive it.
    """
    session = requests.Session()
    # Proxies and certificates of the environment are read once, not on each call; and `trust_env` must be off
    # for the calls themselves, or an entry in ~/.netrc would replace our credential.
    environment = session.merge_environment_settings(base_url, {}, None, None, None)
    session.proxies, session.verify = environment["proxies"], environment["verify"]
    session.trust_env = False
    session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, TimedAdapter(pool_connections=1, pool_maxsize=connections, pool_block=True))
    session.headers.update(
        {
            "Accept": "application/json",
            "Accept-Encoding": ACCEPTED_ENCODINGS,
            # Names and messages in one language, whatever the account's profile says.
            "Accept-Language": "en",
            "X-Force-Accept-Language": "true",
            "User-Agent": f"jira-assets/{_version()}",
        }
    )
    return session


def _version() -> str:
    try:
        return version("jira-assets")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


def what_broke(error: requests.RequestException) -> str:
    """A connection's end in words of ours and of the operating system; never the library's text."""
    if isinstance(error, requests.ConnectTimeout):
        return "no connection within the time limit"
    if isinstance(error, requests.ReadTimeout):
        return "no answer within the time limit"
    if isinstance(error, requests.exceptions.SSLError):
        return f"the connection is not secure{_operating_system_says(error)}"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"the proxy does not answer{_operating_system_says(error)}"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "the body cannot be decompressed"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke in the middle of the answer"
    return f"the connection failed{_operating_system_says(error)}"


def _operating_system_says(error: BaseException) -> str:
    cause: object = error
    for _ in range(10):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f": {cause.verify_message}"
        if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, requests.RequestException):
            return f": {cause.strerror}"
        if not isinstance(cause, BaseException):
            break
        cause = (
            getattr(cause, "reason", None)
            or cause.__cause__
            or cause.__context__
            or (cause.args[0] if cause.args else None)
        )
    return ""
