"""A sandbox's site behind a proxy that makes answers odd, and a copy of it or a pipeline.

The sandbox itself answers as Jira documents it. What real sites do beyond that is told by each test,
as a function that may change an answer.
"""

import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pytest

from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.pipeline import Pipeline, pipeline

_PASSED_ON = ("Location", "X-Seraph-LoginReason", "Retry-After", "Date")
_LONGEST_ANSWER_S = 60
_NOT_PASSED_ON = {"host", "accept-encoding", "connection"}


@dataclass(slots=True)
class Asked:
    """A request: its path has no query, and ``body`` is what was posted as JSON."""

    method: str
    path: str
    query: str
    body: Any


@dataclass(slots=True)
class Answered:
    """An answer that may be changed: ``json`` is its body decoded, None for what is no JSON."""

    status: int
    json: Any
    headers: dict[str, str] = field(default_factory=dict)

    def refuse(self, status: int, message: str = "No.") -> None:
        """Make it an error as Jira tells one."""
        self.status, self.json = status, {"errorMessages": [message], "errors": {}}

    @property
    def issues(self) -> list[dict[str, Any]]:
        """The issues of a page; those of a single issue's answer are that one."""
        if not isinstance(self.json, dict):
            return []
        return self.json.get("issues", [self.json] if "fields" in self.json else [])  # type: ignore[no-any-return]


Hook = Callable[[Asked, Answered], None]


def as_it_is(asked: Asked, answered: Answered) -> None:
    """Changes nothing."""


class Proxy:
    """Passes requests on to ``upstream``; ``seen`` are those that were answered, in their order."""

    def __init__(self, upstream: str, hook: Hook) -> None:
        self.seen: list[Asked] = []
        self._answering = 0
        self._answered = Condition()
        self.hook = hook
        self._netloc = urlsplit(upstream).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        with self._answered:  # or the sandbox is stopped while it answers
            self._answered.wait_for(lambda: self._answering == 0, _LONGEST_ANSWER_S)

    def count(self, fragment: str) -> int:
        """How many requests had this in their path."""
        return sum(fragment in asked.path for asked in self.seen)

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[Answered, bytes]:
        """What a request gets, and the body to send."""
        address = urlsplit(target)
        asked = Asked(method, address.path, address.query, json.loads(body) if body else None)
        self.seen.append(asked)
        link = http.client.HTTPConnection(self._netloc, timeout=_LONGEST_ANSWER_S)
        with self._answered:
            self._answering += 1
        try:
            link.request(method, target, body, headers)
            got = link.getresponse()
            content = got.read()
        finally:
            link.close()
            with self._answered:
                self._answering -= 1
                self._answered.notify_all()
        passed_on = {name: value for name in _PASSED_ON if (value := got.headers.get(name))}
        passed_on["Content-Type"] = got.headers.get("Content-Type", "application/json")
        is_json = content[:1] in (b"{", b"[")
        answered = Answered(got.status, json.loads(content) if is_json else None, passed_on)
        self.hook(asked, answered)
        return answered, content if answered.json is None else json.dumps(answered.json).encode()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in _NOT_PASSED_ON
            }
            answered, content = proxy.answer(self.command, self.path, headers, body)
            # Not send_response, which tells the time itself.
            self.send_response_only(answered.status)
            for name, value in answered.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _respond

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Nothing is logged."""

    return Handler


class OddCopy(Copy):
    """A copy of a site that is read through a proxy."""

    def __init__(self, sandbox: RunningSandbox, folder: Path, proxy: Proxy, projects: Sequence[str]) -> None:
        super().__init__(sandbox, folder, projects)
        self.proxy = proxy

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()


@contextmanager
def odd_copy(
    issues: Sequence[dict[str, Any]],
    folder: Path,
    hook: Hook = as_it_is,
    *,
    fields: list[dict[str, Any]] | None = None,
    projects: Sequence[str] = (),
) -> Iterator[tuple[Site, OddCopy]]:
    """A site with these issues, and a copy of it to be made through ``hook``."""
    site = Site(issues, fields=fields)
    with serve(site) as sandbox:
        proxy = Proxy(sandbox.url, hook)
        try:
            yield site, OddCopy(replace(sandbox, url=proxy.url), folder / "copy", proxy, projects)
        finally:
            proxy.close()


@contextmanager
def odd_pipeline(
    issues: Sequence[dict[str, Any]], folder: Path, hook: Hook = as_it_is, **settings: str
) -> Iterator[Pipeline]:
    """A pipeline that reads a site with these issues through ``hook``."""
    with pipeline(Site(issues), folder, **settings) as pipe, pytest.MonkeyPatch.context() as patch:
        proxy = Proxy(pipe.sandbox.url, hook)
        patch.setenv("JIRA_BASE_URL", proxy.url)
        try:
            yield pipe
        finally:
            proxy.close()
