import json

import pytest
from msgspec import Raw

from jira_assets.jira.errors import BrokenPaging
from jira_assets.jira.paging import Circles, IssuePage, PageTokens, ids_of


def page(*ids: str) -> IssuePage:
    return IssuePage([Raw(json.dumps({"id": each}).encode()) for each in ids])


def note_all(*pages: IssuePage) -> None:
    circles = Circles()
    for each in pages:
        circles.note("/search", each)


def test_a_token_is_followed_once_and_only_so_many_are() -> None:
    tokens = PageTokens("/search", max_pages=3)
    assert [tokens.follow("a"), tokens.follow("b")] == ["a", "b"]
    with pytest.raises(BrokenPaging, match="200, Jira sent the same page token twice"):
        tokens.follow("a")
    with pytest.raises(BrokenPaging, match="200, more than 3 pages"):
        tokens.follow("c")


def test_issues_that_change_their_places_meanwhile_are_no_circle() -> None:
    note_all(page("1", "2"), page("2"), page("3"), page("2", "3"), page(), page("4"), page("1"))


@pytest.mark.parametrize(
    "pages",
    [
        [page("1", "2"), page("3"), page("1", "2")],
        [page("1", "2"), page("1"), page("2")],
        [page("1"), page("1"), page("1")],
    ],
    ids=["a page again", "two pages without anything new", "one issue again and again"],
)
def test_pages_that_bring_nothing_new_are_an_error(pages: list[IssuePage]) -> None:
    note_all(*pages[:-1])
    with pytest.raises(BrokenPaging, match="200, Jira sent the same issues on two pages"):
        note_all(*pages)


def test_fifty_empty_pages_in_a_row_may_be_and_no_more() -> None:
    note_all(*[page()] * 50, page("1"), *[page()] * 50)
    with pytest.raises(BrokenPaging, match="200, 51 pages in a row hold no issues"):
        note_all(page("1"), *[page()] * 51)


def test_an_issue_without_an_id_hides_no_other() -> None:
    odd = IssuePage([Raw(b"{}"), Raw(b'{"id": "\xff"}'), *page("1").issues, Raw(b'{"id": 2}')])
    assert ids_of(odd) == ["1", "2"]
