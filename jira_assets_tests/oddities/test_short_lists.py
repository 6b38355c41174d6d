"""Lists that hold less than Jira counts, repeat elements, or come in pieces."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from jira_assets.jira.histories import joined
from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, OddCopy, odd_copy


def item(field: str) -> dict[str, Any]:
    return {"field": field, "fieldId": field, "fieldtype": "jira", "fromString": "a", "toString": "b"}


def changed(number: int, histories: int) -> dict[str, Any]:
    """An issue with a history; no two changes have the same id."""
    issue = full_issue(number, histories=histories)
    for position, history in enumerate(issue["changelog"]["histories"]):
        history |= {"id": str(number * 1000 + position), "items": [item("summary")]}
    return issue


def counts(copy: OddCopy, part: str) -> list[tuple[Any, ...]]:
    return copy.rows(
        f"SELECT issue_id, expected, stored, error FROM jira.completeness WHERE part = '{part}' ORDER BY 1"
    )


@pytest.mark.parametrize("shown", [5, 0])
def test_comments_that_are_counted_and_never_shown_are_told_and_settle_events(
    tmp_path: Path, shown: int
) -> None:
    def one_too_many(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/10001/comment"):
            answered.json["total"] += 1
        for issue in answered.issues:
            if issue["id"] == "10001" and "comment" in issue.get("fields", ()):
                issue["fields"]["comment"]["total"] += 1

    issues = [full_issue(1, comments=shown), full_issue(2, comments=5)]
    with odd_copy(issues, tmp_path, one_too_many) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        assert counts(copy, "comments") == [("10001", shown + 1, shown, None), ("10002", 5, 5, None)]
        said = change(site, "10001", summary="new")
        assert copy.applied(said, month=MONTH) == "1 settled, 0 waiting, 0 given up, [] deleted"
        assert list(copy.raw.failures()) == []


def test_a_repeated_comment_is_one_and_is_counted_once(tmp_path: Path) -> None:
    def twice(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/10001/comment"):
            answered.json["comments"].insert(0, answered.json["comments"][0])
            answered.json["total"] += 1
        for issue in answered.issues:
            comments = issue.get("fields", {}).get("comment")
            if comments:
                comments["comments"].insert(0, comments["comments"][0])
                comments["total"] += 1

    with odd_copy([full_issue(1, comments=3)], tmp_path, twice) as (_, copy):
        copy.backfill([MONTH])
        copy.build()
        assert counts(copy, "comments") == [("10001", 3, 3, None)]


def test_a_history_that_only_the_issue_shows_is_stored(tmp_path: Path) -> None:
    def silent(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/10001/changelog"):
            answered.json |= {"values": [], "total": 0, "isLast": True}
        if asked.path.endswith("/changelog/bulkfetch"):
            logs = answered.json["issueChangeLogs"]
            answered.json["issueChangeLogs"] = [each for each in logs if str(each["issueId"]) != "10001"]

    with odd_copy([changed(1, 3), changed(2, 3), changed(3, 45)], tmp_path, silent) as (site, copy):
        copy.backfill([MONTH])
        said = change(site, "10001", summary="new")
        assert copy.applied(said, month=MONTH).startswith("1 settled")
        copy.build()
        assert [stored for _, _, stored, _ in counts(copy, "changelog")] == [3, 3, 45]
        assert copy.proxy.count("/changelog") == 2


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_bulk_read_of_histories_that_is_refused_costs_none(tmp_path: Path, status: int) -> None:
    def refuse(asked: Asked, answered: Answered) -> None:
        is_bulk = asked.path.endswith("/changelog/bulkfetch")
        if is_bulk and (status == 403 or "10007" in asked.body["issueIdsOrKeys"]):
            answered.refuse(status)
        for issue in answered.issues:  # and what is inside the issues is of no help
            issue.get("changelog", {}).pop("histories", None)

    with odd_copy([changed(number, 2) for number in range(1, 21)], tmp_path, refuse) as (_, copy):
        copy.backfill([MONTH])
        copy.build()
        assert copy.rows("SELECT count(*) FROM jira.changelog") == [(40,)]
        assert list(copy.raw.failures()) == []


def test_a_history_that_comes_in_pieces_is_put_together(tmp_path: Path) -> None:
    fields = ["a", "b", "b", "c"]
    issue = full_issue(1)
    issue["changelog"] = {
        "histories": [
            {"id": "5000", "created": "2024-02-01T00:00:00.000+0000", "items": [item(f) for f in fields]}
        ]
    }

    def split(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/changelog/bulkfetch"):
            is_first = "nextPageToken" not in asked.body
            items = [item(field) for field in (fields[:3] if is_first else fields[3:])]
            history = {"id": "5000", "created": 1706745600000, "items": items}
            logs = [{"issueId": "10001", "changeHistories": [history]}]
            answered.status = 200
            answered.json = {"issueChangeLogs": logs} | ({"nextPageToken": "2"} if is_first else {})

    with odd_copy([issue], tmp_path, split) as (_, copy):
        copy.backfill([MONTH])
        copy.build()
        assert copy.rows("SELECT field_id FROM jira.changelog ORDER BY item_index") == [(f,) for f in fields]
        assert counts(copy, "changelog") == [("10001", 1, 1, None)]


pieces = st.lists(st.lists(st.sampled_from("abc"), max_size=4), min_size=1, max_size=4)


@given(pieces)
def test_pieces_joined_have_every_item_as_often_as_the_piece_that_has_most(of_one: list[list[str]]) -> None:
    histories = [{"id": "1", "items": [item(field) for field in each]} for each in of_one]
    [whole] = joined(Raw(json.dumps(history).encode()) for history in histories)
    fields = [each["field"] for each in json.loads(bytes(whole))["items"]]
    assert {f: fields.count(f) for f in "abc"} == {f: max(p.count(f) for p in of_one) for f in "abc"}
    assert fields[: len(of_one[0])] == of_one[0]
