from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_assets.inbox.queue import Queue
from jira_assets.sandbox import faults
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.pipeline import Pipeline, Run, pipeline


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipeline]:
    """Issues 1 to 3 of SUP and 4 of ENG, of one month."""
    issues = [*(full_issue(number) for number in range(1, 4)), full_issue(4, project="ENG")]
    with pipeline(
        Site(issues), tmp_path, JIRA_MAX_DELETED_PERCENT="30", JIRA_MAX_DELETED_ISSUES="1"
    ) as ready:
        yield ready


@pytest.fixture
def copied(pipe: Pipeline) -> Pipeline:
    assert pipe.run(MONTH, assets=["raw_issues", "issues", "issuelinks", "attachments", "comments"]).success
    return pipe


def checks(run: Run) -> dict[str, tuple[bool, str]]:
    """What was said of each check, and why."""
    return {
        each.check_name: (each.passed, str({name: value.value for name, value in each.metadata.items()}))
        for each in run.result.get_asset_check_evaluations()
    }


def queued() -> list[str]:
    return [item.issue_id for item in Queue(Settings.load().queue_dir).items(MONTH)]


def test_what_was_updated_without_a_word_is_told_and_queued(copied: Pipeline) -> None:
    change(copied.sandbox.site, "10001")
    told = copied.run_job("sweep_recent").observed("site")
    assert (told["issues"], told["outdated"], told["outdated_issues"]) == (4, 1, ["SUP-1"])
    assert (told["unknown"], told["queued"], told["left_out"]) == (0, 1, 0)
    assert told["requests"] == 6
    assert queued() == ["10001"]


def test_what_was_created_and_deleted_is_told_and_queued(copied: Pipeline) -> None:
    copied.sandbox.site.delete("10001")
    copied.sandbox.site.put(full_issue(9))
    run = copied.run_job("take_census")
    told = run.observed("site")
    assert (told["listed"], told["stored"], told["queued"]) == (4, 4, 2)
    assert (told["unknown_issues"], told["gone_issues"]) == (["SUP-9"], ["SUP-1"])
    assert {name: passed for name, (passed, _) in checks(run).items()} == {
        "access_kept": True,
        "deletions_plausible": True,
    }
    assert sorted(queued()) == ["10001", "10009"]


def test_a_project_out_of_sight_fails_a_check_that_names_it(copied: Pipeline) -> None:
    copied.sandbox.account.lose_rights(frozenset({"SUP"}))
    run = copied.run_job("take_census")
    passed, why = checks(run)["access_kept"]
    assert not passed
    assert "ENG: 1 issues stored" in why
    assert checks(run)["deletions_plausible"][0]
    assert queued() == []


def test_so_does_a_configured_one(copied: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_PROJECTS", "SUP,ENG")
    copied.sandbox.account.lose_rights(frozenset({"SUP"}))
    run = copied.run_job("take_census")
    assert run.success  # what the account sees was compared
    passed, why = checks(run)["access_kept"]
    assert not passed
    assert "ENG: cannot be seen" in why
    assert queued() == []


def test_too_many_deletions_fail_a_check_that_says_what_to_do(copied: Pipeline) -> None:
    for issue_id in ("10001", "10002"):
        copied.sandbox.site.delete(issue_id)
    run = copied.run_job("take_census")
    passed, why = checks(run)["deletions_plausible"]
    assert not passed
    assert "2 of 4 issues are gone, more than 30 % and more than 1" in why
    assert "JIRA_MAX_DELETED_PERCENT" in why
    assert "SUP-1" in why
    assert queued() == []


def test_what_could_not_be_looked_into_has_not_passed_and_is_not_left_planned(copied: Pipeline) -> None:
    copied.sandbox.faults.add(faults.failing(403), path="/search/jql")
    run = copied.run_job("take_census")
    assert not run.success
    assert {name: passed for name, (passed, _) in checks(run).items()} == {
        "access_kept": False,
        "deletions_plausible": False,
    }
