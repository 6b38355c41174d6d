"""Pages that contradict each other, or end too early, and pages that are merely unusual."""

from pathlib import Path

import pytest

from jira_assets.jira.errors import BrokenPaging
from jira_assets.jira.fetch import fetch_month
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, Hook, OddCopy, odd_copy

_ISSUES = [full_issue(number) for number in range(1, 121)]


def is_search(asked: Asked, *, for_ids: bool = False) -> bool:
    fields = ["id"] if for_ids else ["*all"]
    return asked.path.endswith("/search/jql") and asked.body["fields"] == fields


def fetched(copy: OddCopy) -> set[str]:
    with copy.client() as client:
        return {record.issue_id for records in fetch_month(client, MONTH) for record in records}


def no_token(asked: Asked, answered: Answered) -> None:
    if is_search(asked):
        answered.json.pop("nextPageToken", None)
        answered.json["isLast"] = False


def new_tokens() -> Hook:
    """The first page, again and again, under tokens that never were before."""
    pages: list[dict[str, object]] = []

    def hook(asked: Asked, answered: Answered) -> None:
        if is_search(asked):
            pages.append(pages[0] if pages else answered.json)
            answered.status, answered.json = 200, pages[0] | {"nextPageToken": f"t{len(pages)}"}

    return hook


@pytest.mark.parametrize("hook", [no_token, new_tokens()])
def test_pages_that_contradict_each_other_are_an_error_within_three(tmp_path: Path, hook: Hook) -> None:
    with odd_copy(_ISSUES, tmp_path, hook) as (_, copy):
        with pytest.raises(BrokenPaging):
            fetched(copy)
        assert copy.proxy.count("/search/jql") <= 3
        with pytest.raises(AssertionError, match="page"):
            copy.backfill([MONTH])
        assert not copy.raw.is_whole(MONTH)
        assert len(copy.raw.issue_ids(MONTH)) == 100  # what came before is kept


def end_early(asked: Asked, answered: Answered) -> None:
    if is_search(asked):
        answered.json.pop("nextPageToken", None)
        answered.json["isLast"] = True


def test_a_search_that_ends_too_early_is_noticed_and_the_others_are_read_by_id(tmp_path: Path) -> None:
    with odd_copy(_ISSUES, tmp_path, end_early) as (_, copy):
        assert len(fetched(copy)) == 120
        assert copy.proxy.count("/search/approximate-count") == 1


def test_what_the_bulk_read_leaves_out_is_asked_for_alone(tmp_path: Path) -> None:
    def hook(asked: Asked, answered: Answered) -> None:
        end_early(asked, answered)
        if asked.path.endswith("/issue/bulkfetch"):
            answered.json["issues"] = [each for each in answered.issues if each["id"] != "10110"]
        if asked.path.endswith("/issue/10111"):
            answered.refuse(404)

    with odd_copy(_ISSUES, tmp_path, hook) as (_, copy):
        assert len(fetched(copy)) == 120


def test_a_search_that_never_lists_all_is_made_day_by_day(tmp_path: Path) -> None:
    def hook(asked: Asked, answered: Answered) -> None:
        if is_search(asked) or is_search(asked, for_ids=True):
            answered.json = {"issues": answered.json["issues"][:100], "isLast": True}

    with odd_copy(_ISSUES, tmp_path, hook) as (_, copy):
        assert len(fetched(copy)) == 120


def test_a_month_of_which_issues_stay_missing_is_not_whole(tmp_path: Path) -> None:
    def hook(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/search/jql"):
            answered.json = {"issues": answered.json["issues"][:2], "isLast": True}

    with odd_copy(_ISSUES, tmp_path, hook) as (_, copy):
        with pytest.raises(AssertionError, match="counts 120 issues of 2024-01 and lists only"):
            copy.backfill([MONTH])
        assert not copy.raw.is_whole(MONTH)


@pytest.mark.parametrize("status", [200, 400, 403, 503])
def test_an_estimate_that_is_wrong_or_missing_stops_nothing(tmp_path: Path, status: int) -> None:
    def hook(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/search/approximate-count"):
            answered.status, answered.json = status, {"count": 300}

    with odd_copy(_ISSUES, tmp_path, hook) as (_, copy):
        assert len(fetched(copy)) == 120


def test_what_search_lists_for_ids_only_is_read(tmp_path: Path) -> None:
    def hook(asked: Asked, answered: Answered) -> None:
        if is_search(asked):
            answered.json["issues"] = [each for each in answered.json["issues"] if each["id"] != "10007"]

    with odd_copy(_ISSUES[:20], tmp_path, hook) as (_, copy):
        assert "10007" in fetched(copy)


@pytest.mark.parametrize("oddity", ["no isLast", "null token", "empty page", "an issue twice"])
def test_pages_that_are_merely_unusual_are_read(tmp_path: Path, oddity: str) -> None:
    def hook(asked: Asked, answered: Answered) -> None:
        if not is_search(asked):
            return
        if asked.body.get("nextPageToken") == "first":
            return
        page = answered.json
        if oddity == "no isLast":
            page.pop("isLast")
        elif oddity == "null token" and page["isLast"]:
            page["nextPageToken"] = None
        elif oddity == "an issue twice" and "nextPageToken" not in page:
            page["issues"] = [full_issue(1)]
        elif oddity == "empty page" and page.get("nextPageToken") and len(pages) < 3:
            pages.append(page)
            page["issues"] = []

    pages: list[object] = []
    with odd_copy(_ISSUES, tmp_path, hook) as (_, copy):
        assert len(fetched(copy)) == 120
