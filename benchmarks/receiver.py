"""How many events a second the receiver makes durable on one core, and how long each waits for its answer.

`jira-assets serve` runs as a process of its own, on one core. Signed events of about 3 KB come from another
core; each connection sends its next event when its last one is answered. Then the same again while 25 MB
bodies arrive one after the other, and slow clients send a byte now and then. Afterwards the inbox must hold
the events that were sent, byte for byte, and nothing else. What the disk does by itself is measured first.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import multiprocessing
import os
import random
import signal
import socket
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import Any, cast

from children import KEYS

from jira_assets.inbox.inbox import Inbox, digest, fingerprint
from jira_assets.inbox.receiver.server import listen
from jira_assets.privacy.keyring import Keyring

REPOSITORY = Path(__file__).resolve().parents[1]
SECRET = "benchmark"  # noqa: S105
LARGE = 25 * 1024 * 1024 - 1000
LARGE_ONES = "large-"  # begins the identifiers of large bodies; the last may still be in the inbox
SLOW_CLIENTS = 50
ENDS_WITHIN_S = 30
SPAWN = multiprocessing.get_context("spawn")
Counter = Any
"""An integer that processes share; the standard library has no public name for it."""


@dataclass(frozen=True)
class Measured:
    """What the clients saw: seconds in all and for each answer, and digests of what was stored."""

    seconds: float
    waits: list[float]
    stored: list[bytes]

    def __str__(self) -> str:
        percentiles = quantiles(self.waits, n=100)
        return (
            f"{len(self.waits) / self.seconds:7,.0f} events/s   p50 {percentiles[49] * 1000:5.1f} ms   "
            f"p99 {percentiles[98] * 1000:5.1f} ms   longest {max(self.waits) * 1000:5.1f} ms"
        )


def main() -> int:
    arguments = _arguments()
    events, connections = arguments.events, arguments.connections
    with tempfile.TemporaryDirectory(prefix="receiver-", dir=arguments.folder) as folder:
        keys = KEYS if arguments.sealed else ""
        inbox = Inbox(Path(folder) / "inbox", Keyring.parse(keys))
        print(
            f"the disk alone    {_disk(Path(folder) / 'disk'):7,.0f} files/s, written and synced one by one"
        )
        with _receiver(Path(folder), keys) as (port, process), ProcessPoolExecutor(1, SPAWN) as client:

            def load(first: int, number: int) -> Measured:
                return client.submit(_load, port, first, number, connections).result()

            warm_up = load(0, max(events // 10, connections * 10))
            resident = _resident(process.pid)
            alone = load(len(warm_up.waits), events)
            print(f"alone             {alone}", flush=True)
            print(f"memory            {resident} before, {_resident(process.pid)} after", flush=True)
            with _troublemakers(port, inbox) as large_bodies:
                troubled = load(len(warm_up.waits) + events, events // 2)
                large = large_bodies.value
            print(f"beside others     {troubled}")
            print(f"                  {large} bodies of 25 MB and {SLOW_CLIENTS} slow clients meanwhile")
            print(f"memory            {_resident(process.pid)}")
        wrong = _differences(inbox, [*warm_up.stored, *alone.stored, *troubled.stored])
    print(wrong or "the inbox holds what was sent")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=20_000, help="how many to send (%(default)s)")
    parser.add_argument("--connections", type=int, default=16, help="at a time (%(default)s)")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where to put the inbox: a disk, not a folder in memory (the system's own)",
    )
    parser.add_argument("--sealed", action="store_true", help="encrypt what is stored")
    return parser.parse_args()


def _disk(folder: Path) -> float:
    """How many files of an event's size it makes durable in a second."""
    folder.mkdir()
    content = _event(0)
    began = time.perf_counter()
    for number in range(1000):
        with (folder / str(number)).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    return 1000 / (time.perf_counter() - began)


@contextmanager
def _receiver(folder: Path, keys: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A receiver on the first core, with an empty inbox; its log goes to a file, as in production."""
    with listen("127.0.0.1", 0) as free:
        port: int = free.getsockname()[1]
    settings = {
        "JIRA_WEBHOOK_SECRET": SECRET,
        "JIRA_DATA_DIR": str(folder),
        "JIRA_ENCRYPTION_KEYS": keys,
        "PYTHONPATH": str(REPOSITORY),
    }
    command = [sys.executable, "-m", "jira_assets.cli", "serve", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=os.environ | settings, stderr=log)
    try:
        _pin(process.pid, 0)
        _wait_for(port)
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(ENDS_WITHIN_S)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise SystemExit("the receiver did not start")


def _pin(process: int, core: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(process, {cores[core % len(cores)]})


def _resident(process: int) -> str:
    """The memory that a process holds."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return f"{int(line.split()[1]) / 1024:,.0f} MB"
    return "(unknown here)"


def _load(port: int, first: int, number: int, connections: int) -> Measured:
    """Sends so many events, as fast as they are answered."""
    _pin(0, 1)
    bodies = [_event(first + position) for position in range(number)]
    requests = [_request(body, str(first + position)) for position, body in enumerate(bodies)]
    waits: list[float] = []

    async def send_all() -> float:
        waiting = iter(requests)
        began = time.perf_counter()
        await asyncio.gather(*(_send(port, waiting, waits) for _ in range(connections)))
        return time.perf_counter() - began

    seconds = asyncio.run(send_all())
    return Measured(seconds, waits, [hashlib.sha256(body).digest() for body in bodies])


async def _send(port: int, requests: Iterator[bytes], waits: list[float]) -> None:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: _Connection(requests, waits), "127.0.0.1", port)
    await connection.ended


class _Connection(asyncio.Protocol):
    """Sends a request when the one before it is answered."""

    def __init__(self, requests: Iterator[bytes], waits: list[float]) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._waits = waits
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send_next()

    def _send_next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b"}"):
            return
        self._waits.append(time.perf_counter() - self._sent_at)
        if not self._answer.startswith(b"HTTP/1.1 200 "):
            self.ended.set_exception(RuntimeError(self._answer.decode()))
            self._transport.close()
            return
        self._answer = b""
        self._send_next()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def _request(body: bytes, identifier: str) -> bytes:
    signature = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
    head = (
        "POST /webhooks/jira HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Atlassian Webhook HTTP Client\r\n"
        "Content-Type: application/json; charset=utf-8\r\nX-Atlassian-Webhook-Flow: Primary\r\n"
        f"X-Atlassian-Webhook-Identifier: {identifier}\r\nX-Hub-Signature: sha256={signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _event(number: int) -> bytes:
    """An issue's update, of about 3 KB, with texts of its own."""
    rng = random.Random(number)
    words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 10))) for _ in range(300)]
    user = {"accountId": f"{rng.getrandbits(96):024x}", "displayName": " ".join(words[:2]), "active": True}
    fields = {
        "summary": " ".join(words[2:10]),
        "description": " ".join(words[10:]),
        "project": {"id": "10000", "key": "SUP"},
        "status": {"id": "3", "name": "In Progress", "statusCategory": {"key": "indeterminate"}},
        "reporter": user,
        "created": "2026-03-01T10:00:00.000+0000",
        "updated": "2026-11-20T10:00:00.000+0000",
    }
    event = {
        "timestamp": 1_795_000_000_000 + number,
        "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": "issue_generic",
        "user": user,
        "issue": {"id": str(10000 + number), "key": f"SUP-{number}", "fields": fields},
        "changelog": {"id": str(number), "items": [{"field": "status", "from": "1", "to": "3"}]},
    }
    return json.dumps(event).encode()


@contextmanager
def _troublemakers(port: int, inbox: Inbox) -> Iterator[Counter]:
    """Large bodies and slow clients while the block lasts; yields how many large bodies were stored."""
    stored = SPAWN.Value("i", 0)
    processes = [
        SPAWN.Process(target=_large, args=(port, Inbox(inbox.folder), stored)),
        SPAWN.Process(target=_slow, args=(port,)),
    ]
    for process in processes:
        process.start()
    try:
        while stored.value == 0:
            if not processes[0].is_alive():
                raise SystemExit("the large bodies were refused")
            time.sleep(0.05)
        yield stored
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _large(port: int, inbox: Inbox, stored: Counter) -> None:
    """Sends large bodies; takes each out of the inbox, as a drain does, when it has been stored."""
    _pin(0, 1)
    body = json.dumps({"text": "x" * LARGE}).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for number in count():
            identifier = f"{LARGE_ONES}{number}"
            connection.sendall(_request(body, identifier))
            answer = b""
            while not answer.endswith(b"}"):
                answer += connection.recv(65536)
            if not answer.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(answer.decode())
            name = f"*-{fingerprint(identifier, digest(body))}.event"
            inbox.remove(path.name for path in inbox.folder.glob(name))
            stored.value += 1


def _slow(port: int) -> None:
    """Clients that have sent half of a request, go on byte by byte, and come back when they are given up."""
    request = _request(b"x" * 100_000, "slow")
    clients: list[socket.socket] = []
    while True:
        while len(clients) < SLOW_CLIENTS:
            clients.append(socket.create_connection(("127.0.0.1", port)))
            clients[-1].sendall(request[:50_000])
        time.sleep(0.1)
        clients = [client for client in clients if _still_listens(client)]


def _still_listens(client: socket.socket) -> bool:
    with suppress(ConnectionError):
        client.sendall(b"x")
        return True
    client.close()
    return False


def _differences(inbox: Inbox, sent: list[bytes]) -> str:
    """What the inbox lacks of what was sent, and has besides; empty if nothing."""
    deliveries = [inbox.read(name) for name in inbox.names()]
    inbox.remove(delivery.name for delivery in deliveries if delivery.identifier.startswith(LARGE_ONES))
    stored = [
        hashlib.sha256(delivery.body).digest()
        for delivery in deliveries
        if not delivery.identifier.startswith(LARGE_ONES)
    ]
    lost, others, twice = set(sent) - set(stored), set(stored) - set(sent), len(stored) - len(set(stored))
    files = len(list(inbox.folder.iterdir())) - len(stored)
    if not (lost or others or twice or files):
        return ""
    return f"{len(lost)} events lost, {len(others)} never sent, {twice} stored twice, {files} other files"


if __name__ == "__main__":
    sys.exit(main())
