from collections import Counter

import pytest

from jira_assets.sandbox.simulator import Simulator
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import parse_time
from jira_assets_tests.sandbox.acting import NOW, act, body_of, last_items, quiet_site
from jira_assets_tests.sandbox.caller import issue


def test_the_same_seed_gives_the_same_events_and_the_samequiet_site() -> None:
    sites = quiet_site(), quiet_site()
    first, second = (Simulator(site, 7) for site in sites)
    assert [first.step() for _ in range(150)] == [second.step() for _ in range(150)]
    assert [each.json() for each in sites[0]] == [each.json() for each in sites[1]]


def test_another_seed_gives_other_events() -> None:
    assert Simulator(quiet_site(), 1).step() != Simulator(quiet_site(), 2).step()


def test_every_change_moves_updated_and_history_ids_grow() -> None:
    site = quiet_site()
    bodies = [body_of(event) for event in act(site, "edit", steps=60)]
    moments = [parse_time(body["issue"]["fields"]["updated"]) for body in bodies]
    assert moments == sorted(set(moments))
    assert moments[0] >= NOW
    ids = [int(body["changelog"]["id"]) for body in bodies]
    assert ids == sorted(set(ids))


def test_a_clock_that_goes_backwards_does_not_take_updated_with_it() -> None:
    site = quiet_site()
    site.clock = lambda: 0
    latest = max(each.updated for each in site)
    act(site, "edit")
    assert max(each.updated for each in site) == latest + 1


def test_resolving_sets_resolution_and_date_and_reopening_clears_both() -> None:
    site = Site([issue(1)])
    simulator = Simulator(site, only={"transition"})
    seen = set()
    for _ in range(20):
        simulator.step()
        fields = site.get("10001")["fields"]
        is_done = fields["status"]["statusCategory"]["key"] == "done"
        seen.add(is_done)
        assert (fields.get("resolution") is not None) == is_done
        assert (fields.get("resolutiondate") is not None) == is_done
    assert seen == {True, False}


def test_some_comments_of_a_service_desk_are_internal() -> None:
    written = [body_of(event)["comment"] for event in act(quiet_site(), "comment", 30, projects={"SUPPORT"})]
    assert Counter(each["jsdPublic"] for each in written).keys() == {True, False}


def test_deleting_a_comment_moves_updated_only_at_times() -> None:
    moved = set()
    for seed in range(12):
        site = Site([issue(1, comment={"comments": [{"id": "1", "body": "b"}]})])
        before = site.get("10001")["fields"]["updated"]
        Simulator(site, seed, only={"delete_comment"}).step()
        after = site.get("10001")["fields"]
        assert after["comment"]["comments"] == []
        moved.add(after["updated"] != before)
    assert moved == {True, False}


def test_a_link_shows_at_both_ends_and_moves_updated_at_the_source_only() -> None:
    site = Site([issue(1), issue(2)])
    event, _ = act(site, "link")
    link = body_of(event)["issueLink"]
    assert {type(link[name]) for name in ("id", "sourceIssueId", "destinationIssueId")} == {int}
    source, destination = (site.get(str(link[name])) for name in ("sourceIssueId", "destinationIssueId"))
    (outward,), (inward,) = source["fields"]["issuelinks"], destination["fields"]["issuelinks"]
    assert outward["id"] == inward["id"] == str(link["id"])
    assert outward["outwardIssue"]["key"] == destination["key"]
    assert inward["inwardIssue"]["key"] == source["key"]
    unmoved = issue(int(destination["id"]) - 10_000)["fields"]["updated"]
    assert source["fields"]["updated"] > unmoved == destination["fields"]["updated"]
    assert last_items(site, source["id"]).keys() == {"Link"}


def test_unlinking_is_seen_at_both_ends() -> None:
    site = Site([issue(1), issue(2)])
    created, _ = act(site, "link")
    deleted, _ = act(site, "unlink")
    assert body_of(deleted)["issueLink"] == body_of(created)["issueLink"]
    assert [each["fields"]["issuelinks"] for each in map(site.get, ("10001", "10002"))] == [[], []]


def test_a_moved_issue_has_a_new_key_and_answers_to_the_old_one() -> None:
    site = quiet_site()
    (event,) = act(site, "move")
    body = body_of(event)
    assert body["issue_event_type_name"] == "issue_moved"
    items = {item["field"]: item for item in body["changelog"]["items"]}
    assert {"project", "status", "Workflow", "Key"} <= items.keys()
    old, new = items["Key"]["fromString"], items["Key"]["toString"]
    assert (items["Key"]["from"], items["Key"]["to"]) == (None, None)
    assert site.get(old)["key"] == new == body["issue"]["key"]
    assert site.get(new)["fields"]["project"]["key"] == new.rpartition("-")[0]


def test_created_issues_belong_to_the_month_of_the_clock_and_some_are_subtasks_or_linked() -> None:
    site = quiet_site()
    latest = max(each.number for each in site)
    events = act(site, "create", steps=60)
    created = [body_of(event)["issue"] for event in events if event.name == "jira:issue_created"]
    assert [int(each["id"]) for each in created] == list(range(latest + 1, latest + 61))
    assert {each["fields"]["created"][:7] for each in created} == {"2026-11"}
    assert len({each["key"] for each in created}) == 60
    links = [body_of(event)["issueLink"] for event in events if event.name == "issuelink_created"]
    assert {link["systemLink"] for link in links} == {True, False}
    for link in links:
        source, destination = site.get(str(link["sourceIssueId"])), site.get(str(link["destinationIssueId"]))
        if link["systemLink"]:
            assert destination["fields"]["parent"]["id"] == source["id"]
            assert destination["id"] in [each["id"] for each in source["fields"]["subtasks"]]


def test_only_the_given_issues_and_projects_are_touched() -> None:
    site = quiet_site()
    assert {event.issue_id for event in act(site, "comment", 10, issues={"10005", "10006"})} == {
        *("10005", "10006")
    }
    touched = {body_of(event)["issue"]["key"][:4] for event in act(site, "edit", 20, projects={"DATA"})}
    assert touched == {"DATA"}


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(ValueError, match="no such actions: explode; there are edit, transition"):
        Simulator(quiet_site(), only={"explode"})


def test_where_nothing_can_be_done_nothing_is() -> None:
    assert act(Site([issue(1)]), "unlink") == []
    assert act(Site(), "edit") == []


def test_issues_show_their_neighbours_as_they_are_after_much_activity() -> None:
    site = quiet_site(120)
    simulator = Simulator(site, 11)
    for _ in range(400):
        simulator.step()
    shown = 0
    for stored in site:
        fields = site.get(stored.id)["fields"]
        links = [link.get("outwardIssue") or link["inwardIssue"] for link in fields["issuelinks"] or ()]
        for brief in [*links, *fields["subtasks"], *filter(None, [fields.get("parent")])]:
            other = site.get(brief["id"])
            assert brief["key"] == other["key"]
            assert brief["fields"] == {name: other["fields"][name] for name in brief["fields"]}
            shown += 1
    assert shown > 20
