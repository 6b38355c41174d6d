from collections.abc import Collection, Sequence
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.jira.batches import Asked, BatchSize, in_halves
from jira_assets.jira.errors import BadQuery, Forbidden, TooLarge, Unavailable

IDS = [str(number) for number in range(100)]


class Endpoint:
    """Answers with what it is asked for, unless that is too much at once, or something in it is broken."""

    def __init__(
        self, largest: int = 1000, broken: Collection[str] = (), *, is_alone_too: bool = True
    ) -> None:
        self._largest = largest
        self._broken = broken
        self._is_alone_too = is_alone_too
        self.asked: list[tuple[int, int | None]] = []
        self.alone: list[str] = []
        self.looks = 0

    def ask(self, ids: Sequence[str], tries: int | None) -> list[str]:
        self.asked.append((len(ids), tries))
        if len(ids) > self._largest:
            raise TooLarge("POST", "/bulk", 413, "")
        if not set(ids).isdisjoint(self._broken):
            raise Unavailable("POST", "/bulk", 500, "")
        return list(ids)

    def ask_alone(self, issue_id: str) -> list[str]:
        self.alone.append(issue_id)
        if self._is_alone_too:
            raise Forbidden("GET", "/alone", 403, "")
        return [issue_id]

    def look(self) -> None:
        self.looks += 1

    def all_of(self, ids: Sequence[str], size: BatchSize) -> list[Asked[list[str]]]:
        return list(in_halves(ids, size, self.ask, self.ask_alone, self.look))


@given(
    st.integers(0, 40), st.integers(1, 20), st.sets(st.sampled_from(IDS[:40]), max_size=3), st.integers(1, 20)
)
def test_every_id_is_answered_once_and_only_what_is_broken_is_missing(
    count: int, size: int, broken: set[str], largest: int
) -> None:
    ids = IDS[:count]
    asked = Endpoint(largest, broken).all_of(ids, BatchSize(size))
    assert [each for one in asked for each in one.ids] == ids
    assert [each for one in asked for each in one.answer or ()] == [
        each for each in ids if each not in broken
    ]
    assert [each.ids for each in asked if each.error] == [[each] for each in ids if each in broken]


def test_batches_get_smaller_once_both_halves_are_good_and_halves_are_tried_once() -> None:
    endpoint, size = Endpoint(5), BatchSize(8)
    endpoint.all_of(IDS[:17], size)
    assert endpoint.asked == [(8, 2), (4, 1), (4, 1), (4, 2), (4, 2), (1, 2)]
    assert (size.now, endpoint.looks) == (4, 1)


def test_one_that_is_broken_makes_no_batch_smaller() -> None:
    endpoint, size = Endpoint(broken=["3"], is_alone_too=False), BatchSize(8)
    assert [each.error for each in endpoint.all_of(IDS[:8], size)] == [None] * 4
    assert (size.now, endpoint.alone) == (8, ["3"])


def test_whether_jira_is_up_is_asked_after_the_first_of_the_failures_in_a_row() -> None:
    endpoint = Endpoint(broken=["0", "7"])
    endpoint.all_of(IDS[:8], BatchSize(8))
    assert endpoint.looks == 4  # for all eight, and after others were read for 4-7, 6-7 and 7


def test_a_jira_that_is_down_is_an_error_at_once() -> None:
    def is_down() -> NoReturn:
        raise Unavailable("GET", "/myself", 503, "")

    endpoint = Endpoint(broken=IDS)
    with pytest.raises(Unavailable, match="/myself"):
        list(in_halves(IDS, BatchSize(8), endpoint.ask, endpoint.ask_alone, is_down))
    assert len(endpoint.asked) == 1


def test_a_request_that_is_refused_is_no_reason_to_ask_whether_jira_is_up() -> None:
    endpoint = Endpoint()

    def refuse(ids: Sequence[str], _tries: int | None) -> list[str]:
        if "3" in ids:
            raise BadQuery("POST", "/bulk", 400, "")
        return list(ids)

    asked = list(in_halves(IDS[:8], BatchSize(8), refuse, endpoint.ask_alone, endpoint.look))
    assert ([each.ids for each in asked if each.error], endpoint.looks) == ([["3"]], 0)


@pytest.mark.parametrize(("good", "most"), [([], 36), (["0"], 360)], ids=["nothing was read", "one was"])
def test_failures_are_an_error_once_they_are_no_matter_of_single_issues(good: list[str], most: int) -> None:
    ids = [str(number) for number in range(400)]
    endpoint = Endpoint(broken=set(ids) - set(good))
    with pytest.raises(Unavailable, match="/bulk"):
        endpoint.all_of(ids, BatchSize(1))
    # Each fails twice, in its batch of one and alone.
    assert (len(endpoint.alone), len(endpoint.asked)) == (most // 2, len(good) + most // 2 + 1)


def test_as_many_failures_in_a_row_as_are_tolerated_stop_nothing() -> None:
    # A batch of two fails, then each of them twice: five for every two, and one more for the last batch.
    endpoint = Endpoint(broken=IDS[:15])
    assert len(endpoint.all_of(IDS[:15], BatchSize(2))) == 15
    with pytest.raises(Unavailable):
        Endpoint(broken=IDS[:16]).all_of(IDS[:16], BatchSize(2))


def test_what_can_be_read_alone_is_a_success() -> None:
    ids = [str(number) for number in range(400)]
    endpoint = Endpoint(broken=ids, is_alone_too=False)
    assert len(endpoint.all_of(ids, BatchSize(1))) == endpoint.looks == 400


def test_answers_make_batches_larger_again() -> None:
    endpoint, size = Endpoint(), BatchSize(4)
    size.set(1)
    endpoint.all_of(IDS[:30], size)
    assert [count for count, _ in endpoint.asked] == [1] * 20 + [2] * 5


def test_after_twenty_successes_in_a_row_batches_get_larger_again_up_to_the_largest() -> None:
    size = BatchSize(10)
    size.set(0)
    sizes = []
    for _ in range(100):
        size.succeeded()
        sizes.append(size.now)
    assert sizes == [1] * 19 + [2] * 20 + [4] * 20 + [8] * 20 + [10] * 21
    size.set(11)
    assert size.now == 10
    size.set(5)
    for _ in range(19):
        size.succeeded()
    size.set(5)
    size.succeeded()
    assert size.now == 5
