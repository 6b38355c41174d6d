import contextlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jira_assets.inbox.event_names import CATALOGUE
from jira_assets.inbox.events import Child, Event, UnreadableEvent, parse
from jira_assets_tests.shared_data import shared

SITE = "https://example.atlassian.net"
AT = datetime(2026, 11, 20, 8, 30, 0, 125000, tzinfo=UTC)
UPDATED = datetime(2026, 11, 20, 8, 29, 59, 7000, tzinfo=UTC)
CREATED = datetime(2025, 12, 31, 23, 0, tzinfo=UTC)
COMMENT = {
    "self": f"{SITE}/rest/api/2/issue/20101/comment/30201",
    "id": "30201",
    "body": "Works for me",
    "created": "2026-11-20T09:00:00.000+0100",
    "updated": "2026-11-20T09:29:59.007+0100",
    "jsdPublic": False,
}
ISSUE = {
    "id": "20101",
    "self": f"{SITE}/rest/api/2/issue/20101",
    "key": "HELP-7",
    "fields": {
        "summary": "Printer on fire",
        "project": {"id": "10010", "key": "HELP"},
        "created": "2026-01-01T00:00:00.000+0100",
        "updated": "2026-11-20T09:29:59.007+0100",
    },
}
LINK = {
    "id": 40301,
    "sourceIssueId": 20101,
    "destinationIssueId": 20102,
    "issueLinkType": {"id": 10000, "name": "Relates", "isSystemLinkType": False},
    "systemLink": False,
}
ATTACHMENT = {"id": "50401", "self": f"{SITE}/rest/api/2/attachment/50401", "filename": "smoke.jpg"}
WORKLOG = {
    "self": f"{SITE}/rest/api/2/issue/20101/worklog/60501",
    "id": "60501",
    "issueId": "20101",
    "updated": "2026-11-20T09:29:59.007+0100",
}


def event(name: str, **members: Any) -> Event:
    return parse(json.dumps({"timestamp": 1795163400125, "webhookEvent": name, **members}).encode())


def changed(*fields: str) -> dict[str, Any]:
    return {"id": "9", "items": [{"field": field, "from": None, "to": None} for field in fields]}


def test_an_edited_issue() -> None:
    edited = event(
        "jira:issue_updated", issue_event_type_name="issue_updated", issue=ISSUE, changelog=changed("summary")
    )
    assert edited.at == AT
    assert edited.is_known
    assert edited.issue_ids == ("20101",)
    assert edited.issue_keys == ()
    assert edited.project_key == "HELP"
    assert edited.created_hint == CREATED
    assert (edited.expected.updated, edited.expected.child) == (UPDATED, None)
    assert not edited.is_move
    assert not edited.deletes_issue


@pytest.mark.parametrize("field", ["Key", "project"])
def test_a_moved_issue_is_in_the_project_that_it_moved_to(field: str) -> None:
    moved = event("jira:issue_updated", issue=ISSUE, changelog=changed("status", field))
    assert moved.is_move
    assert moved.project_key == "HELP"
    assert moved.has_left(["SUP"])  # nothing says that it has not


def test_a_move_tells_by_the_former_key_which_project_the_issue_has_left() -> None:
    item = {"field": "Key", "from": None, "fromString": "ENG-7", "to": None, "toString": "HELP-1"}
    moved = event("jira:issue_updated", issue=ISSUE, changelog={"id": "9", "items": [item]})
    assert moved.has_left(["SUP", "ENG"])
    assert not moved.has_left(["SUP"])


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("comment_deleted", {"comment": COMMENT, "issue": ISSUE}),
        ("attachment_deleted", {"attachment": ATTACHMENT, "issue": ISSUE}),
        ("worklog_deleted", {"worklog": WORKLOG}),
        ("issuelink_deleted", {"issueLink": LINK}),
        ("issue_property_deleted", {"issue": ISSUE}),
        ("jira:version_deleted", {"issue": ISSUE}),
    ],
)
def test_defect_1_what_is_deleted_from_an_issue_does_not_delete_the_issue(
    name: str, members: dict[str, Any]
) -> None:
    deleted = event(name, **members)
    assert not deleted.deletes_issue
    assert "20101" in deleted.issue_ids
    assert event("jira:issue_deleted", issue=ISSUE).deletes_issue


def test_defect_2_both_ends_of_a_link_are_named() -> None:
    created = event("issuelink_created", issueLink=LINK)
    assert created.issue_ids == ("20101", "20102")
    assert created.expected.child == Child("issuelinks", "40301", present=True, updated=None)


def test_links_of_sub_tasks_and_epics_are_expected_nowhere() -> None:
    created = event("issuelink_created", issueLink={**LINK, "systemLink": True})
    assert created.issue_ids == ("20101", "20102")
    assert created.expected.child is None


def test_defect_2_worklogs_name_their_issue_by_id() -> None:
    updated = event("worklog_updated", worklog=WORKLOG)
    assert updated.issue_ids == ("20101",)
    assert updated.project_key is None
    assert updated.expected.child == Child("worklogs", "60501", present=True, updated=UPDATED)


def test_defect_2_an_attachment_without_an_issue_is_known_by_its_own_id() -> None:
    deleted = event("attachment_deleted", attachment={**ATTACHMENT, "id": 50401})
    assert deleted.issue_ids == ()
    assert deleted.attachment_id == "50401"
    assert deleted.expected.child == Child("attachments", "50401", present=False, updated=None)


def test_an_attachment_with_an_issue_needs_no_looking_up() -> None:
    created = event("attachment_created", attachment=ATTACHMENT, issue=ISSUE)
    assert created.issue_ids == ("20101",)
    assert created.attachment_id is None


def test_comments_of_servers_name_their_issue_in_their_address() -> None:
    address = "http://jira.example.org:8080/jira/rest/api/2/issue/20101/comment/30201"
    updated = event("comment_updated", comment={**COMMENT, "self": address})
    assert updated.issue_ids == ("20101",)
    assert updated.project_key is None
    assert updated.expected.child == Child("comments", "30201", present=True, updated=UPDATED)


@pytest.mark.parametrize(
    ("event_type", "present"),
    [("issue_commented", True), ("issue_comment_edited", True), ("issue_comment_deleted", False)],
)
def test_servers_send_comments_with_the_issue(event_type: str, present: bool) -> None:
    commented = event("jira:issue_updated", issue_event_type_name=event_type, issue=ISSUE, comment=COMMENT)
    child = Child("comments", "30201", present, UPDATED if present else None)
    assert commented.expected.child == child
    assert commented.expected.updated == UPDATED


@pytest.mark.parametrize("name", ["comment_created", "jira:issue_deleted", "issue_property_set"])
def test_only_changes_of_the_issue_itself_say_when_it_was_updated(name: str) -> None:
    assert event(name, issue=ISSUE).expected.updated is None


def test_properties_name_their_issue_in_their_address() -> None:
    address = f"{SITE}/rest/api/2/issue/20101/properties/team"
    assert event("issue_property_set", property={"self": address, "key": "team"}).issue_ids == ("20101",)


def test_legacy_worklog_events_refetch_the_issue_and_expect_nothing() -> None:
    updated = event("jira:worklog_updated", issue=ISSUE, worklog=WORKLOG)
    assert updated.is_known
    assert updated.issue_ids == ("20101",)
    assert updated.expected.child is None


@pytest.mark.parametrize("name", ["sprint_started", "jira:version_released", "option_voting_changed"])
def test_known_events_that_concern_no_issue(name: str) -> None:
    known = event(name, sprint={"id": 1}, version={"id": 2, "self": f"{SITE}/rest/api/2/version/2"})
    assert known.is_known
    assert (known.issue_ids, known.issue_keys, known.attachment_id) == ((), (), None)


def test_an_unknown_event_that_carries_an_issue_names_it() -> None:
    unknown = event("issue_approved", issue=ISSUE, comment=COMMENT)
    assert not unknown.is_known
    assert unknown.issue_ids == ("20101",)
    assert unknown.expected.child is None


def test_a_key_alone_will_do() -> None:
    asked = event("jira_assets:test", issue={"key": "help_2-41"})
    assert asked.name == "jira_assets:test"
    assert asked.issue_keys == ("HELP_2-41",)
    assert asked.project_key == "HELP_2"


def test_the_address_of_an_issue_stands_in_for_its_id() -> None:
    assert event("jira:issue_updated", issue={"self": ISSUE["self"]}).issue_ids == ("20101",)


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -5, 10.0, "", "0", "007", "1" * 19, "١٢", "12\n", "1/../2", [], {"id": "1"}, "None"],
)
def test_defect_16_what_is_no_id_is_as_if_absent(value: object) -> None:
    link = {**LINK, "id": value, "sourceIssueId": value}
    created = event("issuelink_created", issueLink=link, issue={"id": value, "key": value, "fields": value})
    assert created.issue_ids == ("20102",)
    assert created.issue_keys == ()
    assert created.expected.child is None


@pytest.mark.parametrize("key", ["HELP", "HELP-", "-7", "HELP-7-8", "7-HELP", "HELP-0", "A-7\n", "\u0131T-1"])
def test_what_is_no_key_is_as_if_absent(key: str) -> None:
    updated = event("jira:issue_updated", issue={"key": key, "fields": {"project": {"key": "A/B"}}})
    assert updated.issue_keys == ()
    assert updated.project_key is None


@pytest.mark.parametrize("name", [None, True, 7, [], "", "a b", "../../etc", "x" * 101])
def test_what_is_no_name_is_empty(name: Any) -> None:
    nameless = event(name, issue=ISSUE)
    assert nameless.name == ""
    assert not nameless.is_known
    assert nameless.issue_ids == ("20101",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b'{"issue": {"id": "1"}',
        b'{"issue": {"id": "1"}} x',
        b'{"unread": [1, 2,]}',
        b'{"unread": [nul]}',
        b'{"unread": {"text": "\xff"}}',
        b'{"unread": "\xed\xa0\xbd"}',
        '{"issue": {"id": "1"}}'.encode("utf-16"),
    ],
)
def test_a_body_that_is_no_json_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        parse(body)


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "é\\ud83d\\ud83d"])
def test_a_text_that_was_cut_within_an_emoji_costs_an_event_nothing(half: str) -> None:
    issue = f'{{"id": "20101", "key": "HELP-7", "fields": {{"summary": "{half}"}}}}'
    body = f'{{"webhookEvent": "jira:issue_updated", "issue": {issue}, "comment": {{"body": "cut {half}"}}}}'
    cut = parse(body.encode())
    assert (cut.name, cut.issue_ids, cut.project_key) == ("jira:issue_updated", ("20101",), "HELP")


@pytest.mark.parametrize("opening", ["[", '{"issue":', '{"issue":{"fields":'])
def test_deep_nesting_is_unreadable(opening: str) -> None:
    with pytest.raises(UnreadableEvent):
        parse(('{"issue":' + opening * 100_000).encode())
    closed = '{"unread":' + "[" * 100_000 + "]" * 100_000 + "}"
    with pytest.raises(UnreadableEvent):
        parse(closed.encode())


def test_every_recorded_event_names_an_issue_or_an_attachment() -> None:
    for path in sorted(shared("webhooks").rglob("*.json")):
        recorded = parse(path.read_bytes())
        assert recorded.is_known, path
        assert recorded.issue_ids or recorded.attachment_id, path
        assert recorded.at is not None, path


@pytest.mark.parametrize(
    ("path", "issue_id", "child"),
    [
        ("mattermost/webhook-server-comment-created.json", "10013", "10082"),
        ("mattermost/webhook-server-comment-deleted.json", "10013", "10084"),
        ("mattermost/webhook-server-comment-updated.json", "10013", "10084"),
        ("mattermost/webhook-cloud-comment-deleted.json", "10357", "10757"),
        ("mattermost/webhook-issue-deleted.json", "10303", None),
        ("mattermost/webhook-server-old-issue-updated-no-event-type-assigned.json", "10040", None),
        ("mattermost/webhook-server-old-issue-updated-no-event-type-commented.json", "10013", "10082"),
        ("mattermost/webhook-server-old-issue-updated-no-event-type-comment-deleted.json", "10013", None),
        ("mattermost/webhook-server-old-issue-updated-no-event-type-comment-edited.json", "10013", "10084"),
        ("mattermost/webhook-server-old-issue-updated-no-event-type-edited.json", "10040", None),
        ("zulip/attachment_created.json", "10000", "10000"),
        ("zulip/worklog_created.json", "10014", "10066"),
    ],
)
def test_recorded_events_name_exactly(path: str, issue_id: str, child: str | None) -> None:
    recorded = parse(shared(f"webhooks/{path}").read_bytes())
    assert recorded.issue_ids == (issue_id,)
    assert (recorded.expected.child.id if recorded.expected.child else None) == child


def assert_safe(parsed: Event) -> None:
    child = parsed.expected.child
    ids = [*parsed.issue_ids, parsed.attachment_id, child.id if child else None]
    assert all(each is None or re.fullmatch(r"[1-9]\d{0,17}", each, re.ASCII) for each in ids)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*-[0-9]+", key) for key in parsed.issue_keys)
    assert parsed.project_key is None or re.fullmatch(r"[A-Z][A-Z0-9_]*", parsed.project_key)
    assert re.fullmatch(r"[A-Za-z0-9_:-]{0,100}", parsed.name)


WHOLE = {
    "timestamp": 1795163400125,
    "webhookEvent": "comment_updated",
    "issue_event_type_name": "issue_updated",
    "issue": ISSUE,
    "comment": COMMENT,
    "worklog": WORKLOG,
    "attachment": ATTACHMENT,
    "issueLink": LINK,
    "property": {"self": f"{SITE}/rest/api/2/issue/20101/properties/team"},
    "changelog": changed("summary"),
}


def replaced_one_by_one(value: Any, by: object) -> Iterator[Any]:
    """The JSON value again and again, with one of the values within it replaced each time."""
    yield by
    if isinstance(value, dict):
        for name, member in value.items():
            yield from ({**value, name: other} for other in replaced_one_by_one(member, by))
    if isinstance(value, list):
        for n, element in enumerate(value):
            yield from ([*value[:n], other, *value[n + 1 :]] for other in replaced_one_by_one(element, by))


def replaced_everywhere(value: Any, by: str) -> Any:
    if isinstance(value, dict):
        return {name: replaced_everywhere(member, by) for name, member in value.items()}
    if isinstance(value, list):
        return [replaced_everywhere(element, by) for element in value]
    return by


@pytest.mark.parametrize(
    "path", ["../../etc", f"{SITE}/rest/api/2/issue/../../etc/comment/1", "A-1/../../etc"]
)
def test_defect_4_a_path_in_any_place_comes_through_nowhere(path: str) -> None:
    bodies = [*replaced_one_by_one(WHOLE, path), replaced_everywhere(WHOLE, path)]
    for body in bodies[1:]:
        parsed = parse(json.dumps(body).encode())
        assert_safe(parsed)
        assert "etc" not in repr(parsed)


@pytest.mark.parametrize("value", [None, True, 7, 1e300, 10**30, "", "x", [], [[]], {}, {"id": []}])
def test_defect_16_no_value_in_any_place_is_an_error(value: object) -> None:
    for body in list(replaced_one_by_one(WHOLE, value))[1:]:
        assert_safe(parse(json.dumps(body).encode()))


_NAMES = st.sampled_from(
    sorted({"id", "self", "key", "fields", "items", "field", "project", "updated", "systemLink", *WHOLE})
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["20101", "HELP-7", *CATALOGUE])
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.text(), inner),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None)
@given(_JSON)
def test_any_json_is_an_event_or_unreadable(value: object) -> None:
    body = json.dumps(value).encode()
    if isinstance(value, dict):
        assert_safe(parse(body))
    else:
        with pytest.raises(UnreadableEvent):
            parse(body)


@settings(max_examples=200, deadline=None)
@given(st.binary() | st.tuples(st.binary(max_size=8), st.integers(0, 2**16)))
def test_any_bytes_are_an_event_or_unreadable(garbled: bytes | tuple[bytes, int]) -> None:
    if isinstance(garbled, tuple):  # a good body, spoilt in one place
        rubbish, place = garbled
        good = json.dumps(WHOLE).encode()
        at = place % len(good)
        garbled = good[:at] + rubbish + good[at + 1 :]
    with contextlib.suppress(UnreadableEvent):
        assert_safe(parse(garbled))
