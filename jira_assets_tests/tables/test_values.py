"""Values as Jira writes them, and as it does not."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from jira_assets.raw.errors import RawLogError
from jira_assets.raw.record import Part
from jira_assets_tests.tables.building import build, build_issue, issue, numbered, row, rows


def test_known_defect_20_milliseconds_are_kept() -> None:
    assert row(build_issue(created="2024-01-05T10:00:00.123+0000"))["created_at"] == datetime(
        2024, 1, 5, 10, 0, 0, 123_000, UTC
    )


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-01-31T23:30:00.500-0800", datetime(2024, 2, 1, 7, 30, 0, 500_000, UTC)),
        ("2024-01-05T10:00:00.000+08:00", datetime(2024, 1, 5, 2, tzinfo=UTC)),
        ("2024-01-05T10:00:00.007Z", datetime(2024, 1, 5, 10, 0, 0, 7_000, UTC)),
        ("2024-01-05T10:00:00+0530", datetime(2024, 1, 5, 4, 30, tzinfo=UTC)),
        ("1965-01-05T10:00:00.999+0000", datetime(1965, 1, 5, 10, 0, 0, 999_000, UTC)),
        (1_704_106_800_123, datetime(2024, 1, 1, 11, 0, 0, 123_000, UTC)),
        (1_492_070_429, datetime(2017, 4, 13, 8, 0, 29, tzinfo=UTC)),
        ("1704106800123", datetime(2024, 1, 1, 11, 0, 0, 123_000, UTC)),
        ("1492070429", datetime(2017, 4, 13, 8, 0, 29, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_whichever_way_jira_writes_it(written: object, instant: datetime) -> None:
    alone = build_issue(updated=written)
    assert row(alone)["updated_at"] == instant
    assert alone.problems == []
    among_others = build(
        {Part.ISSUE: numbered(1, updated="2024-01-01T00:00:00.000+0000")},
        {Part.ISSUE: numbered(2, updated=written)},
        {Part.ISSUE: numbered(3)},
    )
    assert [each["updated_at"] for each in rows(among_others, "issues")] == [
        datetime(2024, 1, 1, tzinfo=UTC),
        instant,
        None,
    ]
    assert among_others.problems == []


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-05",
        "2024-01-05T10:00:00.000",
        "2 days ago 10:05 AM",
        "",
        "2024-13-05T10:00:00.000+0000",
        True,
        {"iso8601": "2024-01-05T10:00:00+0000"},
        10**30,
        -(10**30),
        2**63,
        9_000_000_000_000_000_000,
        1e300,
    ],
)
def test_what_is_no_instant_is_null_and_reported(written: object) -> None:
    built = build(
        {Part.ISSUE: numbered(1, updated=written)}, {Part.ISSUE: numbered(2, updated=1_704_106_800_000)}
    )
    first, second = rows(built, "issues")
    assert (first["updated_at"], first["summary"]) == (None, "It is slow")
    assert second["updated_at"] == datetime(2024, 1, 1, 11, tzinfo=UTC)
    (problem,) = built.problems
    assert problem.issue_key == "SUP-1"
    assert "updated" in problem.field


def test_an_unreadable_time_of_a_child_names_its_issue() -> None:
    built = build(
        {Part.ISSUE: issue(), Part.COMMENTS: [{"id": "1", "created": "yesterday", "body": "Hello"}]}
    )
    assert (row(built, "comments")["created_at"], row(built, "comments")["body"]) == (None, "Hello")
    (problem,) = built.problems
    assert (problem.issue_key, problem.field) == ("SUP-1", "created_at")


@pytest.mark.parametrize(("written", "due"), [("2024-02-29", date(2024, 2, 29)), (None, None)])
def test_a_due_date_is_a_date(written: object, due: date | None) -> None:
    built = build_issue(duedate=written)
    assert row(built)["due_date"] == due
    assert built.problems == []


@pytest.mark.parametrize("written", ["2023-02-29", "soon", 7, {"date": "2024-02-29"}])
def test_what_is_no_date_is_null_and_reported(written: object) -> None:
    built = build_issue(duedate=written)
    assert row(built)["due_date"] is None
    assert [(problem.issue_key, "due" in problem.field) for problem in built.problems] == [("SUP-1", True)]


@pytest.mark.parametrize(
    ("field", "wrong", "column"),
    [
        ("summary", ["a", "b"], "summary"),
        ("summary", {"text": "a"}, "summary"),
        ("status", "Open", "status"),
        ("status", {"name": ["Open", "Done"]}, "status"),
        ("status", {"name": "Open", "statusCategory": "done"}, "status_category_key"),
        ("priority", [{"name": "High"}, {"name": "Low"}], "priority"),
        ("project", "SUP", "project_key"),
        ("assignee", "somebody", "assignee_name"),
        ("reporter", {"displayName": {"en": "Ann"}}, "reporter_name"),
        ("labels", [{"a": 1}], "labels"),
        ("components", {"a": "API"}, "components"),
        ("parent", "SUP-2", "parent_key"),
        ("votes", 3, "votes"),
        ("votes", {"votes": "many"}, "votes"),
        ("watches", {"watchCount": 10**30}, "watches"),
        ("timespent", "1h", "time_spent_s"),
        ("timespent", 3600.5, "time_spent_s"),
        ("timespent", True, "time_spent_s"),
        ("attachment", "a.png", "attachment_count"),
        ("issuelinks", 5, "issuelink_count"),
        ("comment", 5, "comment_count"),
        ("resolution", True, "resolution"),
        ("security", [], "security_level"),
    ],
)
def test_known_defect_16_a_value_of_another_shape_is_null_and_reported_and_costs_nothing_else(
    field: str, wrong: object, column: str
) -> None:
    good: dict[str, Any] = {"issuetype": {"name": "Bug"}, "duedate": "2024-02-01"}
    built = build({Part.ISSUE: issue(**good, **{field: wrong})}, {Part.ISSUE: numbered(2, **good)})
    first, second = rows(built, "issues")
    assert first[column] is None
    for intact in {"summary", "issue_type", "due_date", "created_at"} - {column}:
        assert first[intact] == second[intact]
    assert {problem.issue_key for problem in built.problems} == {"SUP-1"}
    assert all(field in problem.field for problem in built.problems)


def test_one_bad_element_costs_a_list_no_other() -> None:
    built = build_issue(labels=["one", {"a": 2}, "three"], components=[{"name": "API"}, "UI", {"name": None}])
    assert (row(built)["labels"], row(built)["components"]) == (["one", "three"], ["API"])
    assert len(built.problems) == 2


@pytest.mark.parametrize("value", [None, []])
def test_known_defect_18_lists_that_are_null_or_empty_leave_the_issue(value: object) -> None:
    built = build_issue(
        attachment=value, comment=None if value is None else {"total": 0}, issuelinks=value, worklog=None
    )
    assert row(built)["issue_key"] == "SUP-1"
    assert built.problems == []
    assert rows(built, "attachments") == rows(built, "issuelinks") == []


def test_known_defect_20_lists_that_are_null_are_null_and_empty_ones_are_empty() -> None:
    unknown, empty = build_issue(labels=None, components=None), build_issue(labels=[], components=[])
    assert (row(unknown)["labels"], row(unknown)["components"]) == (None, None)
    assert (row(empty)["labels"], row(empty)["components"]) == ([], [])


def test_fields_that_are_absent_are_null() -> None:
    built = build({Part.ISSUE: {"id": "10001", "key": "SUP-1", "fields": {}}})
    found = row(built)
    assert built.problems == []
    known = {"month", "issue_id", "issue_key", "_synced_at", "_source"}
    assert {name for name, value in found.items() if value is not None} == known


def test_fields_that_nobody_has_heard_of_are_passed_over() -> None:
    built = build_issue(novelty={"deep": [1]}, AnotherOne="x")
    assert row(built)["summary"] == "It is slow"
    assert built.problems == []


def test_a_field_first_met_in_a_later_issue_disturbs_no_earlier_one() -> None:
    built = build(
        {Part.ISSUE: numbered(1, customfield_1="a")},
        {Part.ISSUE: numbered(2, customfield_2="b")},
        {Part.ISSUE: numbered(3, customfield_3="c", customfield_1="d")},
    )
    assert [each["custom_fields"] for each in rows(built, "issues")] == [
        '{"customfield_1":"a"}',
        '{"customfield_2":"b"}',
        '{"customfield_1":"d","customfield_3":"c"}',
    ]


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        (rb'"half \ud83d of it"', "half \ufffd of it"),
        (rb'"\udc00"', "\ufffd"),
        (rb'"whole \ud83d\udc4d"', "whole 👍"),
        (rb'"escaped \\ud83d"', r"escaped \ud83d"),
        (rb'"NUL \u0000 stays"', "NUL \x00 stays"),
        (rb'"\u202eright to left"', "\u202eright to left"),
    ],
)
@pytest.mark.parametrize("field", ["summary", "description"])
def test_any_text_that_json_can_hold_is_stored(encoded: bytes, text: str, field: str) -> None:
    payload = b'{"id": "10001", "key": "SUP-1", "fields": {"%s": %s, "labels": [%s]}}' % (
        field.encode(),
        encoded,
        encoded,
    )
    found = row(build({Part.ISSUE: payload}))
    assert (found[field], found["labels"]) == (text, [text])


def test_half_a_character_in_a_custom_field_costs_nothing() -> None:
    payload = rb'{"id": "10001", "fields": {"summary": "kept", "customfield_1": {"a\ud83d": "\udc00"}}}'
    found = row(build({Part.ISSUE: payload}))
    assert (found["summary"], found["custom_fields"]) == ("kept", '{"customfield_1":{"a\ufffd":"\ufffd"}}')


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize("field", ["description", "customfield_1", "summary", "labels", "unknown"])
@pytest.mark.parametrize("depth", [500, 900, 950, 1000, 100_000])
def test_a_value_that_is_nested_without_end_costs_nothing_else(field: str, depth: int) -> None:
    payload = b'{"id": "10001", "key": "SUP-1", "fields": {"%s": %s, "duedate": "2024-02-01"}}'
    found = row(build({Part.ISSUE: payload % (field.encode(), _nested(depth))}))
    assert found["due_date"] == date(2024, 2, 1)


def test_a_document_nested_deeper_than_python_recurses_costs_nothing_else() -> None:
    deep = b'{"type":"doc","content":[' + b'{"type":"panel","content":[' * 2000 + b"]}" * 2000 + b"]}"
    built = build(
        {Part.ISSUE: issue(), Part.COMMENTS: b'[{"id": "1", "body": %s}, {"id": "2", "body": "Hi"}]' % deep}
    )
    assert [each["comment_id"] for each in rows(built, "comments")] == ["1", "2"]


def test_a_description_of_a_million_characters_is_stored_whole() -> None:
    text = "ü" * 1_000_000
    assert row(build_issue(description=text))["description"] == text


def test_an_id_is_text_whether_jira_writes_text_or_a_number() -> None:
    built = build(
        {
            Part.ISSUE: issue(attachment=[{"id": 5}, {"id": "6"}], parent={"id": 10009, "key": "SUP-9"}),
            Part.REMOTE_LINKS: [{"id": 10042}],
        }
    )
    assert [each["attachment_id"] for each in rows(built, "attachments")] == ["5", "6"]
    assert row(built)["parent_id"] == "10009"
    assert row(built, "remote_links")["remote_link_id"] == "10042"


@pytest.mark.parametrize("key", [None, {"a": 1}, ["SUP-1", "SUP-2"]])
def test_an_issue_without_a_readable_key_goes_by_its_id(key: object) -> None:
    assert row(build({Part.ISSUE: issue() | {"key": key}}))["issue_key"] == "10001"


@pytest.mark.parametrize("fields", [None, [], "text", 7])
def test_an_issue_without_readable_fields_is_a_row_of_nulls(fields: object) -> None:
    built = build({Part.ISSUE: issue() | {"fields": fields}}, {Part.ISSUE: numbered(2)})
    assert [each["summary"] for each in rows(built, "issues")] == [None, "It is slow"]
    assert {problem.issue_key for problem in built.problems} == {"SUP-1"}


@pytest.mark.parametrize("payload", [b"null", b"[]", b"7", b"", b"{", b"\xff"])
def test_what_is_no_issue_at_all_is_an_error_that_names_it(payload: bytes) -> None:
    with pytest.raises(RawLogError, match="issue 10001 of 2024-01"):
        build({Part.ISSUE: payload})
