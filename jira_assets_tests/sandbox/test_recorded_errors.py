"""The answers that were recorded on a real site, word for word."""

import json
from typing import Any
from urllib.parse import parse_qsl

import requests

from jira_assets.sandbox.server import RunningSandbox
from jira_assets_tests.shared_data import shared

_OF_A_STRANGER = "(unknown project"


def _cases() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(shared("api/observed_errors.json").read_text())["cases"]
    return cases


def _call(running: RunningSandbox, request: str) -> requests.Response:
    method, _, rest = request.partition(" ")
    url, _, body = rest.partition(" {") if method == "POST" else (rest, "", "")
    path, _, query = url.removeprefix("https://api.atlassian.com").partition("?")
    auth = running.account.email, running.account.token
    data = ("{" + body).replace("PUB", "APP") if body else None
    parameters = parse_qsl(query.replace("PUB", "APP"))
    return requests.request(method, running.url + path, params=parameters, data=data, auth=auth, timeout=10)


def test_every_recorded_error_is_given_word_for_word(running: RunningSandbox) -> None:
    for case in _cases():
        if _OF_A_STRANGER in case["request"]:
            continue
        response = _call(running, case["request"])
        expected, answer = case["body"], response.json()
        if "timestamp" in expected:
            expected["timestamp"] = answer["timestamp"]
        assert (response.status_code, answer) == (case["status"], expected), case["request"]
        assert all(response.headers[name] == value for name, value in case.get("headers", {}).items())


def test_a_stranger_gets_an_empty_page_for_an_unknown_project(running: RunningSandbox) -> None:
    running.account.projects = frozenset({"APP"})
    (case,) = [case for case in _cases() if _OF_A_STRANGER in case["request"]]
    response = _call(running, case["request"].partition(" (")[0])
    assert (response.status_code, response.json()) == (case["status"], case["body"])
