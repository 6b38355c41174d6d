"""A site that changes between two runs of the same month."""

from collections.abc import Iterator
from typing import Any

import pytest

from jira_assets.sandbox.server import RunningSandbox
from jira_assets.sandbox.site import Site
from jira_assets_tests.default_tables import TABLES
from jira_assets_tests.jira.issues import MONTH, elements, full_issue
from jira_assets_tests.pipeline import Pipeline, Run, pipeline

MOVED, EMPTIED, REOPENED, LOCALISED, LONG, ODD, HUGE, NUL = range(1, 9)
DONE = {"name": "Fertig", "statusCategory": {"key": "done", "name": "Erledigt"}}
OPEN = {"name": "Offen", "statusCategory": {"key": "new", "name": "Zu erledigen"}}
MILLION = "ä" * 1_000_000


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pipeline, Run]]:
    site = Site(
        [
            full_issue(MOVED),
            full_issue(EMPTIED, comments=3, worklogs=2, remote_links=2, histories=2),
            full_issue(
                REOPENED,
                status=DONE,
                resolution={"name": "Done"},
                resolutiondate="2024-02-02T08:00:00.000+0100",
            ),
            full_issue(LOCALISED, status=DONE),
            full_issue(
                LONG,
                comment={"comments": elements(230, first_id=5000)},
                worklog={"worklogs": elements(45, first_id=5000)},
                histories=140,
            ),
            full_issue(ODD, comment=None, attachment=None, issuelinks=None, labels=None, priority=["High"]),
            full_issue(HUGE, description=MILLION),
            full_issue(NUL, description="before\x00after", summary="a\x00b"),
            full_issue(9, project="GOLD"),
        ]
    )
    with pipeline(site, tmp_path_factory.mktemp("changes")) as pipe:
        first = pipe.run(MONTH)
        assert first.success, first.errors
        _change(pipe.sandbox)
        yield pipe, pipe.run(MONTH)


def _change(sandbox: RunningSandbox) -> None:
    site = sandbox.site
    site.move("SUP-1", "GOLD-77")
    emptied = site.get(_id(EMPTIED))
    emptied["fields"] |= {"comment": {"comments": []}, "worklog": {"worklogs": []}}
    site.put(emptied | {"remotelinks": [], "changelog": {"histories": elements(1)}})
    reopened = site.get(_id(REOPENED))
    reopened["fields"] |= {"status": OPEN, "resolution": None, "resolutiondate": None}
    site.put(reopened)


def _id(number: int) -> str:
    return str(10_000 + number)


def column(pipe: Pipeline, table: str, number: int, *names: str) -> list[tuple[Any, ...]]:
    return pipe.query(f"SELECT {', '.join(names)} FROM jira.{table} WHERE issue_id = '{_id(number)}'")


def test_the_second_run_succeeds(changed: tuple[Pipeline, Run]) -> None:
    _, run = changed
    assert run.success, run.errors


def test_defect_13_a_moved_issue_has_one_row_which_knows_its_old_key(changed: tuple[Pipeline, Run]) -> None:
    pipe, _ = changed
    assert column(pipe, "issues", MOVED, "issue_key", "project_key", "previous_keys") == [
        ("GOLD-77", "GOLD", ["SUP-1"])
    ]
    for table in TABLES:
        assert pipe.query(f"SELECT count(*) FROM jira.{table.name} WHERE issue_key = 'SUP-1'") == [(0,)]


def test_defect_19_deleted_children_vanish(changed: tuple[Pipeline, Run]) -> None:
    pipe, _ = changed
    for table in ("comments", "worklogs", "remote_links"):
        assert column(pipe, table, EMPTIED, "count(*)") == [(0,)]


def test_defect_21_a_reopened_issue_has_no_resolution(changed: tuple[Pipeline, Run]) -> None:
    pipe, _ = changed
    found = column(pipe, "issues", REOPENED, "status", "status_category_key", "resolution", "resolved_at")
    assert found == [("Offen", "new", None, None)]


def test_defect_23_closed_is_told_by_the_key_in_every_language(changed: tuple[Pipeline, Run]) -> None:
    pipe, _ = changed
    names = ("status_category", "status_category_key")
    assert column(pipe, "issues", LOCALISED, *names) == [("Erledigt", "done")]


def test_defects_5_and_6_lists_that_jira_cuts_short_are_whole(changed: tuple[Pipeline, Run]) -> None:
    pipe, _ = changed
    found = column(pipe, "completeness", LONG, "part", "expected", "stored")
    assert {("comments", 230, 230), ("worklogs", 45, 45), ("changelog", 140, 140)} <= set(found)
    assert column(pipe, "comments", LONG, "count(*)") == [(230,)]
    assert column(pipe, "worklogs", LONG, "count(*)") == [(45,)]


def test_defects_16_18_and_20_odd_values_cost_themselves_only(changed: tuple[Pipeline, Run]) -> None:
    pipe, run = changed
    names = ("summary", "priority", "labels", "attachment_count", "comment_count", "issuelink_count")
    assert column(pipe, "issues", ODD, *names) == [("Issue 6", None, None, None, None, None)]
    metadata = run.metadata("issues", MONTH)
    assert metadata["unreadable_values"] == 1
    assert metadata["unreadable"][0].startswith("SUP-6 ")


def test_a_description_of_a_million_characters_arrives_whole(changed: tuple[Pipeline, Run]) -> None:
    pipe, _ = changed
    assert column(pipe, "issues", HUGE, "description") == [(MILLION,)]
    published = f"SELECT description FROM jira_issues WHERE issue_id = '{_id(HUGE)}'"
    assert pipe.published(published) == [(MILLION,)]


def test_nul_characters_do_no_harm(changed: tuple[Pipeline, Run]) -> None:
    pipe, _ = changed
    [(summary, description)] = column(pipe, "issues", NUL, "summary", "description")
    assert summary.replace("\x00", "") == "ab"
    assert description.replace("\x00", "") == "beforeafter"
    assert pipe.published(f"SELECT summary FROM jira_issues WHERE issue_id = '{_id(NUL)}'") == [(summary,)]
