"""The content of an attachment, as a stream.

Jira answers `GET /attachment/content/{id}` with a redirect to a signed address that is good for a short while
(jira_cloud.md 1). It is followed by hand: without our credential, and telling nobody the address. The path is
built from the id, because what an attachment says of itself is not ours to trust with a credential.
"""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import requests

from jira_assets import clock
from jira_assets.http.answers import pieces
from jira_assets.http.transport import what_broke
from jira_assets.http.waiting import seconds_asked_for
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import Unavailable, kind_of_status
from jira_assets.jira.redirects import RefusedAddress, Unreachable

_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_MEDIA = re.compile(r"/file/([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})/binary")
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", re.ASCII)
_ENDPOINT = "GET file"
_MOST_HOPS = 5
_LINK_REFUSED = frozenset({401, 403, 410})


class Undelivered(Exception):
    """The content cannot be had. The message says why, in our words and without an address."""


@dataclass(frozen=True, slots=True)
class _Setback:
    """Why the stream ended early. It may go on from there."""

    reason: str
    asked_for: float | None = None
    is_limit: bool = False


class Content:
    """The content of one attachment.

    ``size`` is what Jira says that it has, None if it doesn't. A connection that breaks is taken up where it
    broke, and a link that has expired is asked for anew, as often as the throttle's patience allows. When the
    last piece has come, all ``size`` bytes have. ``media_id`` is then the file's id among Atlassian's media,
    which is what documents call it by; None if no redirect told.

    Its methods raise ``JiraError`` where Jira itself refuses, and ``Undelivered``.
    """

    def __init__(self, client: JiraClient, attachment_id: str, size: int | None) -> None:
        if not _ID.fullmatch(attachment_id):
            raise ValueError(f"{attachment_id!r} is not the id of an attachment")
        self.media_id: str | None = None
        self._client = client
        self._path = f"/rest/api/3/attachment/content/{attachment_id}"
        self._size = size
        self._received = 0

    def pieces(self) -> Generator[bytes, None, None]:
        """The content, once; to be closed by whoever does not take all of it."""
        throttle = self._client.throttle
        tries = throttle.tries(_ENDPOINT)
        waited = 0.0
        attempt = 1
        while (setback := (yield from self._stream())) is not None:
            delay = throttle.delay(attempt, setback.asked_for)
            if attempt >= tries or waited + delay > throttle.patience.total_seconds:
                throttle.gave_up(_ENDPOINT)
                raise Undelivered(setback.reason)
            if setback.is_limit:
                throttle.pause(_ENDPOINT, delay)
            else:
                throttle.sleep(delay)
            waited += delay
            attempt += 1
        throttle.succeeded(_ENDPOINT)

    def find_media_id(self) -> str | None:
        """``media_id``, without the content."""
        try:
            with self._opened():
                return self.media_id
        except Unreachable:
            return self.media_id

    def _stream(self) -> Generator[bytes, None, _Setback | None]:
        """What one connection gives. Returns why that was not all."""
        try:
            with self._opened() as response:
                refusal = _refusal(response)
                if refusal is not None:
                    return refusal
                yield from self._pieces(response)
        except Unreachable as error:
            return _Setback(str(error))
        except requests.RequestException as error:
            return _Setback(what_broke(error))
        if self._size is not None and self._received < self._size:
            return _Setback("the connection ended in the middle of the file")
        return None

    @contextmanager
    def _opened(self) -> Iterator[requests.Response]:
        """The last answer of the redirects that begin at Jira."""
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if self._received:
            headers["Range"] = f"bytes={self._received}-"
        response = self._client.open(self._path, headers)
        hops = 0
        try:
            if response.is_redirect:
                response.close()  # or it holds a connection to Jira while it waits for whoever waits for one
            with self._client.throttle.slot(_ENDPOINT):
                while response.is_redirect:
                    hops += 1
                    if hops > _MOST_HOPS:
                        raise Undelivered("Jira redirects without end")
                    response.close()
                    response = self._follow(response, headers)
                yield response
        finally:
            response.close()

    def _follow(self, redirect: requests.Response, headers: Mapping[str, str]) -> requests.Response:
        try:
            address = urljoin(redirect.url, redirect.headers["Location"])
            found = _MEDIA.fullmatch(urlsplit(address).path)
            self.media_id = found[1].lower() if found else self.media_id
            return self._client.follow(address, headers)
        except (RefusedAddress, ValueError):  # the latter is no address at all
            pass
        raise Undelivered("Jira redirects to an address that is not safe")

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        superfluous = self._check(response)
        for chunk in pieces(response):
            self._client.throttle.sleep(0)  # ends here when the client is closed
            piece = chunk[superfluous:]
            superfluous -= len(chunk) - len(piece)
            self._received += len(piece)
            if self._size is not None and self._received > self._size:
                raise Undelivered(self._mismatch(f"more than {self._size}"))
            if piece:
                yield piece

    def _check(self, response: requests.Response) -> int:
        """How many bytes come that are here already. Refuses what is not of the size that Jira says."""
        start, total = _extent(response)
        if self._size is not None and total not in (None, self._size):
            raise Undelivered(self._mismatch(str(total)))
        if start > self._received:
            raise Undelivered("the answer begins behind the place that was asked for")
        return self._received - start

    def _mismatch(self, found: str) -> str:
        return f"Jira says that it has {self._size} bytes, but there are {found}"


def _extent(response: requests.Response) -> tuple[int, int | None]:
    """Where in the file the body begins, and how long the file is, if that is told."""
    length = response.headers.get("Content-Length", "")
    if response.status_code == HTTPStatus.OK:
        return 0, int(length) if _LENGTH.fullmatch(length) else None
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found is None:
        raise Undelivered("the answer does not say which part of the file it is")
    return int(found[1]), None if found[2] == "*" else int(found[2])


def _refusal(response: requests.Response) -> _Setback | None:
    """Why an answer has no content: what may pass, or raised what may not. Its words may hold its address."""
    status = response.status_code
    if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        return None
    host = "the host that Jira redirects to"
    if status in _LINK_REFUSED:
        return _Setback(f"{host} refuses the link ({status})")
    asked_for = seconds_asked_for(response.headers, clock.now())
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _Setback(f"{host} limits the rate ({status})", asked_for, is_limit=True)
    if kind_of_status(status) is Unavailable:
        return _Setback(f"{host} does not answer ({status})", asked_for)
    if status == HTTPStatus.NOT_FOUND:
        raise Undelivered(f"{host} does not have it ({status})")
    raise Undelivered(f"{host} answers {status}")
