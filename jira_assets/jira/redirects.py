"""Other hosts, to which Jira sends us for the content of files.

They are never told who we are. What they are asked, nobody is told: whoever knows such an address can read
the file (jira_cloud.md 1).
"""

import logging
import re
import threading
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, urlsplit

import requests

from jira_assets.http.answers import send
from jira_assets.http.transport import what_broke

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_QUERY = re.compile(r"\?.*", re.DOTALL)
_THEY_TELL_ADDRESSES = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")


class Unreachable(Exception):
    """A host did not answer. The message is the reason, without its address."""


class RefusedAddress(Exception):
    """An address that nobody should be sent to. The message is the reason, without the address."""


class RedirectClient:
    """GETs what Jira redirects to. Threads may share it.

    ``opened`` makes the session for a host. Addresses have to be of https; those of a site that is itself on
    this machine, and plain, may be of http on this machine.
    """

    def __init__(
        self, site: str, timeout: tuple[float, float], opened: Callable[[str], requests.Session]
    ) -> None:
        self._may_be_plain = _is_plain_and_local(urlsplit(site))
        self._timeout = timeout
        self._opened = opened
        self._lock = threading.Lock()
        self._sessions: dict[str, requests.Session] = {}
        for name in _THEY_TELL_ADDRESSES:
            logging.getLogger(name).addFilter(_without_queries)

    def get(self, address: str, headers: Mapping[str, str]) -> requests.Response:
        """The answer, whatever its status, with its body yet to be read. Redirects are not followed.

        Raises Unreachable and RefusedAddress.
        """
        origin = self._origin(address)
        with self._lock:
            session = self._sessions.get(origin) or self._opened(origin)
            self._sessions[origin] = session
        try:
            request = session.prepare_request(requests.Request("GET", address, headers=dict(headers)))
            return send(session, request, self._timeout)
        except requests.RequestException as error:
            reason = what_broke(error)
        except ValueError:
            reason = "its address is none"
        raise Unreachable(reason)  # out of the handler: the library's error holds the address

    def _origin(self, address: str) -> str:
        try:
            url = urlsplit(address)
            is_safe = url.scheme == "https" or (self._may_be_plain and _is_plain_and_local(url))
            if is_safe and url.hostname and url.port != 0 and "@" not in url.netloc:
                return f"{url.scheme}://{url.netloc}"
        except ValueError:  # no address at all
            pass
        raise RefusedAddress("Jira redirects to an address that is not safe")


def _is_plain_and_local(url: SplitResult) -> bool:
    return url.scheme == "http" and url.hostname in _LOOPBACK


def _without_queries(record: logging.LogRecord) -> bool:
    """At the level DEBUG the library tells every path that it asks for, signatures included."""
    if isinstance(record.args, tuple):
        record.args = tuple(_QUERY.sub("?…", arg) if isinstance(arg, str) else arg for arg in record.args)
    return True
