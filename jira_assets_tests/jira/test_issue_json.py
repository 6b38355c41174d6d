import json
from typing import Any

import pytest
from msgspec import Raw

from jira_assets.jira.issue_json import CutIssue, SkippedIssue, cut


def raw_issue(fields: dict[str, Any], **members: Any) -> Raw:
    fields = {"created": "2024-01-01T10:00:00.000+0000", "updated": "2024-02-01T10:00:00.000+0100", **fields}
    return Raw(json.dumps({"id": "10", "key": "A-1", "fields": fields, **members}).encode())


def cut_issue(fields: dict[str, Any], **members: Any) -> CutIssue:
    issue = cut(raw_issue(fields, **members))
    assert isinstance(issue, CutIssue)
    return issue


def test_lists_are_cut_out_and_their_totals_stay() -> None:
    comments = [{"id": str(n)} for n in range(3)]
    issue = cut_issue(
        {"comment": {"comments": comments, "total": 3}, "worklog": {"worklogs": [], "total": 25}},
        changelog={"histories": [{"id": "1"}], "total": 140},
    )
    payload = json.loads(issue.payload)
    assert payload["fields"]["comment"] == {"total": 3}
    assert payload["fields"]["worklog"] == {"total": 25}
    assert payload["changelog"] == {"total": 140}
    assert issue.comments.is_complete
    assert not issue.worklogs.is_complete


def test_everything_else_keeps_the_bytes_of_jira() -> None:
    text = (
        b'{"id":"1","key":"A-1","fields":{"created":"2024-01-01T10:00:00.000Z","n":1.50,'
        b'"s":"\\u00e9\\u0000 \\/","o":{"a" : [1 , 2]}}}'
    )
    issue = cut(Raw(text))
    assert isinstance(issue, CutIssue)
    assert issue.payload == text


def test_defect_18_a_list_that_is_null_is_empty() -> None:
    issue = cut_issue({"comment": None})
    assert issue.comments.elements == []
    assert issue.comments.is_complete
    assert json.loads(issue.payload)["fields"]["comment"] is None


@pytest.mark.parametrize(
    "comment", [{}, {"comments": []}, {"total": 0}, {"comments": "x", "total": 0}, "text", 7]
)
def test_a_list_without_its_total_proves_nothing(comment: object) -> None:
    assert not cut_issue({"comment": comment}).comments.is_complete


def test_an_absent_list_stays_absent() -> None:
    issue = cut_issue({})
    assert not issue.comments.is_complete
    assert "comment" not in json.loads(issue.payload)["fields"]


def test_repeated_elements_do_not_make_a_list_complete() -> None:
    issue = cut_issue({"comment": {"comments": [{"id": "1"}, {"id": "1"}], "total": 2}})
    assert not issue.comments.is_complete


def test_updated_falls_back_to_created() -> None:
    issue = cut_issue({"updated": "some day"})
    assert issue.updated == issue.created


@pytest.mark.parametrize("created", [None, "", "some day", [], {"a": 1}, "2024-01-01T10:00:00"])
def test_defect_14_an_issue_without_readable_created_is_skipped(created: object) -> None:
    issue = cut(raw_issue({"created": created}))
    assert isinstance(issue, SkippedIssue)
    assert issue.key == "A-1"
    assert "created" in issue.reason


@pytest.mark.parametrize(
    "text", [b"[]", b"7", b"{}", b'{"id":null,"fields":{}}', b'{"id":"1","fields":null}']
)
def test_what_is_no_issue_is_skipped(text: bytes) -> None:
    assert isinstance(cut(Raw(text)), SkippedIssue)
