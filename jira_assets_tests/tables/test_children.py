from datetime import UTC, datetime
from typing import Any

import pytest

from jira_assets.raw.record import Part
from jira_assets_tests.tables.building import (
    KEYS,
    build,
    build_issue,
    completeness,
    issue,
    numbered,
    row,
    rows,
)

_ANN = {"accountId": "5f:ann", "displayName": "Ann", "emailAddress": "ann@example.com"}
_AT = "2024-01-05T10:00:00.123+0100"
_INSTANT = datetime(2024, 1, 5, 9, 0, 0, 123_000, UTC)


def test_a_comment_has_its_text_author_and_readers() -> None:
    comment = {
        "id": "20",
        "author": _ANN,
        "updateAuthor": {"accountId": "5f:bob", "emailAddress": "bob@example.com"},
        "body": "Hello",
        "created": _AT,
        "updated": _AT,
        "jsdPublic": False,
        "visibility": {"type": "role", "value": "Administrators"},
    }
    assert row(build({Part.ISSUE: issue(), Part.COMMENTS: [comment]}), "comments") == KEYS | {
        "comment_id": "20",
        "author_email": "ann@example.com",
        "author_name": "Ann",
        "author_account_id": "5f:ann",
        "body": "Hello",
        "created_at": _INSTANT,
        "updated_at": _INSTANT,
        "update_author_email": "bob@example.com",
        "is_public": False,
        "visibility": "Administrators",
    }


def test_whether_a_comment_is_public_is_unknown_where_jira_does_not_say() -> None:
    assert row(build({Part.ISSUE: issue(), Part.COMMENTS: [{"id": "1"}]}), "comments")["is_public"] is None


def test_known_defect_6_every_comment_is_a_row() -> None:
    comments = [{"id": str(number), "body": f"No. {number}"} for number in range(250)]
    built = build({Part.ISSUE: issue(comment={"total": 250}), Part.COMMENTS: comments})
    assert [each["comment_id"] for each in rows(built, "comments")] == [str(number) for number in range(250)]


def test_an_attachment_has_its_metadata_and_says_that_nobody_asked_for_its_content() -> None:
    attachment = {
        "id": "30",
        "filename": "ü b.png",
        "author": _ANN,
        "created": _AT,
        "size": 12_345_678_901,
        "mimeType": "image/png",
        "content": "https://example.atlassian.net/rest/api/3/attachment/content/30",
        "thumbnail": "https://example.atlassian.net/rest/api/3/attachment/thumbnail/30",
    }
    found = {
        name: value
        for name, value in row(build_issue(attachment=[attachment]), "attachments").items()
        if value
    }
    assert found == KEYS | {
        "attachment_id": "30",
        "filename": "ü b.png",
        "size_bytes": 12_345_678_901,
        "mime_type": "image/png",
        "author_email": "ann@example.com",
        "author_account_id": "5f:ann",
        "created_at": _INSTANT,
        "content_url": attachment["content"],
        "thumbnail_url": attachment["thumbnail"],
        "download_state": "not_requested",
    }


def test_known_defect_31_a_change_keeps_ids_beside_texts_and_a_row_per_field() -> None:
    status = {
        "field": "status",
        "fieldId": "status",
        "fieldtype": "jira",
        "from": "1",
        "fromString": "Open",
        "to": "3",
        "toString": "Done",
    }
    history = {
        "id": "40",
        "author": _ANN,
        "created": _AT,
        "items": [status, {"field": "Rank", "toString": "higher"}],
    }
    first, second = rows(build({Part.ISSUE: issue(), Part.CHANGELOG: [history]}), "changelog")
    assert first == KEYS | {
        "change_id": "40",
        "item_index": 0,
        "author_email": "ann@example.com",
        "author_name": "Ann",
        "author_account_id": "5f:ann",
        "field_name": "status",
        "field_id": "status",
        "field_type": "jira",
        "from_value": "Open",
        "to_value": "Done",
        "from_id": "1",
        "to_id": "3",
        "changed_at": _INSTANT,
    }
    assert (second["item_index"], second["field_name"], second["from_value"], second["to_value"]) == (
        1,
        "Rank",
        None,
        "higher",
    )


@pytest.mark.parametrize(
    "created", ["2024-01-01T11:00:00.000+0000", 1_704_106_800, 1_704_106_800_000, "1704106800000"]
)
def test_a_change_from_a_bulk_read_has_its_time_as_a_number(created: object) -> None:
    history = {"id": 40, "created": created, "items": [{"field": "status"}]}
    found = row(build({Part.ISSUE: issue(), Part.CHANGELOG: [history]}), "changelog")
    assert (found["change_id"], found["changed_at"]) == ("40", datetime(2024, 1, 1, 11, tzinfo=UTC))


def test_known_defect_5_a_history_of_hundreds_of_changes_is_whole() -> None:
    histories = [{"id": str(number), "items": [{"field": "a"}, {"field": "b"}]} for number in range(300)]
    built = build({Part.ISSUE: issue() | {"changelog": {"total": 300}}, Part.CHANGELOG: histories})
    assert built.frames["changelog"].height == 600
    assert completeness(built, "changelog")["expected"] == completeness(built, "changelog")["stored"] == 300


def test_a_link_is_a_row_at_each_end() -> None:
    blocks = {"id": "50", "type": {"name": "Blocks"}}
    other: dict[str, Any] = {"fields": {"summary": "Other", "status": {"id": "1", "name": "Open"}}}
    other["fields"]["priority"] = {"id": 4, "name": "Low"}
    built = build(
        {
            Part.ISSUE: numbered(
                1, issuelinks=[blocks | {"outwardIssue": other | {"id": "10002", "key": "SUP-2"}}]
            )
        },
        {
            Part.ISSUE: numbered(
                2, issuelinks=[blocks | {"inwardIssue": other | {"id": "10001", "key": "SUP-1"}}]
            )
        },
    )
    outward, inward = rows(built, "issuelinks")
    assert outward == KEYS | {
        "link_id": "50",
        "link_type": "Blocks",
        "direction": "outward",
        "linked_issue_key": "SUP-2",
        "linked_issue_id": "10002",
        "linked_issue_summary": "Other",
        "linked_issue_status_id": "1",
        "linked_issue_status": "Open",
        "linked_issue_priority_id": "4",
        "linked_issue_priority": "Low",
    }
    assert (inward["issue_id"], inward["link_id"], inward["direction"], inward["linked_issue_key"]) == (
        "10002",
        "50",
        "inward",
        "SUP-1",
    )


@pytest.mark.parametrize(
    "other", [{"key": "SUP-2"}, {"key": "SUP-2", "fields": None}, {"key": "SUP-2", "fields": {}}]
)
def test_a_linked_issue_that_is_out_of_sight_is_linked_by_its_key(other: object) -> None:
    found = row(build_issue(issuelinks=[{"id": "1", "inwardIssue": other}]), "issuelinks")
    assert (found["direction"], found["linked_issue_key"], found["linked_issue_summary"]) == (
        "inward",
        "SUP-2",
        None,
    )


def test_a_remote_link_has_its_target_and_application() -> None:
    link = {
        "id": 60,
        "globalId": "system=https://example.com&id=1",
        "application": {"name": "My Tracker", "type": "com.example.tracker"},
        "relationship": "causes",
        "object": {"url": "https://example.com/1", "title": "No. 1", "status": {"resolved": True}},
    }
    assert row(build({Part.ISSUE: issue(), Part.REMOTE_LINKS: [link]}), "remote_links") == KEYS | {
        "remote_link_id": "60",
        "url": "https://example.com/1",
        "title": "No. 1",
        "application_name": "My Tracker",
        "application_type": "com.example.tracker",
        "relationship": "causes",
        "global_id": "system=https://example.com&id=1",
        "resolved": True,
    }


def test_a_worklog_has_who_worked_when_and_how_long() -> None:
    worklog = {
        "id": "70",
        "author": _ANN,
        "started": _AT,
        "created": _AT,
        "updated": _AT,
        "timeSpentSeconds": 5400,
        "comment": "Looked into it",
    }
    assert row(build({Part.ISSUE: issue(), Part.WORKLOGS: [worklog]}), "worklogs") == KEYS | {
        "worklog_id": "70",
        "author_account_id": "5f:ann",
        "author_name": "Ann",
        "started_at": _INSTANT,
        "created_at": _INSTANT,
        "updated_at": _INSTANT,
        "time_spent_s": 5400,
        "comment": "Looked into it",
    }


_CHILDREN = {
    Part.COMMENTS: "comments",
    Part.CHANGELOG: "changelog",
    Part.WORKLOGS: "worklogs",
    Part.REMOTE_LINKS: "remote_links",
}


@pytest.mark.parametrize(("part", "table"), _CHILDREN.items())
class TestEveryList:
    def test_an_empty_part_has_no_rows(self, part: Part, table: str) -> None:
        built = build({Part.ISSUE: issue(), part: []})
        assert rows(built, table) == []
        assert built.problems == []

    def test_known_defect_16_one_child_of_another_shape_costs_no_other(self, part: Part, table: str) -> None:
        child = {"items": [{"field": "status"}]}
        built = build({Part.ISSUE: issue(), part: [child | {"id": "1"}, "odd", None, 7, child | {"id": "2"}]})
        assert [_child_id(each, table) for each in rows(built, table)] == ["1", "2"]
        assert {problem.issue_key for problem in built.problems} == {"SUP-1"}
        assert len(built.problems) == 3

    def test_a_child_without_an_id_is_reported_and_missing_incompleteness(
        self, part: Part, table: str
    ) -> None:
        built = build({Part.ISSUE: issue(), part: [{"id": None, "items": [{}]}, {"id": "2", "items": [{}]}]})
        assert [_child_id(each, table) for each in rows(built, table)] == ["2"]
        assert [problem.issue_key for problem in built.problems] == ["SUP-1"]
        assert completeness(built, table)["stored"] == 1

    @pytest.mark.parametrize("odd", [b"null", b"{}", b'"text"', b"7", b"[", b"", b"\xff"])
    def test_a_part_that_is_no_list_leaves_the_issue_and_is_reported(
        self, part: Part, table: str, odd: bytes
    ) -> None:
        built = build({Part.ISSUE: issue(), part: odd})
        assert row(built)["summary"] == "It is slow"
        assert rows(built, table) == []
        assert built.problems or odd == b"null"

    def test_every_value_may_be_null(self, part: Part, table: str) -> None:
        nothing = dict.fromkeys(
            (
                "author",
                "updateAuthor",
                "body",
                "created",
                "updated",
                "started",
                "comment",
                "object",
                "application",
            ),
        )
        built = build({Part.ISSUE: issue(), part: [nothing | {"id": "1", "items": [{"field": None}]}]})
        assert _child_id(row(built, table), table) == "1"
        assert built.problems == []


def _child_id(found: dict[str, Any], table: str) -> object:
    name = {"comments": "comment_id", "changelog": "change_id", "worklogs": "worklog_id"}.get(
        table, "remote_link_id"
    )
    return found[name]
