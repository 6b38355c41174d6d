from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from jira_assets.raw.record import Part, Record, Source
from jira_assets.tables.issue import Site
from jira_assets.text.rendering import Rendering
from jira_assets_tests.tables.building import (
    FETCHED,
    MONTH,
    build,
    build_issue,
    build_records,
    issue,
    row,
    rows,
)

_ANN = {"accountId": "5f:ann", "displayName": "Ann", "emailAddress": "ann@example.com"}


def test_every_column_of_an_issue_is_told_from_its_fields() -> None:
    built = build_issue(
        description="Long story",
        issuetype={"id": "1", "name": "Bug"},
        status={"id": 3, "name": "Fertig", "statusCategory": {"key": "done", "name": "Erledigt"}},
        priority={"id": "2", "name": "High"},
        resolution={"id": "10000", "name": "Fixed"},
        project={"id": "10001", "key": "SUP", "name": "Support"},
        creator=_ANN,
        reporter={"accountId": "5f:bob", "displayName": "Bob"},
        assignee=None,
        updated="2024-01-06T10:00:00.456+0100",
        resolutiondate="2024-01-07T10:00:00.789+0000",
        duedate="2024-02-01",
        labels=["a", "b c"],
        components=[{"id": "7", "name": "API"}],
        fixVersions=[{"id": "8", "name": "1.0"}, {"name": "1.1"}, {"id": "9"}],
        versions=[],
        parent={"id": "10000", "key": "SUP-0"},
        environment="Linux",
        security={"name": "Staff"},
        votes={"votes": 2},
        watches={"watchCount": 3},
        timeoriginalestimate=3600,
        timeestimate=1800,
        timespent=900,
        attachment=[{"id": "1"}],
        comment={"total": 250},
        issuelinks=[{"id": "1"}, {"id": "2"}],
    )
    found = {name: value for name, value in row(built).items() if value is not None}
    assert found == {
        "month": MONTH,
        "issue_id": "10001",
        "issue_key": "SUP-1",
        "issue_url": "https://example.atlassian.net/browse/SUP-1",
        "summary": "It is slow",
        "description": "Long story",
        "issue_type_id": "1",
        "issue_type": "Bug",
        "status_id": "3",
        "status": "Fertig",
        "status_category": "Erledigt",
        "status_category_key": "done",
        "priority_id": "2",
        "priority": "High",
        "resolution_id": "10000",
        "resolution": "Fixed",
        "project_id": "10001",
        "project_key": "SUP",
        "project_name": "Support",
        "creator_email": "ann@example.com",
        "creator_name": "Ann",
        "creator_account_id": "5f:ann",
        "reporter_name": "Bob",
        "reporter_account_id": "5f:bob",
        "created_at": datetime(2024, 1, 5, 10, 0, 0, 123_000, UTC),
        "updated_at": datetime(2024, 1, 6, 9, 0, 0, 456_000, UTC),
        "resolved_at": datetime(2024, 1, 7, 10, 0, 0, 789_000, UTC),
        "due_date": date(2024, 2, 1),
        "labels": ["a", "b c"],
        "components": ["API"],
        "component_ids": ["7"],
        "fix_versions": ["1.0", "1.1"],
        "fix_version_ids": ["8", None],
        "affects_versions": [],
        "affects_version_ids": [],
        "parent_id": "10000",
        "parent_key": "SUP-0",
        "environment": "Linux",
        "security_level": "Staff",
        "votes": 2,
        "watches": 3,
        "time_original_estimate_s": 3600,
        "time_estimate_s": 1800,
        "time_spent_s": 900,
        "attachment_count": 1,
        "comment_count": 250,
        "issuelink_count": 2,
        "_synced_at": FETCHED,
        "_source": "backfill",
    }
    assert built.problems == []


def test_known_defect_15_rich_text_becomes_readable_text() -> None:
    text = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo", "marks": [{"type": "strong"}]}]
    document = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": text}]}
    for rendering, readable in ((Rendering.MARKDOWN, "Hel**lo**"), (Rendering.PLAIN, "Hello")):
        found = row(build_issue(Site(rendering=rendering), description=document, environment=document))
        assert (found["description"], found["environment"]) == (readable, readable)


def test_a_user_of_jira_server_goes_by_key_or_name() -> None:
    found = row(build_issue(creator={"key": "ann1", "name": "ann"}, reporter={"name": "bob"}))
    assert (found["creator_account_id"], found["reporter_account_id"]) == ("ann1", "bob")


def test_the_address_of_an_issue_read_through_the_gateway_is_on_the_site_itself() -> None:
    through_gateway = issue() | {"self": "https://api.atlassian.com/ex/jira/0-1-2/rest/api/3/issue/10001"}
    assert row(build({Part.ISSUE: through_gateway}, site=Site("https://example.atlassian.net")))[
        "issue_url"
    ] == ("https://example.atlassian.net/browse/SUP-1")
    assert row(build({Part.ISSUE: through_gateway}))["issue_url"] is None


def test_known_defect_14_the_month_is_that_of_the_log_whatever_the_offset_of_created_says() -> None:
    built = build_issue(created="2024-02-01T07:30:00.000+0800")
    assert row(built)["month"] == "2024-01"
    assert row(built)["created_at"] == datetime(2024, 1, 31, 23, 30, tzinfo=UTC)


def _moved(*keys: tuple[str | None, str | None]) -> list[dict[str, Any]]:
    return [
        {"id": str(n), "items": [{"field": "Key", "fromString": old, "toString": new}]}
        for n, (old, new) in enumerate(keys)
    ]


def test_known_defect_13_a_moved_issue_is_one_row_that_knows_its_former_keys() -> None:
    history = _moved(("OLD-7", "MID-3"), ("MID-3", "SUP-1"))
    built = build({Part.ISSUE: issue(), Part.CHANGELOG: history})
    assert [(each["issue_key"], each["previous_keys"]) for each in rows(built, "issues")] == [
        ("SUP-1", ["OLD-7", "MID-3"])
    ]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], []),
        (_moved(("SUP-1", "OLD-7"), ("OLD-7", "SUP-1")), ["OLD-7"]),
        (_moved(("OLD-7", "A-1"), ("A-1", "OLD-7"), ("OLD-7", "SUP-1")), ["OLD-7", "A-1"]),
        (_moved((None, "SUP-1")), []),
    ],
)
def test_a_former_key_is_named_once_and_is_not_the_present_one(history: object, expected: list[str]) -> None:
    assert row(build({Part.ISSUE: issue(), Part.CHANGELOG: history}))["previous_keys"] == expected


def test_without_its_history_the_former_keys_of_an_issue_are_unknown() -> None:
    assert row(build_issue())["previous_keys"] is None


def test_a_deleted_issue_has_no_row_in_any_table_but_that_of_deleted_issues() -> None:
    records = [
        Record("10001", part, FETCHED, FETCHED, Source.BACKFILL, msgspec.json.encode(value))
        for part, value in ((Part.ISSUE, issue()), (Part.COMMENTS, [{"id": "1"}]))
    ]
    gone = Record("10001", Part.DELETED, FETCHED, FETCHED.replace(second=9), Source.RECONCILE, b"{}")
    built = build_records([*records, gone], Site())
    assert built.issues == 1
    assert [name for name, frame in built.frames.items() if not frame.is_empty()] == ["deleted_issues"]


def test_children_of_which_the_issue_itself_was_never_fetched_wait_for_it() -> None:
    built = build({Part.COMMENTS: [{"id": "1"}]})
    assert all(frame.is_empty() for frame in built.frames.values())


def test_known_defect_19_no_issues_make_empty_frames_with_all_columns() -> None:
    built = build()
    assert built.issues == 0
    assert all(frame.is_empty() and frame.width > 3 for frame in built.frames.values())


def test_a_mention_without_a_name_shows_the_name_that_the_issue_shows_of_its_user() -> None:
    mentions = [
        {"type": "mention", "attrs": {"id": each}} for each in ("5f:ann", "5f:bob", "5f:cid", "5f:dan")
    ]
    document = {"type": "doc", "content": [{"type": "paragraph", "content": mentions}]}
    parts: dict[Part, Any] = {
        Part.ISSUE: issue(reporter=_ANN, description=document, customfield_1=document),
        Part.COMMENTS: [
            {"id": "1", "author": {"accountId": "5f:bob", "displayName": "Bob"}, "body": document}
        ],
        Part.CHANGELOG: [{"id": "2", "author": {"accountId": "5f:cid", "displayName": "Cid"}}],
    }
    built = build(parts)
    assert row(built)["description"] == "@Ann @Bob @Cid @5f:dan"
    assert row(built, "comments")["body"] == "@Ann @Bob @Cid @5f:dan"
    assert row(built)["custom_fields"] == '{"customfield_1":"@Ann @Bob @Cid @5f:dan"}'
