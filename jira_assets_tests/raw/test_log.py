from dataclasses import replace

import pytest

from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Source
from jira_assets_tests.privacy.keys import plain_and_sealed
from jira_assets_tests.raw.records import (
    MONTH,
    failure,
    log_in_memory,
    milliseconds,
    only,
    record,
    second,
    state,
    tombstone,
)

pytestmark = plain_and_sealed


def test_what_was_appended_is_read_back(log: RawLog) -> None:
    log.append(MONTH, [record("7", payload=b'{"id": "7"}', fetched=3, source=Source.WEBHOOK)])
    issue = only(log)
    assert (issue.month, issue.issue_id, issue.source) == (MONTH, "7", "webhook")
    assert issue.payloads == {Part.ISSUE: b'{"id": "7"}'}
    assert issue.fetched_at == {Part.ISSUE: milliseconds(3)}


@pytest.mark.parametrize("payload", [b"[]", b"", b"\x00\xff", "früher 👍".encode(), b"x" * 1_000_000])
def test_payloads_are_kept_byte_for_byte(log: RawLog, payload: bytes) -> None:
    log.append(MONTH, [record(payload=payload)])
    assert only(log).payloads[Part.ISSUE] == payload


def test_a_part_that_was_never_fetched_is_absent_and_one_that_is_empty_is_there(log: RawLog) -> None:
    log.append(MONTH, [record(), record(part=Part.COMMENTS, payload=b"[]")])
    assert only(log).payloads == {Part.ISSUE: b"{}", Part.COMMENTS: b"[]"}


def test_a_later_answer_replaces_its_part_and_no_other(log: RawLog) -> None:
    log.append(MONTH, [record(payload=b"old"), record(part=Part.COMMENTS, payload=b"[1]")])
    log.append(MONTH, [record(payload=b"new", updated=1, fetched=1)])
    assert only(log).payloads == {Part.ISSUE: b"new", Part.COMMENTS: b"[1]"}


def test_known_defect_12_an_older_state_that_arrives_late_does_not_win(log: RawLog) -> None:
    log.append(MONTH, [record(payload=b"new", updated=5, fetched=5)])
    log.append(MONTH, [record(payload=b"old", updated=4, fetched=9)])
    assert only(log).payloads[Part.ISSUE] == b"new"


def test_of_two_answers_about_the_same_state_the_one_asked_for_later_wins(log: RawLog) -> None:
    log.append(MONTH, [record(payload=b"new", updated=5, fetched=9)])
    log.append(MONTH, [record(payload=b"old", updated=5, fetched=8)])
    assert only(log).payloads[Part.ISSUE] == b"new"


def test_the_source_is_that_of_the_issue_itself(log: RawLog) -> None:
    log.append(MONTH, [record(source=Source.RECONCILE), record(part=Part.WORKLOGS, source=Source.WEBHOOK)])
    assert only(log).source == "reconcile"


def test_a_deleted_issue_has_no_payloads_and_is_still_known(log: RawLog) -> None:
    log.append(MONTH, [record(), record(part=Part.COMMENTS), tombstone(fetched=1)])
    assert only(log).payloads == {}
    assert log.issue_ids(MONTH) == {"1"}


def test_known_defect_11_an_answer_from_before_a_deletion_resurrects_nothing(log: RawLog) -> None:
    log.append(MONTH, [tombstone(fetched=5)])
    log.append(MONTH, [record(updated=9, fetched=4)])
    assert only(log).payloads == {}


def test_an_issue_that_is_fetched_after_its_deletion_is_there_again(log: RawLog) -> None:
    log.append(MONTH, [record(fetched=1), record(part=Part.COMMENTS, fetched=1), tombstone(fetched=5)])
    log.append(MONTH, [record(payload=b"back", fetched=6)])
    assert only(log).payloads == {Part.ISSUE: b"back"}


def test_the_latest_deletion_counts_whatever_state_of_the_issue_it_refers_to(log: RawLog) -> None:
    log.append(MONTH, [tombstone(updated=9, fetched=1), record(updated=9, fetched=5)])
    log.append(MONTH, [tombstone(updated=3, fetched=8)])
    assert only(log).payloads == {}


def test_a_failed_attempt_is_reported_and_leaves_what_is_stored(log: RawLog) -> None:
    log.append(MONTH, [record(), record(part=Part.COMMENTS, payload=b"[1]", fetched=1)])
    log.append(MONTH, [failure(part=Part.COMMENTS, fetched=2, error="forbidden")])
    issue = only(log)
    assert issue.payloads[Part.COMMENTS] == b"[1]"
    assert issue.errors == {Part.COMMENTS: "forbidden"}
    assert issue.fetched_at[Part.COMMENTS] == milliseconds(1)


def test_a_part_that_only_ever_failed_is_not_an_empty_part(log: RawLog) -> None:
    log.append(MONTH, [record(), failure(part=Part.REMOTE_LINKS)])
    issue = only(log)
    assert issue.payloads == {Part.ISSUE: b"{}"}
    assert issue.errors == {Part.REMOTE_LINKS: "503"}


def test_a_success_ends_the_failure_before_it(log: RawLog) -> None:
    log.append(MONTH, [failure(fetched=1)])
    log.append(MONTH, [record(part=Part.COMMENTS, fetched=2)])
    assert only(log).errors == {}


def test_a_failure_that_arrives_after_a_later_success_is_no_news(log: RawLog) -> None:
    log.append(MONTH, [record(part=Part.COMMENTS, fetched=2)])
    log.append(MONTH, [failure(fetched=1)])
    assert only(log).errors == {}


def test_of_several_failures_the_last_is_reported(log: RawLog) -> None:
    log.append(MONTH, [failure(fetched=2, error="second"), failure(fetched=1, error="first")])
    assert only(log).errors == {Part.COMMENTS: "second"}


def test_the_last_failure_is_the_last_in_time_whatever_state_the_issue_was_in(log: RawLog) -> None:
    """Otherwise an earlier one of a newer state, answered meanwhile, would hide it."""
    log.append(MONTH, [record(part=Part.COMMENTS, updated=5, fetched=2), failure(updated=9, fetched=1)])
    log.append(MONTH, [failure(updated=5, fetched=3, error="later")])
    assert only(log).errors == {Part.COMMENTS: "later"}


def test_the_months_are_those_that_have_a_log(log: RawLog) -> None:
    assert log.months() == []
    log.append("2024-02", [record()])
    log.append("2023-12", [record()])
    assert log.months() == ["2023-12", "2024-02"]


def test_the_extent_of_a_month_is_its_newest_number_and_its_size(log: RawLog) -> None:
    assert log.extent(MONTH)[:2] == (0, 0)
    first = log.append(MONTH, [record()])
    second_ = log.append(MONTH, [record()])
    assert first is not None
    assert second_ is not None
    assert log.extent(MONTH)[:2] == (second_.number, first.size + second_.size)
    assert first.size == first.path.stat().st_size


def test_changes_are_what_newer_segments_speak_of(log: RawLog) -> None:
    log.append(MONTH, [record("1"), record("2")])
    before = log.changes(MONTH, since=0)
    log.append(MONTH, [record("2"), record("10")])
    after = log.changes(MONTH, since=before.watermark)
    assert before.issue_ids == ("1", "2")
    assert after.issue_ids == ("10", "2")
    assert log.changes(MONTH, since=after.watermark).issue_ids == ()
    assert log.changes(MONTH, since=after.watermark).watermark == after.watermark


def test_a_failure_and_a_deletion_are_changes(log: RawLog) -> None:
    log.append(MONTH, [failure("3"), tombstone("4")])
    assert log.changes(MONTH, since=0).issue_ids == ("3", "4")


def test_some_issues_are_read_without_the_others(log: RawLog) -> None:
    log.append(MONTH, [record(str(number)) for number in range(20)])
    assert [issue.issue_id for issue in log.latest(MONTH, ["17", "3", "unknown"])] == ["17", "3"]
    assert list(log.latest(MONTH, [])) == []


def test_a_month_without_a_log_is_empty(log: RawLog) -> None:
    assert list(log.latest(MONTH)) == []
    assert log.issue_ids(MONTH) == set()
    assert log.changes(MONTH, since=4).watermark == 4


def test_appending_nothing_leaves_no_segment(log: RawLog) -> None:
    assert log.append(MONTH, []) is None
    assert log.months() == []


@pytest.mark.parametrize("month", ["../../etc", "2024", "2024-13", "2024-1", "", "2024-01/..", "2024-01\n"])
def test_known_defect_4_what_is_no_month_never_becomes_a_path(log: RawLog, month: str) -> None:
    with pytest.raises(ValueError, match="is not a month"):
        log.append(month, [record()])
    with pytest.raises(ValueError, match="is not a month"):
        list(log.latest(month))


def test_an_issue_id_is_never_part_of_a_path(log: RawLog) -> None:
    log.append(MONTH, [record("../../etc/passwd")])
    assert only(log).issue_id == "../../etc/passwd"


def test_microseconds_between_two_fetches_decide(log: RawLog) -> None:
    earlier = replace(record(payload=b"earlier"), fetched_at=second(1).replace(microsecond=1))
    later = replace(record(payload=b"later"), fetched_at=second(1).replace(microsecond=2))
    log.append(MONTH, [later, earlier])
    assert only(log).payloads[Part.ISSUE] == b"later"


def test_a_log_in_an_object_store_works_like_one_in_a_folder(log: RawLog) -> None:
    with log_in_memory() as elsewhere:
        assert elsewhere.months() == []
        assert list(elsewhere.latest(MONTH)) == []
        for number in range(20):
            for each in (log, elsewhere):
                each.append(MONTH, [record(str(number % 7), updated=number), tombstone("5"), failure("6")])
        for each in (log, elsewhere):
            each.compact(MONTH)
        assert state(elsewhere) == state(log) != {}
        assert elsewhere.changes(MONTH, since=18) == log.changes(MONTH, since=18)
        assert elsewhere.months() == [MONTH]


def test_failures_are_found_in_all_months_or_in_some(log: RawLog) -> None:
    log.append("2024-01", [record("1"), failure("1", error="403"), failure("2", fetched=1)])
    log.append("2024-01", [record("2", Part.COMMENTS, fetched=2)])
    log.append("2024-02", [failure("3", Part.WORKLOGS, error="503")])
    everywhere = [(found.month, found.issue_id, found.part, found.error) for found in log.failures()]
    assert everywhere == [("2024-01", "1", Part.COMMENTS, "403"), ("2024-02", "3", Part.WORKLOGS, "503")]
    assert [found.issue_id for found in log.failures(["2024-02"])] == ["3"]
