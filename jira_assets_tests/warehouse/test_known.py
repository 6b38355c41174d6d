from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from jira_assets.raw.record import Source
from jira_assets.tables.attachments import ATTACHMENTS
from jira_assets.tables.comments import COMMENTS
from jira_assets.tables.issuelinks import ISSUELINKS
from jira_assets.tables.issues import ISSUES
from jira_assets.warehouse import known as module
from jira_assets.warehouse.connection import WarehouseBusy
from jira_assets.warehouse.known import Known, KnownIssue
from jira_assets.warehouse.store import create
from jira_assets_tests.warehouse.filled import MONTHS
from jira_assets_tests.warehouse.holder import held

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ISSUE = (
    "issue_id, month, issue_key, summary, status, priority, parent_id, parent_key, updated_at, _synced_at, "
    "_source"
)
LINK = (
    "link_id, issue_id, month, linked_issue_id, linked_issue_key, linked_issue_summary, linked_issue_status, "
    "linked_issue_priority"
)


@contextmanager
def tables(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables, empty, and yours to fill."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        create(connection, [ISSUES, ISSUELINKS, ATTACHMENTS])
        yield connection


def issue(
    number: int,
    seconds: float = 0,
    parent: int | None = None,
    parent_key: str | None = None,
    source: Source = Source.WEBHOOK,
    updated: float = -3600,
) -> list[Any]:
    """Issue number n of 2024-0n, asked for, and before that changed, so many seconds after noon."""
    return [
        f"1000{number}",
        f"2024-0{number}",
        f"SUP-{number}",
        f"Issue {number}",
        "Open",
        "High",
        parent and f"1000{parent}",
        parent_key,
        NOON + timedelta(seconds=updated),
        NOON + timedelta(seconds=seconds),
        source,
    ]


def link(number: int, other: int, link_id: str = "7", **shown: str | None) -> list[Any]:
    """What issue `number` shows of `other`: its state, unless another one is given."""
    brief = {"key": f"SUP-{other}", "summary": f"Issue {other}", "status": "Open", "priority": "High"} | shown
    return [link_id, f"1000{number}", f"2024-0{number}", f"1000{other}", *brief.values()]


def known_from(folder: Path, issues: list[list[Any]], links: list[list[Any]] | None = None) -> Known:
    with tables(folder) as connection:
        for name, columns, rows in (("issues", ISSUE, issues), ("issuelinks", LINK, links or [])):
            for row in rows:
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO jira.{name} ({columns}) VALUES ({marks})", row)
    return Known(folder / "warehouse.duckdb")


def outdated(known: Known, since: float = -3600) -> set[tuple[str, str, datetime]]:
    found = known.outdated(NOON + timedelta(seconds=since))
    return {(each.issue_id, each.month, each.since) for each in found}


def test_a_database_that_does_not_exist_knows_nothing_and_is_not_made(tmp_path: Path) -> None:
    known = Known(tmp_path / "warehouse.duckdb")
    assert known.months(["10001"]) == {}
    assert known.outdated(NOON) == []
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_all_the_tables_knows_nothing(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("CREATE SCHEMA jira; CREATE TABLE jira.issues (issue_id VARCHAR, month VARCHAR)")
    assert Known(tmp_path / "warehouse.duckdb").months(["10001"]) == {}


def test_so_does_one_of_an_older_version_whose_tables_lack_columns(tmp_path: Path) -> None:
    known = known_from(tmp_path, [issue(1)])
    assert known.months(["10001"]) == {"10001": "2024-01"}
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("ALTER TABLE jira.issues DROP COLUMN out_of_sight_since")
    assert known.months(["10001"]) == {}
    assert known.oldest_reading() is None


def test_the_months_of_generated_issues(filled: Path) -> None:
    with duckdb.connect(str(filled), read_only=True) as connection:
        expected = dict(connection.execute("SELECT issue_id, month FROM jira.issues").fetchall())
        files = dict(connection.execute("SELECT attachment_id, issue_id FROM jira.attachments").fetchall())
    known = Known(filled)
    assert known.months([*expected, "99999999"]) == expected
    assert known.issues_of_attachments([*files, "99999999"]) == files
    assert len(expected) > 10
    assert len(files) > 3


def test_nothing_is_asked_about_nothing(tmp_path: Path) -> None:
    database = tmp_path / "warehouse.duckdb"
    database.write_bytes(b"not a database")
    known = Known(database)
    assert known.months([]) == known.issues_of_attachments([]) == known.neighbours(set()) == {}
    assert known.keys([]) == {}
    assert not known.stored([])


def test_issues_as_they_are_stored(tmp_path: Path, filled: Path) -> None:
    with duckdb.connect(str(filled), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.execute(
            "SELECT issue_id, month, issue_key, project_key, updated_at, status, status_category_key, "
            "security_level, out_of_sight_because FROM jira.issues"
        ).fetchall()
        oldest = connection.execute("SELECT min(_synced_at) FROM jira.issues").fetchone()
    known = Known(filled)
    assert known.stored([row[0] for row in rows]) == {row[0]: KnownIssue(*row) for row in rows}
    assert known.keys(["99999999", rows[0][0]]) == {rows[0][0]: rows[0][2]}
    assert (known.oldest_reading(),) == oldest
    assert Known(tmp_path / "nothing").oldest_reading() is None


def test_the_issues_that_have_waited_longest_are_the_first_to_be_read_again(filled: Path) -> None:
    with duckdb.connect(str(filled), read_only=True) as connection:
        rows = connection.execute(
            "SELECT issue_id FROM jira.issues "
            "WHERE status_category_key <> 'done' OR updated_at > '2026-10-30' ORDER BY _synced_at, issue_id"
        ).fetchall()
    day = datetime(2026, 10, 30, tzinfo=UTC)
    unread = Known(filled).unread(datetime.now(UTC), day, MONTHS, 1000)
    assert [stored.issue_id for stored in unread] == [issue_id for (issue_id,) in rows]
    assert len(Known(filled).unread(datetime.now(UTC), day, MONTHS, 3)) == 3
    assert Known(filled).unread(datetime(2026, 1, 1, tzinfo=UTC), day, MONTHS, 1000) == []
    assert Known(filled).unread(datetime.now(UTC), day, ["2024-01"], 1000) == []


def test_comments_come_in_the_order_of_their_ids(filled: Path) -> None:
    with duckdb.connect(str(filled), read_only=True) as connection:
        rows = connection.execute(
            "SELECT comment_id::BIGINT AS id, [issue_id] FROM jira.comments ORDER BY id"
        ).fetchall()
    known = Known(filled)
    assert list(known.children(COMMENTS, 0, MONTHS, 1000).items()) == rows
    assert list(known.children(COMMENTS, rows[4][0], MONTHS, 2).items()) == rows[5:7]
    assert known.children(COMMENTS, 0, ["2024-01"], 1000) == {}


def test_differences_between_what_is_listed_and_what_is_stored(filled: Path) -> None:
    with duckdb.connect(str(filled), read_only=True) as connection:
        ids = [row[0] for row in connection.execute("SELECT issue_id FROM jira.issues").fetchall()]
    absent, *present = sorted(ids)
    found = Known(filled).differences(pl.Series([*present, "77"], dtype=pl.String), MONTHS)
    assert (found.stored, found.unknown) == (len(ids), ["77"])
    assert found.unlisted["issue_id"].to_list() == [absent]
    others = Known(filled).differences(pl.Series([], dtype=pl.String), ["2024-01"])
    assert (others.stored, others.unknown, others.unlisted.height) == (0, [], 0)


def test_what_is_asked_for_is_a_value_and_never_sql(filled: Path) -> None:
    assert Known(filled).months(["'); DROP TABLE jira.issues; --"]) == {}


def test_neighbours_are_linked_issues_and_children(tmp_path: Path) -> None:
    known = known_from(tmp_path, [issue(1), issue(2), issue(3, parent=1), issue(4)], [link(2, 1), link(1, 2)])
    assert known.neighbours(["10001"]) == {"10002": "2024-02", "10003": "2024-03"}


@pytest.mark.parametrize("changed", ["key", "summary", "status", "priority"])
def test_an_issue_that_shows_another_as_it_was_is_outdated(tmp_path: Path, changed: str) -> None:
    shows_what_was = link(2, 1, **{changed: "what was"})
    known = known_from(tmp_path, [issue(1, seconds=5), issue(2)], [shows_what_was, link(1, 2)])
    assert outdated(known) == {("10002", "2024-02", NOON + timedelta(seconds=5))}


def test_so_is_a_child_with_the_former_key_of_its_parent(tmp_path: Path) -> None:
    known = known_from(tmp_path, [issue(1, seconds=5), issue(2, parent=1, parent_key="OLD-1")])
    assert [each.issue_id for each in known.outdated(NOON)] == ["10002"]


def test_and_the_far_end_of_a_link_that_it_does_not_show(tmp_path: Path) -> None:
    known = known_from(tmp_path, [issue(1, seconds=5), issue(2)], [link(1, 2)])
    assert outdated(known) == {("10002", "2024-02", NOON + timedelta(seconds=5))}


def test_and_the_far_end_of_a_link_that_is_no_longer_there(tmp_path: Path) -> None:
    known = known_from(tmp_path, [issue(1, seconds=5), issue(2)], [link(2, 1)])
    assert outdated(known) == {("10002", "2024-02", NOON + timedelta(seconds=5))}


def test_two_that_do_not_agree_on_a_link_do_not_follow_each_other_for_ever(tmp_path: Path) -> None:
    known = known_from(tmp_path, [issue(1, seconds=5, source=Source.NEIGHBOUR), issue(2)], [link(2, 1)])
    assert outdated(known) == set()


def test_two_that_never_agree_do_not_follow_each_other_for_ever(tmp_path: Path) -> None:
    known = known_from(
        tmp_path,
        [issue(1, seconds=5, source=Source.NEIGHBOUR), issue(2)],
        [link(1, 2, summary="what never was"), link(2, 1, summary="what never was")],
    )
    assert outdated(known) == set()


def test_what_has_just_happened_to_a_neighbour_is_told_on(tmp_path: Path) -> None:
    """As when the run that was asked to fetch it for its own sake was killed before it told."""
    changed = issue(1, seconds=5, source=Source.NEIGHBOUR, updated=-30)
    known = known_from(tmp_path, [changed, issue(2)], [link(1, 2), link(2, 1, summary="what was")])
    assert outdated(known) == {("10002", "2024-02", NOON + timedelta(seconds=5))}


def test_what_was_asked_for_after_the_other_is_not_outdated_whatever_it_shows(tmp_path: Path) -> None:
    known = known_from(
        tmp_path,
        [issue(1), issue(2, seconds=5), issue(3, seconds=5, parent=1, parent_key="OLD-1")],
        [link(2, 1, summary="what never was"), link(1, 2)],
    )
    assert outdated(known) == set()


def test_only_what_was_asked_for_of_late_makes_others_outdated(tmp_path: Path) -> None:
    known = known_from(
        tmp_path, [issue(1, seconds=5), issue(2)], [link(2, 1, summary="what was"), link(1, 2)]
    )
    assert outdated(known, since=5) == set()


def test_issues_that_are_not_stored_make_nobody_outdated(tmp_path: Path) -> None:
    known = known_from(tmp_path, [issue(1, seconds=5)], [link(1, 9, summary="somewhere else")])
    assert outdated(known) == set()


def test_a_database_that_another_process_holds_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = known_from(tmp_path, [issue(1)])
    monkeypatch.setattr(module, "_PATIENCE_S", 0.05)
    with held(tmp_path / "warehouse.duckdb"), pytest.raises(WarehouseBusy, match="is held by process"):
        known.months(["10001"])
    assert known.months(["10001"]) == {"10001": "2024-01"}
