"""Values of shapes and sizes that nobody expects, and ids and keys that mean something elsewhere."""

import json
from pathlib import Path
from typing import Any

from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import OddCopy, odd_copy

_ODD_ID = "customfield_\"1\\'; DROP--\n"


def _copied(copy: OddCopy, columns: str) -> list[tuple[Any, ...]]:
    copy.backfill([MONTH])
    copy.build()
    return copy.rows(f"SELECT {columns} FROM jira.issues ORDER BY issue_id")


def _unreadable(copy: OddCopy) -> list[tuple[Any, ...]]:
    return copy.rows("SELECT issue_key, field FROM jira.unreadable_values ORDER BY ALL")


def test_what_can_be_read_of_odd_fields_is_stored_and_the_rest_is_named(tmp_path: Path) -> None:
    odd = full_issue(
        1,
        customfield_1=[{"value": "a", "child": None}, None],
        fixVersions=[{"id": "1", "released": None}, {"name": 2.1}, None],
        labels=["x", 7, None],
        components={"name": "c"},
        priority="High",
        reporter={"name": "jdoe", "key": "JIRAUSER1"},
        timespent=3600.0,
        timeoriginalestimate="7200",
        timeestimate=3600.5,
        resolution="",
        security=[],
    )
    columns = "labels, fix_versions, components, priority, reporter_account_id, security_level, resolution"
    times = "time_spent_s, time_original_estimate_s, time_estimate_s"
    with odd_copy([odd, full_issue(2)], tmp_path) as (_, copy):
        first, _ = _copied(copy, f"{columns}, {times}, custom_fields")
        told = [field for key, field in _unreadable(copy) if key == "SUP-1"]
    assert first[:7] == (["x", "7"], ["2.1"], ["c"], None, "JIRAUSER1", None, None)
    assert first[7:] == (3600, 7200, None, '{"customfield_1":["a",null]}')
    assert told == [
        "issue.fields.fixVersions[2]",
        "issue.fields.labels[2]",
        "issue.fields.priority",
        "issue.fields.resolution",
        "issue.fields.security",
        "issue.fields.timeestimate",
    ]


def test_numbers_beyond_all_types_are_kept(tmp_path: Path) -> None:
    huge = 123456789012345678901234567890
    issues = [
        full_issue(1, customfield_1={"n": huge}, votes={"votes": huge}),
        full_issue(2, customfield_1=[1.5e300, -huge]),
    ]
    with odd_copy(issues, tmp_path) as (_, copy):
        rows = _copied(copy, "custom_fields, votes")
        told = _unreadable(copy)
    assert [(json.loads(custom)["customfield_1"], votes) for custom, votes in rows] == [
        ({"n": huge}, None),
        ([1.5e300, -huge], None),
    ]
    assert told == [("SUP-1", "issue.fields.votes.votes")]


def test_projects_whose_keys_are_words_of_jql_are_copied(tmp_path: Path) -> None:
    issues = [
        full_issue(place * 10 + n, project=key) for place, key in enumerate(("AND", "OR")) for n in (1, 2)
    ]
    with odd_copy(issues, tmp_path, projects=["AND", "OR"]) as (_, copy):
        assert len(_copied(copy, "issue_key")) == 4
        assert copy.take_census().listed == 4


def test_a_field_is_copied_whatever_its_id_is(tmp_path: Path) -> None:
    odd: dict[str, Any] = {_ODD_ID: "odd", "we ird'.*": {"value": 7}, "customfield_" + "x" * 5000: 1}
    fields: list[dict[str, Any]] = [{"id": _ODD_ID, "name": 7}, {"id": "we ird'.*", "schema": "?"}, {}]
    issues = [full_issue(1, **odd), full_issue(2, customfield_1=5)]
    with odd_copy(issues, tmp_path, fields=fields) as (_, copy):
        rows = _copied(copy, "custom_fields")
        told = _unreadable(copy)
    assert [json.loads(row[0]) for row in rows] == [
        {_ODD_ID: "odd", "we ird'.*": {"value": 7}, "customfield_" + "x" * 5000: 1},
        {"customfield_1": 5},
    ]
    assert told == []


def test_what_is_there_of_an_odd_sla_is_stored(tmp_path: Path) -> None:
    cycle = {"startTime": {"epochMillis": 1}, "breached": False, "elapsedTime": {"millis": "3.0"}}
    values = [
        {"id": 1.0, "completedCycles": cycle, "ongoingCycle": None},
        {"completedCycles": [None, cycle | {"goalDuration": {"millis": 7.5}}]},
        {"completedCycles": None, "ongoingCycle": cycle | {"breached": "TRUE", "paused": "?"}},
        {},
        {"errorMessage": "no"},
    ]
    schema = {"type": "sd-servicelevelagreement", "custom": "com.atlassian.servicedesk:sd-sla-field"}
    fields = [{"id": "customfield_1", "name": "Time to resolution", "custom": True, "schema": schema}]
    issues = [full_issue(number, customfield_1=value) for number, value in enumerate(values, 1)]
    with odd_copy(issues, tmp_path, fields=fields) as (_, copy):
        _copied(copy, "issue_key")
        rows = copy.rows("SELECT issue_key, breached, paused, elapsed_millis FROM jira.sla_cycles ORDER BY 1")
        told = _unreadable(copy)
    assert rows == [("SUP-1", False, None, 3), ("SUP-2", False, None, 3), ("SUP-3", True, None, 3)]
    assert told == [
        ("SUP-2", "customfield_1.completedCycles[0]"),
        ("SUP-2", "customfield_1.completedCycles[1].goalDuration.millis"),
        ("SUP-3", "customfield_1.ongoingCycle.paused"),
    ]
