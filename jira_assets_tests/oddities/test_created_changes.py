"""Issues whose ``created`` is corrected, or lies in the future: their month is another one then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from jira_assets.raw.record import Part, Record, Source
from jira_assets.timestamps import month_of
from jira_assets_tests.events.bodies import change, delete
from jira_assets_tests.events.copying import assert_equals_a_backfill
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, OddCopy, odd_copy

FEBRUARY, MARCH = "2024-02", "2024-03"
_PLACES = "SELECT issue_key, month FROM jira.issues ORDER BY ALL"


def on(month: str) -> str:
    return f"{month}-05T10:00:00.000+0000"


def places(copy: OddCopy) -> list[tuple[Any, ...]]:
    copy.build()
    return copy.rows(_PLACES)


def children(copy: OddCopy) -> list[tuple[Any, ...]]:
    return copy.rows("SELECT comment_id, month FROM jira.comments ORDER BY ALL")


@pytest.mark.parametrize("months", [*permutations([MONTH, MARCH]), (MARCH,), (MARCH, MARCH, MONTH)])
def test_a_corrected_issue_is_one_row_in_its_new_month_whatever_is_read_first(
    tmp_path: Path, months: tuple[str, ...]
) -> None:
    with odd_copy([full_issue(1, comments=1), full_issue(2)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        change(site, "10001", created=on(MARCH))
        for month in months:
            copy.backfill([month])
            copy.build()
        assert places(copy) == [("SUP-1", MARCH), ("SUP-2", MONTH)]
        assert children(copy) == [("1000", MARCH)]
        assert copy.rows("SELECT * FROM jira.deleted_issues") == []


def test_an_event_takes_an_issue_to_its_new_month_and_it_is_somewhere_at_every_moment(tmp_path: Path) -> None:
    with odd_copy([full_issue(1)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        copy.deliver(change(site, "10001", created=on(MARCH), summary="corrected"))
        copy.drain()
        assert copy.apply(MONTH).moved == ["SUP-1 (2024-03)"]
        assert places(copy) == [("SUP-1", MONTH)]
        assert copy.queue.months() == [MARCH]
        assert copy.apply(MARCH).settled == 1
        assert copy.queue.months() == []
        assert places(copy) == [("SUP-1", MARCH)]
        assert not copy.raw.live(MONTH, ["10001"])


@pytest.mark.parametrize(
    ("moves", "at_once"), [([MARCH, MONTH, MARCH], False), ([FEBRUARY, MARCH, FEBRUARY, MONTH], True)]
)
def test_an_issue_that_moves_again_and_back_ends_where_it_is(
    tmp_path: Path, moves: list[str], at_once: bool
) -> None:
    with odd_copy([full_issue(1, comments=1)], tmp_path) as (site, copy):
        copy.backfill([MONTH, FEBRUARY, MARCH])
        copy.build()
        for month in moves:
            copy.deliver(change(site, "10001", created=on(month)))
            if not at_once:
                copy.catch_up()
        copy.catch_up()
        assert places(copy) == [("SUP-1", moves[-1])]
        assert copy.queue.months() == []
        assert_equals_a_backfill(copy, tmp_path / "fresh")


def test_an_issue_that_moves_and_is_deleted_is_deleted_once(tmp_path: Path) -> None:
    with odd_copy([full_issue(1), full_issue(2)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        moved = change(site, "10001", created=on(MARCH))
        copy.deliver(moved)
        copy.drain()
        copy.apply(MONTH)
        copy.deliver(delete(site, "10001"))
        copy.catch_up()
        assert places(copy) == [("SUP-2", MONTH)]
        assert copy.rows("SELECT issue_id, count(*) FROM jira.deleted_issues GROUP BY ALL") == [("10001", 1)]
        assert copy.queue.months() == []


def test_an_issue_that_moves_while_both_months_are_loaded_is_in_one(tmp_path: Path) -> None:
    with odd_copy([full_issue(1), full_issue(2)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        change(site, "10001", created=on(MARCH))
        copy.backfill([MARCH])
        assert places(copy) == [("SUP-1", MARCH), ("SUP-2", MONTH)]
        # The log of the month that it has left says so: no later build brings it back.
        copy.database.unlink()
        assert places(copy) == [("SUP-1", MARCH), ("SUP-2", MONTH)]


def test_a_month_whose_only_issue_has_left_is_empty_and_no_error(tmp_path: Path) -> None:
    with odd_copy([full_issue(1)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        change(site, "10001", created=on(MARCH))
        copy.backfill([MONTH])
        assert copy.queue.months() == [MARCH]
        copy.catch_up()
        assert places(copy) == [("SUP-1", MARCH)]
        assert copy.raw.moved(MONTH) == {"10001"}


def test_an_old_answer_does_not_bring_an_issue_back_into_its_old_month(tmp_path: Path) -> None:
    stale: list[dict[str, Any]] = []

    def lag(asked: Asked, answered: Answered) -> None:
        if stale and asked.path.endswith("/search/jql") and MONTH in str(stale):
            answered.json["issues"] = stale

    with odd_copy([full_issue(1), full_issue(2)], tmp_path, lag) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        old = [site.get("10001"), site.get("10002")]
        change(site, "10001", created=on(MARCH))
        copy.backfill([MARCH])
        stale += old
        copy.backfill([MONTH])
        stale.clear()
        copy.catch_up()
        assert places(copy) == [("SUP-1", MARCH), ("SUP-2", MONTH)]


def test_an_issue_of_before_the_first_month_leaves_the_tables_and_is_named(tmp_path: Path) -> None:
    with odd_copy([full_issue(1), full_issue(2)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        change(site, "10001", created=on("1999-03"))
        copy.backfill([MONTH])
        assert places(copy) == [("SUP-2", MONTH)]
        assert copy.queue.months() == []
        assert copy.rows("SELECT * FROM jira.deleted_issues") == []


@pytest.mark.parametrize("created", ["2031-05-05T10:00:00.000+0000", "9999-12-31T10:00:00.000+0000"])
def test_an_issue_of_the_future_is_stored_with_the_last_month_and_let_go_when_corrected(
    tmp_path: Path, created: str
) -> None:
    now = month_of(datetime.now(UTC))
    with odd_copy([full_issue(1, comments=1), full_issue(2)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        change(site, "10001", created=created)
        copy.backfill([MONTH, now])
        assert places(copy) == [("SUP-1", created[:7]), ("SUP-2", MONTH)]
        change(site, "10001", created=on(MONTH))
        copy.backfill([now, MONTH])
        copy.catch_up()
        assert places(copy) == [("SUP-1", MONTH), ("SUP-2", MONTH)]
        assert copy.queue.months() == []


def test_an_issue_of_a_month_that_has_not_begun_here_is_not_lost(tmp_path: Path) -> None:
    in_next_month = (datetime.now(UTC).replace(day=28) + timedelta(days=5)).replace(day=1, hour=0)
    stamp = in_next_month.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    with odd_copy([full_issue(1)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        site.put(full_issue(2, created=stamp, updated=stamp))
        copy.deliver(change(site, "10002", summary="just after midnight"))
        copy.drain()
        assert copy.queue.months() == [month_of(in_next_month)]
        copy.catch_up()
        assert places(copy) == [("SUP-1", MONTH), ("SUP-2", month_of(in_next_month))]


def test_what_is_damaged_in_another_month_keeps_no_issue_from_being_written(tmp_path: Path) -> None:
    with odd_copy([full_issue(1)], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        change(site, "10001", created=on(MARCH))
        copy.backfill([MARCH])
        (segment,) = (tmp_path / "copy" / "raw" / "issues" / MONTH).glob("*.parquet")
        segment.write_bytes(b"damaged")
        assert ("SUP-1", MARCH) in places(copy)


def test_a_state_that_was_asked_for_late_and_is_old_does_not_hold_an_issue_in_its_old_month(
    tmp_path: Path,
) -> None:
    with odd_copy([full_issue(1, description="long")], tmp_path) as (site, copy):
        copy.backfill([MONTH])
        copy.build()
        (stored,) = copy.raw.latest(MONTH)
        payload = stored.payloads[Part.ISSUE]
        updated, asked = (datetime(2024, 2, day, tzinfo=UTC) for day in (1, 2))
        late = datetime.now(UTC) + timedelta(minutes=5)
        old = Record("10001", Part.ISSUE, updated, late, Source.WEBHOOK, payload, without=("labels",))
        copy.raw.append(MONTH, [old, replace(old, fetched_at=asked, without=("votes",))])
        change(site, "10001", created=on(MARCH))
        copy.backfill([MARCH])
        assert places(copy) == [("SUP-1", MARCH)]


def test_the_sweep_finds_a_correction_that_no_event_and_no_update_told_of(tmp_path: Path) -> None:
    with odd_copy([full_issue(1), full_issue(2, created=on(MARCH))], tmp_path) as (site, copy):
        copy.backfill([MONTH, MARCH])
        copy.build()
        issue = site.get("10001")
        issue["fields"]["created"] = on(MARCH)
        site.put(issue)
        assert copy.sweep().outdated == ["SUP-1"]
        copy.catch_up()
        assert places(copy) == [("SUP-1", MARCH), ("SUP-2", MARCH)]
        assert copy.sweep().outdated == []
