"""Deliveries as Jira makes them, and raw ones as Jira never would."""

import hashlib
import hmac
import json
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import requests

SECRET = "It's a Secret to Everybody"


def event(number: int = 1, project: str = "SUP", **members: Any) -> bytes:
    """An issue's update."""
    issue = {"id": str(10000 + number), "key": f"{project}-{number}", "fields": {"project": {"key": project}}}
    return json.dumps({"webhookEvent": "jira:issue_updated", "issue": issue, **members}).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def deliver(
    url: str, body: bytes, identifier: str | None = None, *, query: str = "", secret: str = SECRET
) -> requests.Response:
    """A well signed delivery."""
    headers = {"X-Hub-Signature": signature(body, secret), "Content-Type": "application/json; charset=utf-8"}
    if identifier is not None:
        headers["X-Atlassian-Webhook-Identifier"] = identifier
    return requests.post(f"{url}/webhooks/jira{query}", data=body, headers=headers, timeout=30)


def health(url: str) -> dict[str, Any]:
    answer: dict[str, Any] = requests.get(f"{url}/webhooks/jira/health", timeout=10).json()
    return answer


def connect(url: str) -> socket.socket:
    """A connection on which a test sends what it likes."""
    return socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=20)


def head(*lines: str) -> bytes:
    """The head of a delivery with these header lines."""
    return "\r\n".join(["POST /webhooks/jira HTTP/1.1", "Host: receiver", *lines, "", ""]).encode()


def answer_to(connection: socket.socket, pieces: Iterable[bytes]) -> bytes:
    """Sends the pieces, whatever the other side makes of them, and returns its answer when it closes.

    Raises TimeoutError if the other side does nothing for 20 s.
    """
    with suppress(ConnectionError):
        for piece in pieces:
            connection.sendall(piece)
    received = b""
    with suppress(ConnectionError):
        while more := connection.recv(65536):
            received += more
    return received
