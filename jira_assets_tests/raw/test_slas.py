"""SLAs are the part that is not always read whole: each of them keeps its last good value."""

import json

from jira_assets.raw.log import RawLog
from jira_assets.raw.record import NO_AGENT_LICENCE, Part
from jira_assets_tests.privacy.keys import plain_and_sealed
from jira_assets_tests.raw.records import MONTH, failure, milliseconds, only, record, slas

pytestmark = plain_and_sealed

NO_LICENCE = f"{NO_AGENT_LICENCE}: you may not"


def readings(log: RawLog) -> list[tuple[int, dict[str, int | None]]]:
    return [(at, json.loads(payload)) for at, payload in only(log).slas]


def test_what_was_read_of_all_of_them_replaces_what_was_read_before(log: RawLog) -> None:
    log.append(MONTH, [record(), slas(fetched=1, first=1, second=2)])
    log.append(MONTH, [slas(fetched=2, first=3, second=None)])
    assert readings(log) == [(milliseconds(2), {"first": 3, "second": None})]


def test_one_that_could_not_be_read_keeps_its_value(log: RawLog) -> None:
    log.append(MONTH, [record(), slas(fetched=1, first=1, second=2)])
    log.append(MONTH, [slas(fetched=2, first=3), failure(part=Part.SLA, fetched=2, error=NO_LICENCE)])
    assert readings(log) == [(milliseconds(1), {"first": 1, "second": 2}), (milliseconds(2), {"first": 3})]
    assert only(log).errors == {Part.SLA: NO_LICENCE}
    assert only(log).fetched_at[Part.SLA] == milliseconds(2)


def test_the_reason_is_forgotten_when_they_can_be_read_again(log: RawLog) -> None:
    log.append(
        MONTH, [record(), slas(fetched=1, first=1), failure(part=Part.SLA, fetched=1, error=NO_LICENCE)]
    )
    log.append(MONTH, [slas(fetched=2, first=3, second=4)])
    assert only(log).errors == {}


def test_that_there_are_none_is_an_answer_and_replaces_no_value(log: RawLog) -> None:
    log.append(
        MONTH, [record(), slas(fetched=1, first=1), failure(part=Part.SLA, fetched=2, error=NO_LICENCE)]
    )
    log.append(MONTH, [slas(fetched=3)])
    assert only(log).errors == {}
    assert readings(log) == [(milliseconds(1), {"first": 1}), (milliseconds(3), {})]


def test_readings_are_in_the_order_of_time_whatever_fields_they_hold(log: RawLog) -> None:
    log.append(
        MONTH, [record(), slas(fetched=3, first=3), slas(fetched=2, second=2), slas(fetched=1, third=1)]
    )
    assert [at for at, _ in readings(log)] == [milliseconds(1), milliseconds(2), milliseconds(3)]


def test_a_missing_licence_is_no_failure_that_keeps_runs_red(log: RawLog) -> None:
    log.append(MONTH, [record(), failure(part=Part.SLA, fetched=1, error=NO_LICENCE)])
    assert list(log.failures()) == []
    log.append(MONTH, [failure(part=Part.SLA, fetched=2, error="503")])
    assert [found.error for found in log.failures()] == ["503"]


def test_compaction_keeps_what_is_read_of_each(log: RawLog) -> None:
    log.append(MONTH, [record(), slas(fetched=1, first=1, second=2), slas(fetched=2, first=3)])
    before = readings(log)
    for number in range(20):
        log.append(MONTH, [record("2", updated=number)])
    log.compact(MONTH)
    (issue,) = log.latest(MONTH, ["1"])
    assert [(at, json.loads(payload)) for at, payload in issue.slas] == before
