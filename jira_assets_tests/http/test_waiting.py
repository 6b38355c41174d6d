from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from jira_assets.http.waiting import backoff, concerns_one_endpoint, seconds_asked_for

NOW = datetime(2026, 3, 26, 15, 59, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "Thu, 26 Mar 2026 16:00:00 GMT"}, 30.0),
        ({"Retry-After": "Thu, 26 Mar 2026 15:00:00 GMT"}, 0.0),
        ({"X-RateLimit-Reset": "2026-03-26T16:00Z"}, 30.0),
        ({"X-RateLimit-Reset": "2026-03-26T16:00:10Z"}, 40.0),
        ({"X-RateLimit-Reset": "2026-03-26T16:00:00.000+0000"}, 30.0),
        ({"X-RateLimit-Reset": "2026-03-26T15:00:00Z"}, 0.0),
        ({"X-RateLimit-Reset": "2099-01-01T00:00:00Z"}, None),
        ({"X-RateLimit-Reset": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "2026-03-26T16:00Z"}, 30.0),
        ({"Retry-After": "3", "X-RateLimit-Reset": "2026-03-26T16:00Z"}, 3.0),
        ({}, None),
    ],
)
def test_the_wait_that_headers_ask_for(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_asked_for(CaseInsensitiveDict(headers), NOW) == seconds


@given(st.text(), st.text(), st.text())
def test_no_header_text_raises_or_asks_for_a_negative_wait(retry_after: str, reset: str, reason: str) -> None:
    headers = {"Retry-After": retry_after, "X-RateLimit-Reset": reset, "RateLimit-Reason": reason}
    asked_for = seconds_asked_for(headers, NOW)
    assert asked_for is None or asked_for >= 0
    assert concerns_one_endpoint(headers) in (True, False)


@given(st.datetimes(), st.sampled_from(["", "Z", "+00:00", "-0130", "+2359"]))
def test_any_reset_time_is_bounded(reset: datetime, offset: str) -> None:
    asked_for = seconds_asked_for({"X-RateLimit-Reset": reset.isoformat() + offset}, NOW)
    assert asked_for is None or 0 <= asked_for <= 7200


@given(st.integers(min_value=1, max_value=10_000), st.floats(0.7, 1.3))
def test_backoff_doubles_up_to_its_ceiling(attempt: int, jitter: float) -> None:
    seconds = backoff(attempt, base=2.0, ceiling=30.0, jitter=jitter)
    assert seconds == pytest.approx(min(2.0 ** min(attempt, 10), 30.0) * jitter)


@pytest.mark.parametrize(
    ("reason", "one"),
    [
        ("jira-burst-based", True),
        ("jira-quota-global-based", False),
        ("jira-quota-tenant-based", False),
        ("", False),
    ],
)
def test_only_a_burst_limit_concerns_one_endpoint(reason: str, one: bool) -> None:
    assert concerns_one_endpoint({"RateLimit-Reason": reason}) is one
