"""A tiny web server that takes webhooks, for tests of how they are sent."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Lock

from jira_assets_tests.web_server import Silent, web_server


@dataclass(frozen=True)
class Received:
    """One delivery as it came in. Header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def identifier(self) -> str:
        return self.headers["x-atlassian-webhook-identifier"]


@dataclass
class WebhookReceiver:
    """Answers with ``statuses`` in turn, then 200; ``hangs`` of the first deliveries it lets wait."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    hangs: int = 0
    received: list[Received] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def answer(self, delivery: Received) -> int:
        with self.lock:
            self.received.append(delivery)
            is_patient = len(self.received) <= self.hangs
            status = self.statuses.pop(0) if self.statuses else 200
        if is_patient:
            time.sleep(0.3)
        return status


@contextmanager
def webhook_receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()

    class Handler(Silent, BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.answer(Received(self.path, headers, body)))
            self.send_header("Content-Length", "0")
            self.end_headers()

    with web_server(Handler) as address:
        receiver.url = f"{address}/webhooks/jira"
        yield receiver
