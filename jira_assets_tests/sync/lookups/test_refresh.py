"""The site's lists are read to their end, and one that cannot be read costs no other."""

from pathlib import Path
from typing import Any

import pytest

from jira_assets.jira.errors import Unauthorised
from jira_assets.jira.lookups import LISTS
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.server import serve
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, Hook, OddCopy, odd_copy

ALL = set(LISTS)


def refreshed_of(tmp_path: Path, hook: Hook, *issues: dict[str, Any], **given: Any) -> tuple[OddCopy, Any]:
    with odd_copy(issues or (full_issue(1),), tmp_path, hook, **given) as (_, copy):
        return copy, copy.refresh_lookups()


def test_every_list_of_a_site_is_read_in_few_requests(tmp_path: Path) -> None:
    with serve(generated_site(60)) as sandbox:
        copy = Copy(sandbox, tmp_path)
        refreshed = copy.refresh_lookups()
        site, store = sandbox.site, copy.raw.lookups
        assert not refreshed.absent
        assert not refreshed.failed
        assert refreshed.entries.keys() == ALL
        for name in ("statuses", "priorities", "issue_types", "components", "versions", "users"):
            ids = {str(each.get("accountId") or each["id"]) for each in site.directory.entries(name)}
            assert {entry.id for entry in store.read(name)} == ids
        assert {entry.of for entry in store.read("versions")} <= {"10000", "10001", "10002", "10003"}
        assert len(sandbox.requests) < 30


def test_what_the_site_does_not_have_is_absent(tmp_path: Path) -> None:
    _, refreshed = refreshed_of(tmp_path, lambda _asked, _answered: None)
    assert refreshed.absent.keys() == {"organizations", "request_types"}
    assert refreshed.failed == {}


@pytest.mark.parametrize("status", [400, 500])
def test_a_list_that_is_refused_costs_no_other(tmp_path: Path, status: int) -> None:
    def refuse(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/users/search"):
            answered.refuse(status)

    _, refreshed = refreshed_of(tmp_path, refuse)
    assert refreshed.failed.keys() == {"users"}
    assert refreshed.entries.keys() == ALL - {"users", "organizations", "request_types"}


@pytest.mark.parametrize("words", ["Unauthorized; scope does not match", "No."])
def test_lists_that_the_token_is_not_good_for_cost_no_other(tmp_path: Path, words: str) -> None:
    def refuse(asked: Asked, answered: Answered) -> None:
        if "/agile/" in asked.path:
            answered.status, answered.json = 401, {"code": 401, "message": words}

    _, refreshed = refreshed_of(tmp_path, refuse)
    assert {**refreshed.absent, **refreshed.failed}.keys() >= {"boards", "sprints"}
    assert refreshed.entries.keys() >= {"projects", "users", "versions"}


def test_a_credential_that_is_refused_for_good_is_used_once(tmp_path: Path) -> None:
    with odd_copy([full_issue(1)], tmp_path, lambda _asked, answered: answered.refuse(401)) as (_, copy):
        with pytest.raises(Unauthorised):
            copy.refresh_lookups()
        assert len(copy.proxy.seen) == 1


def test_a_project_of_which_the_versions_cannot_be_read_costs_no_other(tmp_path: Path) -> None:
    one = full_issue(1, fixVersions=[{"id": "8", "name": "1.0"}])
    other = full_issue(2, project="OPS", fixVersions=[{"id": "9", "name": "2.0"}])

    def refuse(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/project/1/version"):
            answered.refuse(403)

    copy, refreshed = refreshed_of(tmp_path, refuse, one, other)
    assert "versions" in refreshed.failed
    assert [entry.id for entry in copy.raw.lookups.read("versions")] == ["9"]


def test_only_what_belongs_to_the_projects_to_copy_is_read(tmp_path: Path) -> None:
    issues = (full_issue(1), full_issue(2, project="OPS"))
    copy, _ = refreshed_of(tmp_path, lambda _asked, _answered: None, *issues, projects=["SUP"])
    assert {a.path for a in copy.proxy.seen if a.path.endswith("/version")} == {
        "/rest/api/3/project/1/version"
    }


def test_pages_that_go_round_in_circles_are_an_error_within_three(tmp_path: Path) -> None:
    def repeat(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith("/priority/search"):
            answered.json = {"values": [{"id": "1", "name": "High"}], "total": 900, "isLast": False}

    copy, refreshed = refreshed_of(tmp_path, repeat)
    assert "same page twice" in refreshed.failed["priorities"]
    assert copy.proxy.count("/priority/search") <= 3


def test_lists_of_older_sites_are_read_where_those_have_them(tmp_path: Path) -> None:
    def older(asked: Asked, answered: Answered) -> None:
        if asked.path.endswith(("/priority/search", "/resolution/search")):
            answered.refuse(404)
        if asked.path.endswith("/priority"):
            answered.status, answered.json = 200, [{"id": "1", "name": "High"}]

    copy, refreshed = refreshed_of(tmp_path, older)
    assert [entry.id for entry in copy.raw.lookups.read("priorities")] == ["1"]
    assert "resolutions" in refreshed.absent
