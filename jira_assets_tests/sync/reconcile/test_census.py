from contextlib import suppress
from pathlib import Path

import pytest

from jira_assets.jira.errors import JiraError, ProjectsNotVisible
from jira_assets.raw.record import Source
from jira_assets.sandbox import faults
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets.sync.reconcile.census import Census
from jira_assets_tests.events.bodies import change
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.jira.issues import MONTH, elements, full_issue
from jira_assets_tests.openapi import assert_valid_request

FIRST, FIFTH = "10001", "10005"
ALL = [f"1000{number}" for number in range(1, 9)]


def stored(copied: Copy) -> list[str]:
    """The issues in the tables after the runs that the queue asks for."""
    copied.catch_up()
    return [row[1] for row in copied.tables()["issues"]]


def differences(census: Census) -> tuple[list[str], list[str], list[str]]:
    return census.unknown, census.outdated, census.gone


def test_where_nothing_is_stored_nothing_is_asked(tmp_path: Path) -> None:
    with serve(Site([full_issue(1)])) as sandbox:
        assert Copy(sandbox, tmp_path).take_census() == Census()
        assert sandbox.requests == []


def test_where_nothing_differs_nothing_is_queued(copied: Copy) -> None:
    census = copied.take_census()
    assert (census.listed, census.stored, census.queued) == (8, 8, 0)
    assert differences(census) == ([], [], [])
    assert copied.queued() == []


def test_defect_22_what_was_deleted_without_a_word_is_buried(copied: Copy) -> None:
    copied.sandbox.site.delete(FIRST)
    census = copied.take_census(max_deleted_percent=20)
    assert differences(census) == ([], [], ["SUP-1"])
    (item,) = copied.queue.items(MONTH)
    assert (item.source, item.is_deletion, item.project) == (Source.RECONCILE, False, "SUP")
    assert stored(copied) == ALL[1:]
    assert copied.queued() == []
    assert copied.take_census().stored == 7


def test_it_is_told_with_its_last_key_and_how_that_was_confirmed(copied: Copy) -> None:
    copied.sandbox.site.delete(FIRST)
    copied.take_census(max_deleted_percent=20)
    copied.catch_up()
    ((month, issue_id, key, _, confirmed),) = copied.rows_of("deleted_issues")
    assert (month, issue_id, key) == (MONTH, FIRST, "SUP-1")
    assert confirmed == "reconcile, then 404 while its project could be seen"


def test_found_twice_it_is_queued_once(copied: Copy) -> None:
    copied.sandbox.site.delete(FIRST)
    assert [copied.take_census(max_deleted_percent=20).queued for _ in range(2)] == [1, 0]


def test_what_was_created_without_a_word_is_fetched(copied: Copy) -> None:
    copied.sandbox.site.put(full_issue(9))
    assert differences(copied.take_census()) == (["SUP-9"], [], [])
    assert stored(copied) == [*ALL, "10009"]


def test_an_issue_that_is_gone_and_there_again_is_fetched(copied: Copy) -> None:
    site = copied.sandbox.site
    issue = site.get(FIRST)
    site.delete(FIRST)
    copied.take_census(max_deleted_percent=20)
    site.put(issue)
    assert stored(copied) == ALL
    site.delete(FIRST)
    copied.take_census(max_deleted_percent=20)
    assert stored(copied) == ALL[1:]
    site.put(issue)
    assert copied.take_census().unknown == ["SUP-1"]
    assert stored(copied) == ALL
    assert copied.rows_of("deleted_issues") == []


def test_what_search_does_not_show_yet_is_not_gone(copied: Copy) -> None:
    site = copied.sandbox.site
    site.hold_search()
    site.put(full_issue(9))
    copied.backfill([MONTH])
    copied.deliver(change(site, "10009"))
    copied.catch_up()
    census = copied.take_census()
    assert (census.listed, census.stored) == (8, 9)
    assert differences(census) == ([], [], [])


def test_what_search_still_shows_is_not_there(copied: Copy) -> None:
    site = copied.sandbox.site
    site.hold_search()
    site.put(full_issue(9))
    site.release_search()
    site.hold_search()
    site.delete("10009")
    assert differences(copied.take_census()) == ([], [], [])


def test_an_issue_that_was_moved_out_of_our_projects_shows_where_it_is(copied: Copy, tmp_path: Path) -> None:
    ours = Copy(copied.sandbox, tmp_path / "ours", ["SUP"])
    ours.backfill([MONTH])
    ours.build()
    copied.sandbox.site.move("SUP-1", "ENG-9")
    assert differences(ours.take_census()) == ([], ["ENG-9"], [])
    ours.catch_up()
    assert [row[2] for row in ours.tables()["issues"]] == ["ENG-9", "SUP-2", "SUP-3", "SUP-4"]
    assert differences(ours.take_census()) == ([], [], [])


def test_defect_36_a_project_out_of_sight_is_no_deletion(copied: Copy) -> None:
    copied.sandbox.account.lose_rights(frozenset({"SUP"}))
    census = copied.take_census(max_deleted_percent=100)
    assert differences(census) == ([], [], [])
    assert census.access_lost == {"ENG": 4}
    assert census.is_believed
    assert stored(copied) == ALL


def test_with_deletions_in_other_projects_these_are_told_apart(copied: Copy) -> None:
    copied.sandbox.site.delete(FIRST)
    copied.sandbox.account.lose_rights(frozenset({"SUP"}))
    census = copied.take_census(max_deleted_percent=20)
    assert (census.gone, census.access_lost) == (["SUP-1"], {"ENG": 4})
    assert stored(copied) == ALL[1:]


def test_a_security_level_out_of_sight_is_no_deletion(copied: Copy) -> None:
    site = copied.sandbox.site
    for issue_id in (FIRST, FIFTH):
        change(site, issue_id, security={"id": "1", "name": "Staff"})
    copied.sweep()
    copied.catch_up()
    copied.sandbox.account.sees_secured = False
    census = copied.take_census(max_deleted_percent=100)
    assert census.gone == []
    assert census.access_lost == {"ENG (security level Staff)": 1, "SUP (security level Staff)": 1}
    assert stored(copied) == ALL


def test_a_secured_issue_is_hidden_though_others_of_its_level_are_seen(copied: Copy) -> None:
    site = copied.sandbox.site
    for issue_id in (FIRST, "10002"):
        change(site, issue_id, security={"id": "1", "name": "Staff"})
    copied.sweep()
    copied.catch_up()
    site.delete(FIRST)
    census = copied.take_census(max_deleted_percent=20)
    assert (census.gone, census.hidden, census.access_lost) == ([], ["SUP-1"], {})
    assert stored(copied) == ALL
    assert copied.take_census().queued == 0


@pytest.mark.parametrize("after", range(12))
def test_rights_that_are_lost_meanwhile_delete_nothing(copied: Copy, after: int) -> None:
    """Whichever of its requests is the last that is answered in full."""
    copied.sandbox.account.lose_rights(frozenset({"SUP"}), after=after)
    with suppress(ProjectsNotVisible):
        assert copied.take_census(max_deleted_percent=100).gone == []
    assert stored(copied) == ALL


@pytest.mark.parametrize("after", range(5))
def test_all_rights_lost_meanwhile_delete_nothing(copied: Copy, after: int) -> None:
    copied.sandbox.account.lose_rights(after=after)
    with pytest.raises(ProjectsNotVisible):
        copied.take_census(max_deleted_percent=100)
    assert copied.queued() == []


def test_a_configured_project_out_of_sight_stops_no_other(copied: Copy, tmp_path: Path) -> None:
    ours = Copy(copied.sandbox, tmp_path / "copy", ["SUP", "ENG", "NOPE"])
    copied.sandbox.site.delete(FIRST)
    copied.sandbox.account.lose_rights(frozenset({"SUP"}))
    census = ours.take_census()
    assert (census.gone, census.lost, census.access_lost) == (["SUP-1"], ["ENG", "NOPE"], {"ENG": 4})
    assert stored(ours) == ALL[1:]


def test_so_many_deletions_at_once_are_not_believed(copied: Copy) -> None:
    site = copied.sandbox.site
    for issue_id in (FIRST, "10002"):
        site.delete(issue_id)
    site.put(full_issue(9))
    census = copied.take_census(max_deleted_percent=24, max_deleted_issues=1)
    assert (census.gone, census.is_believed, census.queued) == (["SUP-1", "SUP-2"], False, 1)
    assert stored(copied) == [*ALL, "10009"]


def test_as_many_as_the_setting_says_are(copied: Copy) -> None:
    for issue_id in (FIRST, "10002"):
        copied.sandbox.site.delete(issue_id)
    census = copied.take_census(max_deleted_percent=25, max_deleted_issues=0)
    assert (census.is_believed, census.queued) == (True, 2)
    assert stored(copied) == ALL[2:]


def test_an_index_that_has_lost_everything_is_no_deletion(copied: Copy) -> None:
    index = copied.sandbox.site.searchable()
    for issue_id in ALL:
        index.set(issue_id, None)
    census = copied.take_census(max_deleted_percent=100)
    assert (census.listed, census.gone, census.access_lost) == (0, [], {})


@pytest.mark.parametrize("after", range(5))
def test_a_census_that_fails_queues_nothing(copied: Copy, after: int) -> None:
    copied.sandbox.site.delete(FIRST)
    copied.sandbox.faults.add(faults.failing(403), after=after)
    with pytest.raises(JiraError):
        copied.take_census(max_deleted_percent=20)
    assert copied.queued() == []


def test_months_that_nobody_has_copied_are_not_searched(copied: Copy) -> None:
    copied.sandbox.site.put(full_issue(9, created="2023-05-05T10:00:00.000+0000"))
    copied.sandbox.site.put(full_issue(10, created="2024-02-01T00:00:00.000+0000"))
    census = copied.take_census()
    assert (census.listed, census.unknown) == (8, [])


def test_what_a_run_has_fetched_and_not_built_yet_is_not_unknown(copied: Copy) -> None:
    copied.sandbox.site.put(full_issue(9))
    copied.backfill([MONTH])
    assert copied.take_census().unknown == []


def test_a_comment_that_was_deleted_without_a_trace_is_found(copied: Copy) -> None:
    site = copied.sandbox.site
    site.put(full_issue(2, comments=0))
    issue = site.get(FIRST)
    issue["fields"]["comment"] = {"comments": []}
    site.put(issue)  # its `updated` stays
    copied.take_census(max_deleted_percent=100)
    copied.catch_up()
    assert copied.tables()["comments"] == []


def test_so_many_comments_gone_at_once_are_not_believed(copied: Copy) -> None:
    site = copied.sandbox.site
    change(site, "10002", comment={"comments": elements(3, first_id=2000)})
    copied.sweep()
    copied.catch_up()
    issue = site.get(FIRST)
    issue["fields"]["comment"] = {"comments": []}
    site.put(issue)
    copied.take_census(max_deleted_percent=24, max_deleted_issues=0)
    assert copied.queued() == []


def test_comments_out_of_sight_with_their_project_are_not_gone(copied: Copy) -> None:
    copied.sandbox.account.lose_rights(frozenset({"ENG"}))
    copied.take_census(max_deleted_percent=100)
    assert copied.queued() == []


def test_defect_24_it_takes_one_request_for_thousands_and_all_are_documented(copied: Copy) -> None:
    copied.sandbox.site.delete(FIRST)
    copied.sandbox.site.put(full_issue(9))
    copied.take_census(max_deleted_percent=20)
    paths = [request.path.rsplit("/", 1)[-1] for request in copied.sandbox.requests]
    assert paths.count("jql") == 1
    assert paths.count("bulkfetch") == 3
    assert len(paths) == 10
    for request in copied.sandbox.requests:
        assert_valid_request(request.method, request.path, request.query, request.json())
