import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from jira_assets.commands.serve import main
from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.receiver.server import listen
from jira_assets.privacy.errors import UnknownKey
from jira_assets.settings import Settings
from jira_assets_tests.inbox.receiver.sending import SECRET, connect, deliver, event, head, health, signature
from jira_assets_tests.privacy.keys import key

CODE = "import sys; from jira_assets.commands.serve import main; sys.exit(main(sys.argv[1:]))"


class Process:
    """`jira-assets serve` on a port of its own, with its log in a file."""

    def __init__(self, folder: Path, *options: str) -> None:
        with listen("127.0.0.1", 0) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "log"
        environment = os.environ | {"JIRA_WEBHOOK_SECRET": SECRET, "JIRA_DATA_DIR": str(folder)}
        command = [sys.executable, "-c", CODE, "--port", str(port), *options]
        with self._log.open("wb") as log:
            self.popen = subprocess.Popen(command, env=environment, stderr=log)

    def wait_until_started(self) -> None:
        for _ in range(600):
            with suppress(requests.ConnectionError):
                health(self.url)
                return
            time.sleep(0.05)
        raise TimeoutError

    def end(self, number: signal.Signals) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(timeout=20)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was logged of deliveries."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [line for line in lines if line["message"] == "delivery"]


@contextmanager
def process(folder: Path, *options: str) -> Iterator[Process]:
    running = Process(folder, *options)
    try:
        running.wait_until_started()
        yield running
    finally:
        if running.popen.poll() is None:
            running.end(signal.SIGKILL)


def test_the_log_has_a_line_of_json_for_each_delivery_and_nothing_personal(tmp_path: Path) -> None:
    with process(tmp_path) as receiver:
        deliver(receiver.url, event(text="confidential"), "identifier-1")
        deliver(receiver.url, event(webhookEvent="confidential"), "identifier-2")
        deliver(receiver.url, b"confidential", "identifier-3")
        deliver(receiver.url, event(), "confidential", secret="wrong")
        assert receiver.end(signal.SIGTERM) == 0
    lines = receiver.lines
    assert [line["outcome"] for line in lines] == ["stored", "stored", "unreadable", "unauthorised"]
    assert [line.get("event") for line in lines] == ["jira:issue_updated", None, None, None]
    assert {"time", "level", "status", "bytes", "ms", "delivery"} <= lines[0].keys()
    for secret in ("confidential", "identifier", SECRET, "SUP", signature(event())):
        assert secret not in (tmp_path / "log").read_text()


def test_what_went_well_can_be_left_out_of_the_log(tmp_path: Path) -> None:
    with process(tmp_path, "--log-level", "warning") as receiver:
        deliver(receiver.url, event())
        deliver(receiver.url, event(), secret="wrong")
        receiver.end(signal.SIGTERM)
    assert [line["outcome"] for line in receiver.lines] == ["unauthorised"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_delivery_in_hand_is_answered_before_the_end(tmp_path: Path, number: signal.Signals) -> None:
    body = event()
    with process(tmp_path) as receiver, connect(receiver.url) as connection:
        connection.sendall(head(f"Content-Length: {len(body)}", f"X-Hub-Signature: {signature(body)}"))
        time.sleep(0.2)
        receiver.popen.send_signal(number)
        time.sleep(0.2)
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        receiver.popen.wait(timeout=20)
    assert len(Inbox(tmp_path / "inbox").names()) == 1


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    assert f"port {port} of 127.0.0.1 is taken" in capsys.readouterr().err


def test_a_key_that_is_missing_is_named_before_anybody_can_connect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JIRA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", key("old"))
    Settings.load().keyring.seal(b"", "test")
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", key("new"))
    with pytest.raises(UnknownKey, match="'old'"):
        main(["--port", "0"])
    assert "listening" not in capsys.readouterr().err


def test_what_is_acknowledged_survives_sigkill_and_what_is_half_there_does_not(tmp_path: Path) -> None:
    large = event(text="x" * 3_000_000)
    with process(tmp_path) as receiver, connect(receiver.url) as connection:
        connection.sendall(head(f"Content-Length: {len(large)}", f"X-Hub-Signature: {signature(large)}"))
        connection.sendall(large[:-1])
        assert deliver(receiver.url, event()).status_code == 200
        receiver.end(signal.SIGKILL)
    inbox = Inbox(tmp_path / "inbox")
    assert [inbox.read(name).body for name in inbox.names()] == [event()]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux's prlimit")
def test_a_disk_that_is_full_refuses_what_does_not_fit_until_there_is_room(tmp_path: Path) -> None:
    with process(tmp_path) as receiver:
        limit = resource.RLIMIT_FSIZE
        before = resource.prlimit(receiver.popen.pid, limit)
        resource.prlimit(receiver.popen.pid, limit, (100_000, before[1]))
        sizes = (10, 200_000, 3_000_000)
        full = [deliver(receiver.url, event(text="x" * size), f"{size}").status_code for size in sizes]
        assert health(receiver.url)["last_error"] is True
        resource.prlimit(receiver.popen.pid, limit, before)
        again = [deliver(receiver.url, event(text="x" * size), f"{size}").status_code for size in sizes]
    assert (full, again) == ([200, 503, 503], [200, 200, 200])
    folder = tmp_path / "inbox"
    assert len(Inbox(folder).names()) == len(list(folder.iterdir())) == 3


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "jira-assets serve --port 9000" in capsys.readouterr().out
