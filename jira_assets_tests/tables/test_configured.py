"""Columns that come from a site's own fields, and `custom_fields`, which has all the others."""

import msgspec
import pytest

from jira_assets.raw.record import Part
from jira_assets_tests.tables.building import build, build_issue, issue, row
from jira_assets_tests.tables.sites import site_with

_SITE = site_with(
    {
        "customfield_1": "Severity",
        "customfield_2": "Request Type",
        "customfield_3": "Organizations",
        "customfield_4": "Request participants",
        "customfield_5": "Satisfaction",
        "customfield_6": "Time to first response",
        "customfield_7": "Team",
        "customfield_8": "Team",
        "customfield_9": "Time to resolution",
    }
)


def test_configured_columns_find_their_fields_by_name() -> None:
    found = row(
        build_issue(
            _SITE,
            customfield_1={"value": "High", "id": "1"},
            customfield_2={"requestType": {"name": "Access"}, "currentStatus": {"status": "Waiting for you"}},
            customfield_3=[{"id": "1", "name": "ACME"}, {"id": "2", "name": "Initech"}],
            customfield_4=[{"accountId": "1", "displayName": "Ann"}],
            customfield_5={"rating": 4},
        )
    )
    assert (found["severity"], found["request_type"], found["request_status"], found["satisfaction"]) == (
        "High",
        "Access",
        "Waiting for you",
        4,
    )
    assert (found["organizations"], found["participants"]) == (["ACME", "Initech"], ["Ann"])
    assert found["custom_fields"] is None


_ONGOING = {"breached": False, "goalDuration": {"millis": 3_600_000}, "elapsedTime": {"millis": 60_000}}
_COMPLETED = {"breached": True, "goalDuration": {"millis": 7_200_000}, "elapsedTime": {"millis": 9_000_000}}


@pytest.mark.parametrize(
    ("agreement", "expected"),
    [
        ({"ongoingCycle": _ONGOING, "completedCycles": [_COMPLETED]}, (False, 3_600_000, 60_000)),
        ({"completedCycles": [_ONGOING, _COMPLETED]}, (True, 7_200_000, 9_000_000)),
        ({"completedCycles": []}, (None, None, None)),
    ],
)
def test_an_agreement_shows_its_ongoing_or_else_its_last_cycle(agreement: object, expected: object) -> None:
    slas = {"customfield_6": agreement, "customfield_9": agreement}
    built = build({Part.ISSUE: issue(), Part.SLA: slas}, site=_SITE)
    found = row(built)
    for prefix in ("first_response", "time_to_resolution"):
        columns = (f"{prefix}_breached", f"{prefix}_goal_millis", f"{prefix}_elapsed_millis")
        assert tuple(found[column] for column in columns) == expected
    assert built.problems == []


@pytest.mark.parametrize(
    "wrong", [7, "text", [], {}, {"requestType": None}, {"ongoingCycle": {}}, [None], [7]]
)
def test_a_configured_field_of_another_shape_is_null_and_reported(wrong: object) -> None:
    names = {
        "customfield_2": "Request Type",
        "customfield_3": "Organizations",
        "customfield_6": "Time to resolution",
    }
    site = site_with(names)
    built = build_issue(site, customfield_2=wrong, customfield_3={"a": 1}, customfield_6="no SLA")
    found = row(built)
    assert (found["request_type"], found["organizations"], found["time_to_resolution_breached"]) == (
        None,
        None,
        None,
    )
    assert {problem.issue_key for problem in built.problems} == {"SUP-1"}
    assert {"organizations", "time_to_resolution_breached"} <= {problem.field for problem in built.problems}


def test_names_of_configured_fields_ignore_case() -> None:
    site = site_with({"customfield_1": "SEVERITY"})
    assert row(build_issue(site, customfield_1="S1"))["severity"] == "S1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"value": "High"}, "High"),
        ({"value": "EU", "child": {"value": "Prague"}}, "EU > Prague"),
        ({"name": "High"}, "High"),
        ("plain", "plain"),
        (3, "3"),
        (False, "false"),
        (
            {"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Hi"}]}]},
            "Hi",
        ),
        (None, None),
    ],
)
def test_a_configured_text_is_what_a_person_reads_in_the_field(value: object, expected: str | None) -> None:
    assert row(build_issue(_SITE, customfield_1=value))["severity"] == expected


def test_without_a_catalogue_configured_columns_are_null_and_custom_fields_go_by_id() -> None:
    found = row(build_issue(customfield_1={"value": "High"}, customfield_7=None))
    assert found["severity"] is None
    assert found["custom_fields"] == '{"customfield_1":"High"}'


def test_all_other_custom_fields_are_json_by_name() -> None:
    found = row(build_issue(site_with({"customfield_10": "Größe"}), customfield_10=[1, {"a": None}]))
    assert msgspec.json.decode(found["custom_fields"]) == {"Größe": [1, {"a": None}]}


def test_fields_of_the_same_name_are_told_apart_by_their_ids() -> None:
    found = row(build_issue(_SITE, customfield_7="a", customfield_8="b"))
    assert msgspec.json.decode(found["custom_fields"]) == {
        "Team (customfield_7)": "a",
        "Team (customfield_8)": "b",
    }


def test_a_name_that_several_fields_have_configures_nothing() -> None:
    site = site_with({"customfield_1": "SEVERITY", "customfield_2": "severity"})
    found = row(build_issue(site, customfield_1="a", customfield_2="b"))
    assert found["severity"] is None
    assert msgspec.json.decode(found["custom_fields"]) == {"SEVERITY": "a", "severity": "b"}


def test_known_defect_17_several_chosen_options_are_a_list() -> None:
    found = row(build_issue(customfield_1=[{"value": "a"}, {"value": "b"}]))
    assert msgspec.json.decode(found["custom_fields"]) == {"customfield_1": ["a", "b"]}
    configured = row(build_issue(_SITE, customfield_3=[{"name": "it's"}, {"name": '"quoted", with comma'}]))
    assert configured["organizations"] == ["it's", '"quoted", with comma']


def test_several_chosen_options_in_a_configured_text_are_shown_or_reported_but_never_as_python() -> None:
    built = build_issue(_SITE, customfield_1=[{"value": "a"}, {"value": "b"}])
    severity = row(built)["severity"]
    assert (severity is None and built.problems) or (severity and "{" not in severity)
