import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import requests

from jira_assets.sandbox.faults import (
    broken_connection,
    failing,
    rate_limited,
    repeated_token,
    slow,
    truncated,
    unavailable,
)
from jira_assets.sandbox.server import RunningSandbox
from jira_assets_tests.sandbox.caller import Caller


def test_a_fault_happens_to_the_next_requests_and_ends(running: RunningSandbox, caller: Caller) -> None:
    running.faults.next(rate_limited(retry_after=0), times=2)
    assert [caller.get("/myself").status_code for _ in range(3)] == [429, 429, 200]
    assert running.faults.given == ["rate limited", "rate limited"]


def test_a_429_may_say_seconds_a_date_or_a_reset_without_seconds(
    running: RunningSandbox, caller: Caller
) -> None:
    running.faults.next(rate_limited(7))
    assert caller.get("/myself").headers["Retry-After"] == "7"
    running.faults.next(rate_limited(60, as_date=True))
    moment = parsedate_to_datetime(caller.get("/myself").headers["Retry-After"])
    assert 50 < (moment - datetime.now(UTC)).total_seconds() <= 60
    running.faults.next(rate_limited(None, reset_after=90, reset_has_seconds=False, reason=None))
    headers = caller.get("/myself").headers
    assert "Retry-After" not in headers
    assert datetime.strptime(headers["X-RateLimit-Reset"], "%Y-%m-%dT%H:%M%z") > datetime.now(UTC)


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503])
def test_any_status_can_be_answered(running: RunningSandbox, caller: Caller, status: int) -> None:
    running.faults.next(failing(status))
    assert caller.get("/myself").status_code == status


def test_unavailable_may_carry_retry_after_and_is_not_json(running: RunningSandbox, caller: Caller) -> None:
    running.faults.next(unavailable(retry_after=3))
    response = caller.get("/myself")
    assert (response.status_code, response.headers["Retry-After"], response.text[0]) == (503, "3", "<")


def test_the_connection_breaks(running: RunningSandbox, caller: Caller) -> None:
    running.faults.next(broken_connection())
    with pytest.raises(requests.ConnectionError):
        caller.get("/myself")
    assert caller.get("/myself").status_code == 200


def test_the_body_breaks_off(running: RunningSandbox, caller: Caller) -> None:
    running.faults.next(truncated())
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        caller.get("/issue/APP-1")


def test_an_answer_is_late(running: RunningSandbox, caller: Caller) -> None:
    running.faults.next(slow(0.1))
    began = time.monotonic()
    assert caller.get("/myself").status_code == 200
    assert time.monotonic() - began >= 0.1


def test_a_page_token_is_repeated(running: RunningSandbox, caller: Caller) -> None:
    body: dict[str, object] = {"jql": "project = APP", "maxResults": 1}
    body["nextPageToken"] = caller.post("/search/jql", body).json()["nextPageToken"]
    running.faults.next(repeated_token())
    page = caller.post("/search/jql", body).json()
    assert (page["nextPageToken"], page["isLast"], len(page["issues"])) == (body["nextPageToken"], False, 1)


def test_one_part_of_one_issue_fails(running: RunningSandbox, caller: Caller) -> None:
    running.faults.fail_part("10001", "remotelink", 403)
    assert caller.get("/issue/10001/remotelink").status_code == 403
    assert caller.get("/issue/10002/remotelink").status_code == 200
    assert caller.get("/issue/10001/comment").status_code == 200
    running.faults.clear()
    assert caller.get("/issue/10001/remotelink").status_code == 200


def test_faults_may_spare_the_first_requests_and_other_methods(
    running: RunningSandbox, caller: Caller
) -> None:
    running.faults.add(failing(500), after=1, path="/search", method="POST")
    body = {"jql": "project = APP"}
    assert caller.get("/search/jql", jql="project = APP").status_code == 200
    assert [caller.post("/search/jql", body).status_code for _ in range(3)] == [200, 500, 500]


def test_a_probability_is_repeatable(running: RunningSandbox, caller: Caller) -> None:
    running.faults.add(failing(500), probability=0.5)
    statuses = {caller.get("/myself").status_code for _ in range(20)}
    assert statuses == {200, 500}


def test_bursts_are_limited_per_operation(running: RunningSandbox, caller: Caller) -> None:
    running.faults.limit_bursts(0.01 + 2)
    statuses = [caller.get(f"/issue/{number}/remotelink").status_code for number in (10001, 10002, 10003)]
    assert statuses == [200, 200, 429]
    assert caller.get("/myself").status_code == 200
    running.faults.limit_bursts(None)
    assert caller.get("/issue/10001/remotelink").status_code == 200


def test_requests_are_logged(running: RunningSandbox, caller: Caller) -> None:
    caller.post("/search/jql", {"jql": "project = APP"})
    caller.get("/issue/APP-1", fields="summary")
    first, second = running.requests
    assert (first.method, first.path, first.json()) == (
        "POST",
        "/rest/api/3/search/jql",
        {"jql": "project = APP"},
    )
    assert (second.query, second.status) == ({"fields": ["summary"]}, 200)
    assert running.traffic.most_at_once == 1
