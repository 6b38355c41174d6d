"""What issues refer to is renamed: no issue is updated, and all of them show it, closed ones included."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jira_assets.jira.errors import NoProjectVisible
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.renaming import rename
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.events.bodies import change
from jira_assets_tests.events.copying import Copy, assert_equals_a_backfill, months_of
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import OddCopy, odd_copy

DONE = {"id": "3", "name": "Done", "statusCategory": {"key": "done", "name": "Done"}}
OPEN = {"id": "1", "name": "Open", "statusCategory": {"key": "new", "name": "To Do"}}
ANN = {"accountId": "5b10a2844c20165700ede21a", "displayName": "Ann Lee", "emailAddress": "ann@example.com"}
FEBRUARY = "2024-02"
NOW = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"


def issues() -> list[dict[str, Any]]:
    """Three that are closed, one of them of another month, and one that is open."""
    shown: dict[str, Any] = {
        "issuetype": {"id": "4", "name": "Bug"},
        "priority": {"id": "5", "name": "High"},
        "components": [{"id": "6", "name": "API"}, {"id": "7", "name": "UI"}],
        "fixVersions": [{"id": "8", "name": "1.0"}],
        "versions": [{"id": "9", "name": "0.9"}],
        "reporter": ANN,
    }
    closed = shown | {"status": DONE, "resolution": {"id": "10", "name": "Fixed"}}
    brief = {"id": "10002", "key": "SUP-2", "fields": {"summary": "Issue 2", "status": DONE}}
    link = {"id": "77", "type": {"name": "Relates"}, "outwardIssue": brief}
    return [
        full_issue(1, **closed, parent=brief, issuelinks=[link]),
        full_issue(2, **closed),
        full_issue(3, **closed, created="2024-02-03T10:00:00.000+0000"),
        full_issue(4, **shown, status=OPEN, assignee=ANN),
    ]


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[tuple[Site, OddCopy]]:
    with odd_copy(issues(), tmp_path) as (site, copy):
        copy.backfill([MONTH, FEBRUARY])
        copy.refresh_lookups()
        copy.build()
        copy.proxy.seen.clear()
        yield site, copy


def a_day(copy: OddCopy) -> None:
    copy.poll()
    copy.sweep()
    copy.take_census()
    copy.catch_up()


def assert_no_issue_was_fetched(copy: OddCopy) -> None:
    assert copy.queued() == []
    assert copy.proxy.count("/remotelink") == copy.proxy.count("/changelog") == 0


RENAMES: list[tuple[str, str, dict[str, str], str, object]] = [
    ("projects", "1", {"name": "Helpdesk"}, "project_name", "Helpdesk"),
    ("statuses", "3", {"name": "Erledigt"}, "status", "Erledigt"),
    ("issue_types", "4", {"name": "Fehler"}, "issue_type", "Fehler"),
    ("priorities", "5", {"name": "Hoch"}, "priority", "Hoch"),
    ("resolutions", "10", {"name": "Behoben"}, "resolution", "Behoben"),
    ("components", "7", {"name": "Front end"}, "components", ["API", "Front end"]),
    ("versions", "8", {"name": "1.0.0"}, "fix_versions", ["1.0.0"]),
    ("versions", "9", {"name": "0.9.0"}, "affects_versions", ["0.9.0"]),
    ("users", ANN["accountId"], {"displayName": "Ann Smith"}, "reporter_name", "Ann Smith"),
    ("users", ANN["accountId"], {"emailAddress": "smith@example.com"}, "reporter_email", "smith@example.com"),
]


def test_all_closed_issues_show_the_names_of_today(copied: tuple[Site, OddCopy]) -> None:
    site, copy = copied
    for name, thing, changes, _, _ in RENAMES:
        rename(site, name, thing, **changes)
    a_day(copy)
    columns = ", ".join(column for *_, column, _ in RENAMES)
    shown = copy.rows(f"SELECT {columns} FROM jira.issues WHERE status_category_key = 'done'")
    assert shown == [tuple(now for *_, now in RENAMES)] * 3
    assert_no_issue_was_fetched(copy)


def test_the_key_of_a_project_is_that_of_its_issues(copied: tuple[Site, OddCopy], tmp_path: Path) -> None:
    site, copy = copied
    rename(site, "projects", "1", key="HELP", name="Helpdesk")
    a_day(copy)
    assert copy.rows(
        "SELECT issue_key, project_key, project_name, previous_keys FROM jira.issues ORDER BY 1"
    ) == [(f"HELP-{number}", "HELP", "Helpdesk", [f"SUP-{number}"]) for number in range(1, 5)]
    assert copy.rows("SELECT DISTINCT parent_key FROM jira.issues ORDER BY 1") == [("HELP-2",), (None,)]
    assert copy.rows("SELECT issue_key, linked_issue_key FROM jira.issuelinks ORDER BY 1") == [
        ("HELP-1", "HELP-2")
    ]
    assert copy.rows("SELECT count(*) FROM jira.completeness WHERE issue_key LIKE 'SUP%'") == [(0,)]
    assert_no_issue_was_fetched(copy)
    assert_equals_a_backfill(copy, tmp_path / "fresh")


def test_a_key_that_is_given_to_another_project_is_that_one_s(copied: tuple[Site, OddCopy]) -> None:
    site, copy = copied
    rename(site, "projects", "1", key="HELP")
    site.put(full_issue(9, status=OPEN) | {"key": "SUP-1"})
    newcomer = site.get("10009")
    newcomer["fields"]["project"] = {"id": "2", "key": "SUP", "name": "New"}
    site.put(newcomer)
    a_day(copy)
    rename(site, "projects", "1", key="DESK")
    a_day(copy)
    found = copy.rows(
        "SELECT issue_id, issue_key, previous_keys FROM jira.issues WHERE issue_id IN ('10001', '10009')"
    )
    assert sorted(found) == [("10001", "DESK-1", ["SUP-1", "HELP-1"]), ("10009", "SUP-1", [])]


def test_a_status_of_another_category_opens_what_was_closed(copied: tuple[Site, OddCopy]) -> None:
    site, copy = copied
    rename(site, "statuses", "3", statusCategory={"key": "indeterminate", "name": "In Progress"})
    a_day(copy)
    assert copy.rows(
        "SELECT status, status_category, status_category_key, count(*) FROM jira.issues GROUP BY ALL"
    ) == [
        ("Done", "In Progress", "indeterminate", 3),
        ("Open", "To Do", "new", 1),
    ]
    assert_no_issue_was_fetched(copy)


def test_what_is_deleted_keeps_its_name_where_it_is_referred_to(copied: tuple[Site, OddCopy]) -> None:
    site, copy = copied
    site.directory.remove("versions", "9")
    a_day(copy)
    assert copy.rows("SELECT DISTINCT affects_versions FROM jira.issues") == [(["0.9"],)]


def test_an_issue_that_was_read_after_the_lists_knows_better(copied: tuple[Site, OddCopy]) -> None:
    site, copy = copied
    rename(site, "users", ANN["accountId"], displayName="Ann Smith")
    copy.backfill([FEBRUARY])
    copy.build()
    shown = "SELECT month, reporter_name FROM jira.issues WHERE issue_id IN ('10001', '10003') ORDER BY 1"
    assert copy.rows(shown) == [(MONTH, "Ann Lee"), (FEBRUARY, "Ann Smith")]
    copy.refresh_lookups()
    copy.build()
    assert {name for _, name in copy.rows(shown)} == {"Ann Smith"}


def test_an_event_tells_which_list_is_to_be_read(copied: tuple[Site, OddCopy]) -> None:
    site, copy = copied
    copy.deliver(*rename(site, "versions", "8", name="1.0.0", releaseDate="2024-05-01"))
    copy.drain()
    assert list(copy.refresh_due_lookups().entries) == ["versions"]
    assert copy.due.names() == []
    copy.build()
    assert copy.rows("SELECT DISTINCT fix_versions FROM jira.issues") == [(["1.0.0"],)]


@pytest.mark.parametrize("seed", range(3))
def test_in_whichever_order_names_and_issues_are_read_the_tables_are_equal(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    with serve(generated_site(40)) as sandbox:
        copy, site = Copy(sandbox, tmp_path / "copy"), sandbox.site
        months = months_of(sandbox)
        copy.backfill(months)
        copy.build()
        person, version = (site.directory.entries(name)[0] for name in ("users", "versions"))
        steps: list[Callable[[], object]] = [
            partial(rename, site, "projects", "10000", key="APPS", name="Apps"),
            partial(rename, site, "projects", "10001", key="DESK"),
            partial(rename, site, "statuses", "100003", name="Shipped"),
            partial(rename, site, "users", person["accountId"], displayName="Another Name"),
            partial(rename, site, "versions", version["id"], name="9.9"),
            *(copy.refresh_lookups, copy.build, copy.sweep, copy.poll),
            *(partial(copy.backfill, rng.sample(months, 2)) for _ in range(3)),
        ]
        rng.shuffle(steps)
        for step in steps:
            step()
        copy.take_census(50)
        copy.catch_up()
        assert_equals_a_backfill(copy, tmp_path / "fresh")


def test_a_project_is_copied_on_under_the_key_that_settings_name_it_by(tmp_path: Path) -> None:
    with odd_copy(issues(), tmp_path, projects=["SUP"]) as (site, copy):
        copy.backfill([MONTH, FEBRUARY])
        copy.refresh_lookups()
        copy.build()
        rename(site, "projects", "1", key="HELP")
        with pytest.raises(NoProjectVisible):  # that look is how the new key becomes known
            copy.sweep()
        change(site, "10001", summary="changed without an event")
        assert copy.sweep().outdated == ["HELP-1"]
        copy.catch_up()
        copy.backfill([FEBRUARY])
        rows = copy.rows("SELECT issue_key, summary FROM jira.issues ORDER BY issue_id LIMIT 2")
    assert rows == [("HELP-1", "changed without an event"), ("HELP-2", "Issue 2")]
