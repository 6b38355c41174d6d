import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from jira_assets.commands.sandbox import main
from jira_assets.sandbox.deliveries import signature
from jira_assets_tests.sandbox.caller import issue
from jira_assets_tests.sandbox.webhook_receiver import webhook_receiver

CODE = "import sys; from jira_assets.commands.sandbox import main; sys.exit(main(sys.argv[1:]))"


def test_serves_until_interrupted_and_says_how_to_use_it(tmp_path: Path) -> None:
    path = tmp_path / "issues.jsonl"
    path.write_text(json.dumps(issue(1)))
    command = [sys.executable, "-c", CODE, "--issues", str(path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = "".join(next(process.stdout) for _ in range(5))
        settings = dict(re.findall(r"export (\w+)=(\S+)", said))
        auth = settings["JIRA_EMAIL"], settings["JIRA_API_TOKEN"]
        found = requests.get(settings["JIRA_BASE_URL"] + "/rest/api/3/issue/APP-1", auth=auth, timeout=10)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    assert found.json()["id"] == "10001"


def test_a_bad_file_is_named_and_the_status_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "issues.jsonl"
    path.write_text("nonsense")
    assert main(["--issues", str(path)]) == 2
    assert "issues.jsonl, line 1 is not a Jira issue" in capsys.readouterr().err


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--issues", str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl" in capsys.readouterr().err


def test_changes_are_delivered_to_the_webhook_with_the_secret_of_the_environment() -> None:
    with webhook_receiver() as receiver:
        options = ["--generate", "20", "--port", "0", "--activity", "6000", "--webhook-url", receiver.url]
        environment = os.environ | {"JIRA_WEBHOOK_SECRET": "from the environment"}
        with subprocess.Popen(
            [sys.executable, "-c", CODE, *options], stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            deadline = time.monotonic() + 20
            while not receiver.received and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=10) == 0
        received = receiver.received[0]
    assert received.headers["x-hub-signature"] == signature(b"from the environment", received.body)


def test_a_webhook_needs_the_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("JIRA_WEBHOOK_SECRET", raising=False)
    assert main(["--webhook-url", "http://127.0.0.1:1/"]) == 2
    assert "JIRA_WEBHOOK_SECRET is not set" in capsys.readouterr().err


def test_a_webhook_needs_an_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JIRA_WEBHOOK_SECRET", "secret")
    assert main(["--webhook-url", "localhost"]) == 2
    assert "'localhost' is not the address of a webhook" in capsys.readouterr().err


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "jira-assets sandbox --generate 2000" in capsys.readouterr().out
