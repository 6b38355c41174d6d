"""Answers that are too large, too slow, or compressed to be more than they seem."""

import tracemalloc
from collections.abc import Iterator

import msgspec
import pytest
from msgspec import Raw

from jira_assets.http.answers import ERROR_BYTES
from jira_assets.http.throttle import Patience, Throttle
from jira_assets.jira.auth import Credential
from jira_assets.jira.bulk import myself
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError, TooLarge, Unavailable
from jira_assets.jira.fetch import fetch_month
from jira_assets.raw.record import Part
from jira_assets.sandbox import faults
from jira_assets.sandbox.faults import Fault
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.connection import EMAIL, TOKEN
from jira_assets_tests.jira.issues import MONTH, full_issue

LIMIT = 3_000_000
TIMES_OUT_AFTER_S = 0.15
ONCE = Patience(tries=1)


@pytest.fixture(scope="module")
def served() -> Iterator[RunningSandbox]:
    with serve(Site([full_issue(1)])) as running:
        yield running


@pytest.fixture
def sandbox(served: RunningSandbox) -> RunningSandbox:
    served.faults.clear()
    served.requests.clear()
    return served


def connected(url: str, read_seconds: float = 5.0, limit: int = LIMIT) -> JiraClient:
    credential = Credential.basic(EMAIL, TOKEN)
    return JiraClient(url, credential, Throttle(patience=ONCE), (2.0, read_seconds), limit)


@pytest.mark.parametrize("where", ["head", "body", "chunk"])
def test_a_byte_now_and_then_keeps_no_call_waiting(sandbox: RunningSandbox, where: str) -> None:
    sandbox.faults.next(faults.dripping(where))
    with connected(sandbox.url, TIMES_OUT_AFTER_S) as client:
        with pytest.raises(Unavailable, match="no answer within the time limit"):
            myself(client)
        assert myself(client).account_id


@pytest.mark.parametrize("fault", [faults.endless_head(), faults.endless_trailer()])
def test_heads_and_trailers_without_end_end(sandbox: RunningSandbox, fault: Fault) -> None:
    sandbox.faults.next(fault)
    with connected(sandbox.url, TIMES_OUT_AFTER_S) as client, pytest.raises(JiraError):
        myself(client)


@pytest.mark.parametrize("fault", [faults.bomb(4), faults.bomb(4, "deflate"), faults.endless()])
def test_what_is_larger_than_the_limit_is_not_held_and_not_asked_for_again(
    sandbox: RunningSandbox, fault: Fault
) -> None:
    sandbox.faults.add(fault)
    with (
        connected(sandbox.url) as client,
        pytest.raises(TooLarge, match=r"more than 3 MB.*JIRA_MAX_ANSWER_MB"),
    ):
        myself(client)
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_is_smaller_than_the_limit_is_read(sandbox: RunningSandbox, encoding: str) -> None:
    sandbox.faults.next(faults.bomb(2, encoding))
    with connected(sandbox.url) as client:
        assert myself(client).account_id == "1"


@pytest.mark.parametrize("fault", [faults.bomb(1, times=2), faults.bomb(1, times=9), faults.endless("gzip")])
def test_compression_that_hides_what_it_holds_is_refused(sandbox: RunningSandbox, fault: Fault) -> None:
    sandbox.faults.next(fault)
    with connected(sandbox.url) as client, pytest.raises(Unavailable, match="cannot be decompressed"):
        myself(client)


def test_a_bomb_takes_no_more_memory_than_the_limit(sandbox: RunningSandbox) -> None:
    sandbox.faults.add(faults.bomb(100))
    with connected(sandbox.url) as client:
        tracemalloc.start()
        with pytest.raises(TooLarge):
            myself(client)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 2 * LIMIT


@pytest.mark.parametrize(("length", "is_read"), [(10, False), (40, False), (17, True)])
def test_a_length_that_is_not_the_bodys_damages_nothing_but_its_answer(
    sandbox: RunningSandbox, length: int, is_read: bool
) -> None:
    sandbox.faults.next(faults.wrong_length(length, b'{"accountId":"1"}'))
    with connected(sandbox.url) as client:
        if is_read:
            assert myself(client).account_id == "1"
        else:
            with pytest.raises(Unavailable):
                myself(client)
        assert myself(client).account_id != "1"


@pytest.mark.parametrize("status", [302, 400, 503])
def test_an_error_without_end_is_read_no_further_than_its_words_go(
    sandbox: RunningSandbox, status: int
) -> None:
    def wire() -> Iterator[bytes]:
        yield b"HTTP/1.1 %d Odd\r\nLocation: https://elsewhere.example\r\n\r\n" % status
        while True:
            yield b" " * 50_000

    sandbox.faults.next(Fault("endless error", wire=wire))
    with connected(sandbox.url) as client:
        with pytest.raises(JiraError, match=f"{status}"):
            myself(client)
        assert client.statistics.bytes <= ERROR_BYTES


@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_an_answer_that_is_too_deep_is_an_error_of_that_answer(sandbox: RunningSandbox, depth: int) -> None:
    sandbox.faults.next(faults.nested(depth))
    with connected(sandbox.url) as client, pytest.raises(Unavailable, match="not the JSON"):
        client.post_json("/rest/api/3/search/jql", {"jql": "", "fields": []}, dict[str, Raw])


def test_only_the_issue_that_is_too_large_is_left_out_and_named() -> None:
    issues = [full_issue(number) for number in range(1, 8)] + [full_issue(8, environment="a" * LIMIT)]
    with serve(Site(issues)) as running, connected(running.url) as client:
        month_fetch = fetch_month(client, MONTH)
        errors = {record.error for batch in month_fetch for record in batch if record.part is Part.ISSUE}
    assert month_fetch.issues == 7
    [failure] = month_fetch.failures
    assert (failure.issue_id, failure.part) == ("10008", Part.ISSUE)
    assert "more than 3 MB" in failure.error
    assert errors == {None, failure.error}


def test_pages_of_comments_are_halved_until_they_fit() -> None:
    issue = full_issue(1, comments=60)
    for comment in issue["fields"]["comment"]["comments"]:
        comment["body"] = "a" * 60_000
    with serve(Site([issue])) as running, connected(running.url) as client:
        month_fetch = fetch_month(client, MONTH)
        records = {record.part: record for batch in month_fetch for record in batch}
    assert not month_fetch.failures
    payload = records[Part.COMMENTS].payload
    assert payload is not None
    assert len(msgspec.json.decode(payload)) == 60
