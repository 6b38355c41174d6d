"""The HTTP client of one Jira site. It knows nothing about issues."""

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import RLock
from types import TracebackType
from typing import TypeVar, cast

import requests
from msgspec import Raw

from jira_assets.http.throttle import Throttle
from jira_assets.jira import auth
from jira_assets.jira.clock import JiraClock
from jira_assets.jira.host import MAX_ANSWER_BYTES, Answer, Host, Hosts, Parameters, Request, Statistics
from jira_assets.jira.oauth import AccessTokens, cloud_id_of_site
from jira_assets.jira.redirects import RedirectClient
from jira_assets.jira.shared import Shared
from jira_assets.settings import Settings

T = TypeVar("T")

CONNECT_SECONDS = 10.0
READ_SECONDS = 90.0
_TIMEOUT = (CONNECT_SECONDS, READ_SECONDS)


class JiraClient:
    """Reads from one Jira site as one account. Safe to share between threads; close it after use.

    ``timeout`` is in seconds: for a connection, and for each silence; an answer may take two of those, and
    one second more for each 64 KB. No more than ``max_answer_bytes`` of an answer are held, decompressed.

    Every call may raise a ``JiraError``. 408, 425, 429, 5xx, timeouts, broken connections and unreadable
    bodies are tried again, which is safe because all that is sent here, the POSTs included, only reads. After
    a 401 nothing more is sent: repeating a refused credential locks accounts. Only OAuth, whose tokens are
    short-lived, gets a new token first, and a credential that was good until then has one more try. Tokens
    and an unknown cloud id are asked for when first needed.
    """

    def __init__(
        self,
        base_url: str | auth.Gateway,
        credential: auth.Credential | auth.ClientCredentials,
        throttle: Throttle | None = None,
        timeout: tuple[float, float] = _TIMEOUT,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        self._base_url = base_url
        self._throttle = throttle or Throttle()
        site = base_url.address if isinstance(base_url, auth.Gateway) else base_url
        self._hosts = Hosts(self._throttle, timeout, max_answer_bytes, site)
        self._elsewhere = RedirectClient(site, timeout, self._hosts.session)
        self._jira = Shared(self._open_jira)
        self._kept: dict[Callable[[JiraClient], object], object] = {}
        self._keeping = RLock()
        self._credentials: auth.Credentials = (
            credential if isinstance(credential, auth.Credential) else AccessTokens(credential, self._hosts)
        )

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        throttle: Throttle | None = None,
        timeout: tuple[float, float] = _TIMEOUT,
    ) -> "JiraClient":
        """A client for the configured site. Raises ``SettingsError``; sends nothing yet."""
        limit = settings.max_answer_bytes
        return cls(auth.base_url(settings), auth.credential(settings), throttle, timeout, limit)

    @classmethod
    def for_slas(
        cls,
        settings: Settings,
        throttle: Throttle | None = None,
        timeout: tuple[float, float] = _TIMEOUT,
    ) -> "JiraClient | None":
        """A client of the account that reads SLAs; None if that is the main account.

        Raises ``SettingsError``; sends nothing yet.
        """
        credential = auth.sla_credential(settings)
        if credential is None:
            return None
        return cls(auth.gateway(settings), credential, throttle, timeout, settings.max_answer_bytes)

    @property
    def concurrency(self) -> int:
        """How many calls are sent at once at most; more threads than that only wait."""
        return self._throttle.concurrency

    @property
    def throttle(self) -> Throttle:
        """What holds back all calls of this client."""
        return self._throttle

    @property
    def statistics(self) -> Statistics:
        """A snapshot of the counts, which include requests for access tokens."""
        return self._hosts.statistics

    def kept(self, made: Callable[["JiraClient"], T]) -> T:
        """What ``made`` makes for this client, once: for what calls find out about the site.

        It must send nothing when it is made.
        """
        with self._keeping:
            if made not in self._kept:
                self._kept[made] = made(self)
            return cast(T, self._kept[made])

    @property
    def clock(self) -> JiraClock:
        """Jira's own clock, as its answers tell it: all that is read and found out is ordered by that."""
        return self._hosts.clock

    @property
    def now(self) -> datetime:
        """The time (UTC) by Jira's own clock; by ours if it has not told.

        What imports write as the time of something, `updated` included, may lie after it.
        """
        return self.clock.now

    def get_json(self, path: str, params: Parameters | None, into: type[T]) -> T:
        """GETs a path below the base address and decodes the body into the given type."""
        return self.get(path, params, into).value

    def post_json(self, path: str, body: Mapping[str, object], into: type[T]) -> T:
        """POSTs a JSON body, and decodes the answer into the given type."""
        return self.post(path, body, into).value

    def get(
        self, path: str, params: Parameters | None, into: type[T], *, tries: int | None = None
    ) -> Answer[T]:
        """As ``get_json``, with Jira's time when the request was sent; ``tries`` is as for ``post``."""
        return self._call(Request("GET", path, into, params=params, tries=tries))

    def post(
        self, path: str, body: Mapping[str, object], into: type[T], *, tries: int | None = None
    ) -> Answer[T]:
        """As ``post_json``, with Jira's time when the request was sent.

        ``tries`` is how often at most what fails is sent, if that is less than the throttle's patience: of
        what can be asked for in smaller pieces.
        """
        return self._call(Request("POST", path, into, body=body, tries=tries))

    def open(self, path: str, headers: Mapping[str, str]) -> requests.Response:
        """GETs what is no JSON: an answer with the body still to be read, or a redirect. To be closed."""
        return self._host(path).open(Request("GET", path, Raw, headers=headers), self._credentials)

    def follow(self, address: str, headers: Mapping[str, str]) -> requests.Response:
        """GETs where a redirect leads, without the credential; the answer may be of any status. To be closed.

        Raises ``Unreachable`` and ``RefusedAddress``.
        """
        self._hosts.count(requests=1)
        return self._elsewhere.get(address, headers)

    def close(self) -> None:
        """Ends every waiting call with an error and closes the connections."""
        self._throttle.stop(RuntimeError("this JiraClient is closed"))
        self._hosts.close()

    def __enter__(self) -> "JiraClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"JiraClient({str(self._base_url)!r})"

    def _call(self, request: Request[T]) -> Answer[T]:
        return self._host(request.path).call(request, self._credentials)

    def _host(self, path: str) -> Host:
        if not path.startswith("/"):
            raise ValueError(f"{path!r} does not start with a slash and could name another host")
        return self._jira.get()

    def _open_jira(self) -> Host:
        address = self._base_url
        if isinstance(address, auth.Gateway):
            address = address.base_url(cloud_id_of_site(self._hosts.open(address.site)))
        return self._hosts.open(address)
