"""An issue that breaks every answer it is in, pages that are too heavy, and what is neither."""

from pathlib import Path

import pytest

from jira_assets.jira.errors import BadQuery, Unavailable
from jira_assets.jira.fetch import fetch_issues, fetch_month
from jira_assets.raw.record import Part, Source
from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, Hook, odd_copy

POISON = "10037"
_ISSUES = [full_issue(number, comments=30 if number == 37 else 0) for number in range(1, 61)]


def poison(status: int, *, alone: bool = False, ids: frozenset[str] = frozenset({POISON})) -> Hook:
    """Whole issues cannot be read together with one of these, or not even that one ``alone``."""

    def hook(asked: Asked, answered: Answered) -> None:
        body = asked.body or {}
        is_whole = "*all" in body.get("fields", ()) or "fields=%2Aall" in asked.query
        is_read = asked.path.endswith(("/search/jql", "/issue/bulkfetch")) or alone
        if is_whole and is_read and any(issue["id"] in ids for issue in answered.issues):
            answered.refuse(status)

    return hook


@pytest.mark.parametrize("status", [400, 413, 500])
def test_an_issue_that_breaks_its_page_is_read_alone(tmp_path: Path, status: int) -> None:
    with odd_copy(_ISSUES, tmp_path, poison(status)) as (_, copy):
        copy.backfill([MONTH])
        assert copy.raw.is_whole(MONTH)
        assert len(copy.raw.issue_ids(MONTH)) == 60
        assert list(copy.raw.failures()) == []
        assert len(copy.proxy.seen) < 60 + 50


def test_of_an_issue_that_nothing_shows_the_parts_are_stored_and_it_is_named(tmp_path: Path) -> None:
    with odd_copy(_ISSUES, tmp_path, poison(500, alone=True)) as (_, copy):
        copy.backfill([MONTH])
        failed = [(each.issue_id, each.part) for each in copy.raw.failures()]
        copy.build()
        assert failed == [(POISON, Part.ISSUE)]
        assert copy.raw.is_whole(MONTH)
        assert copy.rows("SELECT count(*) FROM jira.issues") == [(59,)]
        [known] = copy.raw.latest(MONTH, [POISON])
        assert {Part.COMMENTS, Part.CHANGELOG, Part.REMOTE_LINKS} <= known.payloads.keys()


def test_a_poisoned_issue_lets_the_other_events_of_its_month_be_applied(tmp_path: Path) -> None:
    with odd_copy(_ISSUES[20:50], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        copy.proxy.hook = poison(500, alone=True)
        copy.deliver(*(change(site, str(10_000 + number), summary="new") for number in range(31, 41)))
        copy.drain()
        applied = copy.apply(MONTH)
        assert (applied.settled, copy.queued()) == (9, [POISON])
        assert [each.part for each in applied.failures] == [Part.ISSUE]


def test_many_that_nothing_shows_side_by_side_cost_none_of_the_others(tmp_path: Path) -> None:
    ids = frozenset(str(10_000 + number) for number in range(30, 50))
    with odd_copy(_ISSUES, tmp_path, poison(400, alone=True, ids=ids)) as (_, copy):
        copy.backfill([MONTH])
        assert {each.issue_id for each in copy.raw.failures()} == ids
        copy.build()
        assert copy.rows("SELECT count(*) FROM jira.issues") == [(40,)]


@pytest.mark.parametrize("cut", [False, True])
def test_pages_that_are_too_heavy_become_smaller_and_stay_so(tmp_path: Path, cut: bool) -> None:
    sizes: list[int] = []

    def heavy(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/search/jql") and "*all" in asked.body["fields"]:
            sizes.append(asked.body["maxResults"])
            if sizes[-1] > 25 and cut:
                answered.json = {"issues": "cut"}
            elif sizes[-1] > 25:
                answered.refuse(504)

    february = [full_issue(number, created="2024-02-02T10:00:00.000+0000") for number in range(201, 210)]
    with odd_copy([*_ISSUES, *february], tmp_path, heavy) as (_, copy):
        copy.backfill([MONTH, "2024-02"])
        assert len(copy.raw.issue_ids(MONTH)) == 60
        assert len(copy.raw.issue_ids("2024-02")) == 9
    assert sizes[:4] == [100, 100, 50, 25]
    assert set(sizes[3:]) == {25}


def test_a_jira_that_is_down_is_asked_a_few_times(tmp_path: Path) -> None:
    def down(_asked: Asked, answered: Answered) -> None:
        if len(copy.proxy.seen) > 20:
            answered.refuse(503)

    with odd_copy(_ISSUES, tmp_path, down) as (_, copy), copy.client() as client:
        with pytest.raises(Unavailable):
            list(fetch_month(client, MONTH))
        down_since = len(copy.proxy.seen)
        with pytest.raises(Unavailable):
            list(fetch_issues(client, MONTH, [str(10_000 + n) for n in range(1, 61)], Source.WEBHOOK))
        assert len(copy.proxy.seen) - down_since < 20


def test_a_search_that_is_wrong_is_no_reason_for_smaller_pages(tmp_path: Path) -> None:
    def refuse(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/search/jql"):
            answered.refuse(400)

    with odd_copy(_ISSUES, tmp_path, refuse) as (_, copy), copy.client() as client:
        with pytest.raises(BadQuery):
            list(fetch_month(client, MONTH))
        assert copy.proxy.count("/search/jql") == 2


def test_a_sweep_passes_an_issue_that_breaks_its_page(tmp_path: Path) -> None:
    def hook(asked: Asked, answered: Answered) -> None:
        is_page = asked.path.endswith("/search/jql") and "updated" in asked.body["fields"]
        if is_page and any(issue["id"] == POISON for issue in answered.issues):
            answered.refuse(500)

    with odd_copy(_ISSUES[30:50], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        change(site, "10045", summary="new")
        copy.proxy.hook = hook
        assert copy.sweep().outdated == ["SUP-45"]
