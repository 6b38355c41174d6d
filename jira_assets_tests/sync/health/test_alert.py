import logging
import traceback
from collections.abc import Iterator

import pytest

from jira_assets.sync.health.alert import (
    LINES_SHOWN,
    NotPosted,
    check_failed,
    check_passes,
    message,
    post,
    run_failed,
)
from jira_assets_tests.sync.health.alert_receiver import SECRET, AlertReceiver, alert_receiver


@pytest.fixture
def receiver() -> Iterator[AlertReceiver]:
    with alert_receiver() as ready:
        yield ready


def test_a_single_alert_is_a_line() -> None:
    assert message([run_failed("sync_months", "1a2b", "2024-03")]) == (
        "Run of `sync_months` of 2024-03 failed: 1a2b"
    )
    assert message([check_failed("issues:fresh", is_error=False, numbers={"count": 1})]) == (
        "Warning: check `issues:fresh` failed: count 1"
    )


def test_several_are_a_list() -> None:
    lines = [check_failed("a:b", is_error=True, numbers={}), check_passes("c:d")]
    assert message(lines) == "jira_assets:\n• Check `a:b` failed\n• Check `c:d` passes again"


def test_many_are_ten_and_a_count() -> None:
    text = message([f"line {number}" for number in range(212)])
    assert text.count("• line") == LINES_SHOWN
    assert text.endswith("\n• and 202 more")


def test_numbers_are_not_rounded_away() -> None:
    assert check_failed("a:b", is_error=True, numbers={"behind_s": 12_345_678, "share": 0.25}).endswith(
        "behind_s 12345678, share 0.25"
    )


def test_what_means_something_to_slack_is_escaped(receiver: AlertReceiver) -> None:
    post(receiver.url, "<!channel> & all > none")
    assert receiver.texts == ["&lt;!channel&gt; &amp; all &gt; none"]


@pytest.mark.parametrize("status", [302, 307, 400, 404, 429, 500])
def test_any_other_answer_than_success_is_an_error(receiver: AlertReceiver, status: int) -> None:
    receiver.statuses.append(status)
    with pytest.raises(NotPosted, match=f"HTTP {status}"):
        post(receiver.url, "text")
    assert len(receiver.requests) == 1


def test_the_address_is_neither_told_nor_logged(
    receiver: AlertReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    post(receiver.url, "text")
    nowhere = f"http://127.0.0.1:9/services/{SECRET}"
    with pytest.raises(NotPosted, match="Connection refused") as caught:
        post(nowhere, "text")
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told + caplog.text


def test_nothing_of_a_strange_address_is_told() -> None:
    with pytest.raises(NotPosted) as caught:
        post("http://[not-to-be-seen", "text")
    assert "not-to-be-seen" not in str(caught.value)
