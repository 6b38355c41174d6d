"""Which events an action has, and what is in them."""

import pytest

from jira_assets.sandbox.simulator import ACTIONS, Simulator
from jira_assets_tests.sandbox.acting import act, body_of, last_items, quiet_site

SIX_FIELDS = {"summary", "issuetype", "project", "assignee", "priority", "status"}


@pytest.mark.parametrize(
    ("action", "names"),
    [
        ("edit", ["jira:issue_updated"]),
        ("transition", ["jira:issue_updated"]),
        ("move", ["jira:issue_updated"]),
        ("add_remote_link", ["jira:issue_updated"]),
        ("comment", ["comment_created"]),
        ("edit_comment", ["comment_updated"]),
        ("delete_comment", ["comment_deleted"]),
        ("log_work", ["worklog_created", "jira:issue_updated"]),
        ("edit_work", ["worklog_updated", "jira:issue_updated"]),
        ("delete_work", ["worklog_deleted", "jira:issue_updated"]),
        ("attach", ["attachment_created", "jira:issue_updated"]),
        ("remove_attachment", ["attachment_deleted", "jira:issue_updated"]),
        ("link", ["issuelink_created", "jira:issue_updated"]),
        ("unlink", ["issuelink_deleted", "jira:issue_updated"]),
    ],
)
def test_every_action_has_the_events_that_jira_sends_for_it(action: str, names: list[str]) -> None:
    assert [event.name for event in act(quiet_site(), action)] == names


def test_all_actions_happen_and_all_events_are_well_formed() -> None:
    simulator = Simulator(quiet_site(120), 3)
    events = [event for _ in range(600) for event in simulator.step()]
    assert set(simulator.done) == set(ACTIONS)
    assert len({event.identifier for event in events}) == len(events)
    for event in events:
        body = body_of(event)
        assert body["webhookEvent"] == event.name
        assert isinstance(body["timestamp"], int)
        assert b"/rest/api/3/" not in event.body
        assert b'"type":"doc"' not in event.body


def test_an_updated_issue_comes_with_plain_text_and_without_comments() -> None:
    site = quiet_site()
    (event,) = act(site, "edit")
    body = body_of(event)
    assert body.keys() == {
        *("timestamp", "webhookEvent", "issue_event_type_name", "user", "issue", "changelog")
    }
    shown, stored = body["issue"], site.get(body["issue"]["id"])
    assert shown.keys() == {"id", "self", "key", "fields"}
    assert "comment" not in shown["fields"]
    assert len(shown["fields"]["worklog"]["worklogs"]) <= 20
    assert isinstance(shown["fields"]["description"], str | None)
    assert shown["fields"]["updated"] == stored["fields"]["updated"]
    history = stored["changelog"]["histories"][-1]
    assert body["changelog"] == {"id": history["id"], "items": history["items"]}


def test_a_description_is_a_document_in_the_store_and_wiki_text_in_the_history() -> None:
    site = quiet_site()
    for event in act(site, "edit", steps=40):
        items = {item["field"]: item for item in body_of(event)["changelog"]["items"]}
        if "description" in items and items["description"]["toString"]:
            stored = site.get(body_of(event)["issue"]["id"])["fields"]["description"]
            assert stored["type"] == "doc"
            return
    pytest.fail("no description was edited")


def test_a_comment_comes_with_six_fields_of_its_issue_and_nobody_who_wrote_it() -> None:
    site = quiet_site()
    (event,) = act(site, "comment")
    body = body_of(event)
    assert body.keys() == {"timestamp", "webhookEvent", "comment", "issue"}
    assert body["issue"]["fields"].keys() == SIX_FIELDS
    assert isinstance(body["comment"]["body"], str)
    assert isinstance(body["comment"]["jsdPublic"], bool)
    stored = site.get(body["issue"]["id"])["fields"]["comment"]["comments"][-1]
    assert (stored["id"], stored["body"]["type"]) == (body["comment"]["id"], "doc")


def test_a_worklog_names_its_issue_by_id_alone() -> None:
    site = quiet_site()
    event, _ = act(site, "log_work")
    body = body_of(event)
    assert body.keys() == {"timestamp", "webhookEvent", "worklog", "isFromIssueLimitTransformation"}
    issue_id = body["worklog"]["issueId"]
    assert last_items(site, issue_id).keys() == {"timespent"}
    assert site.get(issue_id)["fields"]["worklog"]["worklogs"][-1]["id"] == body["worklog"]["id"]


def test_an_attachment_does_not_name_its_issue() -> None:
    site = quiet_site()
    event, updated = act(site, "attach")
    assert body_of(event).keys() == {"timestamp", "webhookEvent", "attachment"}
    attached = body_of(event)["attachment"]
    (item,) = body_of(updated)["changelog"]["items"]
    assert (item["field"], item["to"], item["toString"]) == (
        "Attachment",
        attached["id"],
        attached["filename"],
    )
    act(site, "remove_attachment", issues={event.issue_id})
    assert last_items(site, event.issue_id).keys() == {"Attachment"}


def test_what_was_in_a_deleted_issue_is_told_in_the_secondary_flow_before_or_after_it() -> None:
    site = quiet_site()
    comments = {each.id: site.get(each.id)["fields"]["comment"] for each in site}
    simulator = Simulator(site, only={"delete"})
    places = set()
    for _ in range(30):
        events = simulator.step()
        assert all((each.name == "jira:issue_deleted") == (each.flow == "Primary") for each in events)
        deleted = [each.issue_id for each in events if each.flow == "Primary"]
        told = [each.name for each in events].count("comment_deleted")
        assert told == sum(len((comments[each] or {}).get("comments", [])) for each in deleted)
        if len(deleted) == 1 and len(events) > 1:
            places.add(events[0].flow)
    assert places == {"Primary", "Secondary"}


def test_a_deleted_issue_is_told_of_without_an_event_type_and_with_empty_lists() -> None:
    site = quiet_site()
    event = next(each for each in act(site, "delete") if each.flow == "Primary")
    body = body_of(event)
    assert body.keys() == {"timestamp", "webhookEvent", "user", "issue"}
    assert body["issue"]["fields"]["comment"]["comments"] == []
    assert site.find(event.issue_id) is None


def test_a_remote_link_comes_with_an_edit_and_no_event_tells_of_it() -> None:
    site = quiet_site()
    (event,) = act(site, "add_remote_link")
    link = site.get(event.issue_id)["remotelinks"][-1]
    assert link["object"]["url"].encode() not in event.body
    assert body_of(event)["changelog"]["items"]
