"""Issues of which some fields could not be loaded, and what is found out about issues beside their state."""

import json

from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, fields_left_out
from jira_assets_tests.privacy.keys import plain_and_sealed
from jira_assets_tests.raw.records import (
    MONTH,
    answer,
    failure,
    fields_of,
    hidden,
    milliseconds,
    moved,
    only,
    record,
    tombstone,
)

pytestmark = plain_and_sealed


def test_a_field_that_could_not_be_loaded_keeps_its_value_and_is_named(log: RawLog) -> None:
    log.append(MONTH, [answer(summary=1, description=1)])
    log.append(MONTH, [answer(updated=1, fetched=1, summary=2, without=("description",))])
    issue = only(log)
    assert fields_of(issue) == {"summary": 2, "description": 1}
    assert "description" in issue.errors[Part.ISSUE]
    assert [(each.part, each.issue_id) for each in log.failures()] == [(Part.ISSUE, "1")]


def test_a_field_that_is_absent_from_a_whole_answer_is_gone(log: RawLog) -> None:
    log.append(MONTH, [answer(summary=1, description=1)])
    log.append(MONTH, [answer(updated=1, fetched=1, summary=2, without=("description",))])
    log.append(MONTH, [answer(updated=1, fetched=2, summary=2)])
    issue = only(log)
    assert (fields_of(issue), issue.errors) == ({"summary": 2}, {})
    assert list(log.failures()) == []


def test_what_no_answer_tells_of_stays_unknown(log: RawLog) -> None:
    log.append(MONTH, [answer(summary=1, without=("description",)), record("2", payload=b"[]")])
    log.append(MONTH, [answer("2", updated=1, summary=2, without=("description",))])
    assert [fields_of(issue) for issue in log.latest(MONTH)] == [{"summary": 1}, {"summary": 2}]


def test_any_id_of_a_field_can_be_named(log: RawLog) -> None:
    odd = ("a,b", 'c"\\\n', "ü:-%2C")
    fields = {"fields": dict.fromkeys(odd, 1)}
    log.append(MONTH, [record(payload=json.dumps(fields).encode())])
    partial = answer(updated=1, without=odd)
    log.append(MONTH, [partial])
    assert fields_left_out(partial.name) == {*odd}
    assert fields_of(only(log)) == dict.fromkeys(odd, 1)


def test_an_issue_that_has_left_its_month_is_not_a_deleted_one(log: RawLog) -> None:
    log.append(MONTH, [record(), record(part=Part.COMMENTS), failure(), moved(fetched=1)])
    issue = only(log)
    assert (issue.payloads, issue.errors, issue.tombstone) == ({}, {}, None)
    assert (log.moved(MONTH), log.tombstoned(MONTH)) == ({"1"}, set())


def test_an_issue_that_comes_back_into_a_month_is_there_again(log: RawLog) -> None:
    log.append(MONTH, [moved(fetched=1), record(fetched=2, payload=b"back")])
    assert only(log).payloads == {Part.ISSUE: b"back"}


def test_an_issue_that_was_deleted_before_or_after_it_left_is_what_it_was_last(log: RawLog) -> None:
    log.append(MONTH, [tombstone("1", fetched=1), moved("1", fetched=2)])
    log.append(MONTH, [tombstone("2", fetched=2), moved("2", fetched=1)])
    assert [issue.tombstone is None for issue in log.latest(MONTH)] == [True, False]


def test_a_hidden_issue_keeps_everything_and_says_since_when(log: RawLog) -> None:
    log.append(MONTH, [record(), record(part=Part.COMMENTS), hidden(fetched=3), hidden(fetched=5)])
    issue = only(log)
    assert issue.payloads == {Part.ISSUE: b"{}", Part.COMMENTS: b"{}"}
    assert issue.hidden_since == milliseconds(5)
    log.append(MONTH, [record(fetched=6)])
    assert only(log).hidden_since is None


def test_other_members_of_a_partial_answer_are_its_own(log: RawLog) -> None:
    old = record(payload=b'{"key": "OLD-1", "fields": {"a": 1, "b": 1}}')
    log.append(MONTH, [old, answer(updated=1, a=2, without=("b",))])
    assert only(log).payloads[Part.ISSUE] == b'{"id":"1","fields":{"a":2,"b":1}}'
