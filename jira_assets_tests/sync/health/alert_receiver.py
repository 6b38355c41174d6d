"""A tiny web server that alerts are posted to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from jira_assets_tests.web_server import Silent, web_server

SECRET = "T000/B000/not-to-be-seen"


@dataclass
class AlertReceiver:
    """Answers with ``statuses`` in turn, then 200; redirects lead to itself. ``texts`` is what it took."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def alert_receiver() -> Iterator[AlertReceiver]:
    receiver = AlertReceiver()

    class Handler(Silent, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append(self.path)
            status = receiver.statuses.pop(0) if receiver.statuses else 200
            if status == 200:
                receiver.texts.append(json.loads(body)["text"])
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

    with web_server(Handler) as address:
        receiver.url = f"{address}/services/{SECRET}"
        yield receiver
