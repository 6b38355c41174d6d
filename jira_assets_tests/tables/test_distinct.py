"""What Jira sends more than once is one row; what comes in pieces is put together."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.raw.record import Part
from jira_assets.tables.distinct import distinct_by_id, joined
from jira_assets.tables.shapes import ChangeItem, History
from jira_assets_tests.default_tables import BY_NAME
from jira_assets_tests.tables.building import build, completeness, issue, row, rows

_LINK = {"id": "77", "type": {"name": "Blocks"}, "outwardIssue": {"id": "10002", "key": "SUP-2"}}
_OWN = {"id": "78", "type": {"name": "Relates"}}
_CYCLE = {"startTime": {"epochMillis": 1}, "breached": False, "goalDuration": {"millis": 5}}


def _twice(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    return [*elements, *elements]


def test_everything_that_stands_twice_is_one_row_of_its_table() -> None:
    own = [_OWN | {end: {"id": "10001", "key": "SUP-1"}} for end in ("inwardIssue", "outwardIssue")]
    built = build(
        {
            Part.ISSUE: issue(attachment=_twice({"id": 5, "filename": "a"}), issuelinks=_twice(_LINK, *own)),
            Part.COMMENTS: _twice({"id": "1"}),
            Part.CHANGELOG: _twice({"id": "2", "items": [{"field": "a"}, {"field": "b"}]}),
            Part.WORKLOGS: _twice({"id": "3"}),
            Part.REMOTE_LINKS: _twice({"id": 4}),
            Part.SLA: {"customfield_1": {"completedCycles": _twice(_CYCLE)}},
        }
    )
    counts = {name: frame.height for name, frame in built.frames.items()}
    expected = {"comments": 1, "changelog": 2, "worklogs": 1, "remote_links": 1, "sla_cycles": 1}
    assert counts | expected | {"attachments": 1, "issuelinks": 3} == counts
    for name, frame in built.frames.items():
        assert not frame.select(BY_NAME[name].primary_key).is_duplicated().any()
    assert (row(built)["attachment_count"], row(built)["issuelink_count"]) == (1, 3)
    told = {each["part"]: each["repeated"] for each in rows(built, "completeness")}
    parts = dict.fromkeys(("comments", "changelog", "worklogs", "remote_links", "sla"), 1)
    assert told == {"issue": 4, **parts}


@pytest.mark.parametrize(
    ("total", "expected"), [(3, 2), (2, 2), (4, 3), (None, None)], ids=["sent", "distinct", "more", "unknown"]
)
def test_a_count_of_jiras_that_counts_what_it_repeats_is_met(total: int | None, expected: int | None) -> None:
    comments = [{"id": "1"}, {"id": 1}, {"id": "2"}]
    built = build({Part.ISSUE: issue(comment={"total": total}), Part.COMMENTS: comments})
    found = completeness(built, "comments")
    assert (found["expected"], found["stored"], found["repeated"]) == (expected, 2, 1)


def test_of_two_states_of_an_element_the_one_that_was_updated_last_is_kept() -> None:
    newer = {"id": "1", "body": "new", "updated": "2024-02-02T10:00:00.000+0000"}
    older = {"id": "1", "body": "old", "updated": "2024-02-01T10:00:00.000+0000"}
    for comments in ([newer, older], [older, newer]):
        built = build({Part.ISSUE: issue(), Part.COMMENTS: comments})
        assert row(built, "comments")["body"] == "new"


def test_elements_without_an_id_are_not_taken_for_one_another() -> None:
    built = build({Part.ISSUE: issue(), Part.COMMENTS: [{}, {}, {"id": "1"}]})
    assert completeness(built, "comments")["repeated"] == 0
    assert built.frames["unreadable_values"].height == 2


_items = st.lists(st.sampled_from("abcde").map(lambda field: ChangeItem(field=field)), max_size=4)


@given(st.lists(_items, min_size=1, max_size=4))
def test_a_change_in_pieces_has_the_items_of_all_pieces(pieces: list[list[ChangeItem]]) -> None:
    [change] = distinct_by_id([History(id="5", items=items) for items in pieces], joined)
    fields = [item.field for item in change.items or ()]
    assert fields[: len(pieces[0])] == [item.field for item in pieces[0]]
    assert set(fields) == {item.field for items in pieces for item in items}
