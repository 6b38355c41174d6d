"""What stands in the log before Jira is asked is older than the answer, whatever times it bears."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record
from jira_assets_tests.raw.records import (
    MONTH,
    failure,
    hidden,
    log_in_memory,
    moved,
    record,
    second,
    tombstone,
)

NOW, AHEAD = 1000, 9000


@pytest.fixture
def log(tmp_path: Path) -> RawLog:
    return RawLog(UPath(tmp_path))


def ask(log: RawLog, *records: Record) -> None:
    """Append what was asked for after all that the log has by now."""
    log.append(MONTH, log.standing(MONTH, {each.issue_id for each in records}).after(records))


def shown(log: RawLog) -> tuple[bytes | None, bool]:
    """The state that the log shows, and whether the issue is called deleted."""
    (issue,) = log.latest(MONTH)
    return issue.payloads.get(Part.ISSUE), issue.tombstone is not None


@pytest.mark.parametrize("end", [tombstone, moved])
def test_an_end_wins_over_what_was_read_by_a_clock_ahead(log: RawLog, end: object) -> None:
    log.append(MONTH, [record(fetched=AHEAD)])
    ask(log, end(fetched=NOW))  # type: ignore[operator]
    assert shown(log)[0] is None
    assert not log.standing(MONTH).shows("1", second(0))
    ask(log, record(payload=b'"back"', fetched=NOW + 1))
    assert shown(log) == (b'"back"', False)


def test_a_state_that_was_asked_for_later_wins_over_one_of_the_same_update(log: RawLog) -> None:
    log.append(MONTH, [record(fetched=AHEAD, payload=b'"old"')])
    ask(log, record(fetched=NOW, payload=b'"new"'))
    assert shown(log)[0] == b'"new"'
    assert log.standing(MONTH).shows("1", second(0))


def test_reads_that_lag_behind_win_over_nothing(log: RawLog) -> None:
    log.append(MONTH, [record(updated=500, fetched=AHEAD, payload=b'"new"')])
    ask(log, record(updated=400, fetched=NOW, payload=b'"old"'))
    assert shown(log)[0] == b'"new"'


def test_an_update_of_the_future_is_no_reason_to_call_a_state_older(log: RawLog) -> None:
    log.append(MONTH, [record(updated=AHEAD, fetched=NOW - 1, payload=b'"old"')])
    ask(log, record(updated=NOW - 1, fetched=NOW, payload=b'"new"'))
    assert shown(log)[0] == b'"new"'


def test_failures_and_what_is_hidden_are_told_although_what_stands_there_is_of_the_future(
    log: RawLog,
) -> None:
    log.append(MONTH, [record(fetched=AHEAD), record(part=Part.COMMENTS, fetched=AHEAD)])
    ask(log, failure(fetched=NOW), hidden(fetched=NOW))
    (issue,) = log.latest(MONTH)
    assert issue.errors == {Part.COMMENTS: "503"}
    assert issue.hidden_since is not None
    ask(log, record(fetched=NOW + 1), record(part=Part.COMMENTS, fetched=NOW + 1))
    (issue,) = log.latest(MONTH)
    assert (issue.errors, issue.hidden_since) == ({}, None)


def test_a_right_time_begins_no_generation(log: RawLog) -> None:
    log.append(MONTH, [record(fetched=NOW), tombstone(fetched=NOW + 1)])
    before = [record(fetched=NOW + 2), tombstone(fetched=NOW + 3), failure(fetched=NOW + 4)]
    assert log.standing(MONTH).after(before) == before


STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from([0, 9000, -9000, 10**8])), min_size=1, max_size=5)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_one_after_the_other_the_last_one_holds_whatever_the_clocks(steps: list[tuple[bool, int]]) -> None:
    with log_in_memory() as log:
        for number, (is_there, off) in enumerate(steps):
            at = timedelta(seconds=10**6 + number + off) + second(0)
            new = record(payload=f"{number}".encode()) if is_there else tombstone()
            ask(log, replace(new, fetched_at=at))
            assert shown(log) == ((f"{number}".encode(), False) if is_there else (None, True))
