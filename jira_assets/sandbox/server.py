"""Running a sandbox: uvicorn in a thread, on free ports of 127.0.0.1."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from jira_assets.sandbox.accounts import CLOUD_ID, Account, Accounts
from jira_assets.sandbox.app import media_application, site_application
from jira_assets.sandbox.call import Sandbox
from jira_assets.sandbox.faults import Faults
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.traffic import FrontDoor, SeenRequest, Traffic

_STARTUP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A sandbox that answers. Its site, accounts and faults may be changed from any thread."""

    url: str
    media_url: str
    site: Site
    accounts: Accounts
    faults: Faults
    traffic: Traffic
    options: Sandbox

    @property
    def gateway_url(self) -> str:
        """The base address for scoped tokens and service accounts."""
        return f"{self.url}/ex/jira/{CLOUD_ID}"

    @property
    def account(self) -> Account:
        """The account of the site's default (classic) token."""
        return next(account for account in self.accounts if not account.scoped)

    @property
    def scoped_account(self) -> Account:
        """The account of the default scoped token."""
        return next(account for account in self.accounts if account.scoped)

    @property
    def requests(self) -> list[SeenRequest]:
        """Every request so far, oldest first."""
        return self.traffic.requests


@contextmanager
def serve(
    site: Site,
    faults: Faults | None = None,
    accounts: Accounts | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[RunningSandbox]:
    """Serve a site until the block ends. ``port`` 0 takes a free one; media have a port of their own."""
    with _listen(host, port) as site_socket, _listen(host, 0) as media_socket:
        url, media_url = _url(site_socket), _url(media_socket)
        sandbox = Sandbox(site, accounts or Accounts(), url=url, media_url=media_url)
        faults = faults or Faults()
        running = RunningSandbox(url, media_url, site, sandbox.accounts, faults, Traffic(), sandbox)
        application = FrontDoor(
            site_application(sandbox),
            media_application(sandbox),
            media_port=media_socket.getsockname()[1],
            faults=running.faults,
            traffic=running.traffic,
            clock=site.clock,
        )
        with _in_background(application, [site_socket, media_socket]):
            yield running


class _PromptServer(uvicorn.Server):
    """Stops within a millisecond, where uvicorn takes two tenths of a second: tests start and stop many."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """May be called from another thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)

    @property
    def is_running(self) -> bool:
        return self._loop is not None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), timeout=1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for listener in sockets or []:
            listener.close()


@contextmanager
def _in_background(application: ASGIApp, sockets: list[socket.socket]) -> Iterator[None]:
    config = uvicorn.Config(
        _with_transport(application),
        log_level="error",
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the site has a clock of its own
    )
    server = _PromptServer(config)
    thread = Thread(target=server.run, args=(sockets,), name="sandbox", daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield
    finally:
        server.stop()
        thread.join()


def _wait_until_started(server: _PromptServer, thread: Thread) -> None:
    deadline = time.monotonic() + _STARTUP_SECONDS
    while not server.is_running:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the sandbox did not start")
        time.sleep(0.002)


def _with_transport(application: ASGIApp) -> ASGIApp:
    async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
        # ASGI has no way to reset a connection; uvicorn's send is a method of the object that holds it.
        cycle = send.__self__  # type: ignore[attr-defined]
        scope.setdefault("extensions", {})["sandbox.transport"] = cycle.transport
        await application(scope, receive, send)

    return with_transport


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"
