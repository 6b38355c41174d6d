"""Configured columns of every type: the values that suit them, and those that do not."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jira_assets.raw.record import Part
from jira_assets.tables.catalogue import Catalogue
from jira_assets.tables.declare import Column, Kind
from jira_assets.tables.field_columns import FieldColumn, FieldMapping
from jira_assets.tables.field_types import FIELD_TYPES
from jira_assets.tables.frames import Builder, Built
from jira_assets.tables.mapping_file import read_mapping
from jira_assets.tables.resolve import resolve
from jira_assets.text.rendering import Rendering
from jira_assets_tests.tables.building import build, issue, row
from jira_assets_tests.tables.sites import field, site_with

_TEXT = {"type": "text", "text": "Hi", "marks": [{"type": "strong"}]}
_DOCUMENT = {"type": "doc", "content": [{"type": "paragraph", "content": [_TEXT]}]}
_ANN = {"accountId": "5b1", "displayName": "Ann", "emailAddress": "ann@example.com"}
_REQUEST = {"requestType": {"id": "1", "name": "Access"}, "currentStatus": {"status": "Open"}}


def column(type_: str, part: str = "", name: str = "shown") -> FieldColumn:
    declared = FIELD_TYPES[type_][part]
    return FieldColumn(
        Column(name, declared.kind, ".", declared.personal), type_, part, field_id="customfield_1"
    )


def built_with(mapping: FieldMapping, payload: object, **parts: object) -> Built:
    """All tables of an issue for a site with this mapping."""
    tables = Catalogue(mapping).tables
    site = resolve(mapping, [field("customfield_1", "One")]).site()
    stored = {Part.ISSUE: payload, **{Part(name): value for name, value in parts.items()}}
    return build(stored, site=site, tables=tables)


def shown(type_: str, part: str, value: object) -> tuple[Any, list[str]]:
    """The value of a column of this type, and what was noted."""
    built = built_with((column(type_, part),), issue(customfield_1=value))
    return row(built)["shown"], [problem.reason for problem in built.problems]


@pytest.mark.parametrize(
    ("type_", "part", "value", "expected"),
    [
        ("text", "", "plain", "plain"),
        ("text", "", [{"value": "a"}, "b", None], "a, b"),
        ("text", "", _ANN, "Ann"),
        ("text", "", _REQUEST, "Access"),
        ("number", "", 3, 3.0),
        ("number", "", 0.5, 0.5),
        ("number", "", "2.5", 2.5),
        ("boolean", "", False, False),
        ("boolean", "", "True", True),
        ("date", "", "2024-02-29", date(2024, 2, 29)),
        ("timestamp", "", "2024-01-05T10:00:00.007+0100", datetime(2024, 1, 5, 9, 0, 0, 7000, UTC)),
        ("timestamp", "", 1_704_106_800_123, datetime(2024, 1, 1, 11, 0, 0, 123_000, UTC)),
        ("option", "", {"value": "High", "id": "1"}, "High"),
        ("option", "", {"value": "EU", "child": {"value": "Prague"}}, "EU > Prague"),
        ("option", "", {"name": "4.1.0"}, "4.1.0"),
        ("option", "", "High", "High"),
        ("option list", "", [{"value": "a"}, {"name": "b"}, "c"], ["a", "b", "c"]),
        ("option list", "", [], []),
        ("user", "name", _ANN, "Ann"),
        ("user", "account id", _ANN, "5b1"),
        ("user", "email", _ANN, "ann@example.com"),
        ("user", "email", {"accountId": "5b1"}, None),
        ("user", "account id", {"name": "ann", "key": "JIRAUSER1"}, "JIRAUSER1"),
        ("user list", "name", [_ANN, {"displayName": "Bo"}], ["Ann", "Bo"]),
        ("user list", "email", [_ANN, {"displayName": "Bo"}], ["ann@example.com"]),
        ("user list", "name", [_ANN, None, {"accountId": "5b2"}], ["Ann", "5b2"]),
        ("user list", "account id", [_ANN, None, {"accountId": "5b2"}], ["5b1", "5b2"]),
        ("option list", "", [{"value": "a"}, None], ["a"]),
        ("organisations", "", [{"id": "1", "name": "ACME"}, None], ["ACME"]),
        ("rich text", "", _DOCUMENT, "**Hi**"),
        ("rich text", "", "*wiki*", "*wiki*"),
        ("request type", "name", _REQUEST, "Access"),
        ("request type", "status", _REQUEST, "Open"),
        ("request type", "status", {"requestType": {"name": "Access"}}, None),
        ("satisfaction", "", {"rating": 4}, 4),
        ("satisfaction", "", {"rating": 4.0}, 4),
        ("satisfaction", "", {"rating": "4"}, 4),
        ("satisfaction", "", {"rating": None}, None),
        ("json", "", {"a": [1, None]}, '{"a":[1,null]}'),
    ],
)
def test_a_value_that_suits_its_type(type_: str, part: str, value: object, expected: object) -> None:
    assert shown(type_, part, value) == (expected, [])


@pytest.mark.parametrize(
    ("type_", "part", "value", "shape"),
    [
        ("number", "", "many", "a text of 4 characters"),
        ("number", "", True, "true or false"),
        ("number", "", "nan", "a text of 3 characters"),
        ("boolean", "", 1, "a number"),
        ("date", "", 20240229, "a number"),
        ("date", "", "29.2.2024", "a text of 9 characters"),
        ("timestamp", "", {"iso8601": "2024"}, "an object with keys iso8601"),
        ("timestamp", "", "yesterday", "a text of 9 characters"),
        ("option", "", [{"value": "a"}, {"value": "b"}], "a list of 2"),
        ("option list", "", {"id": "7"}, "an object with keys id"),
        ("user", "name", "Ann", "a text of 3 characters"),
        ("user", "name", {"displayName": ["Ann", "Bob"]}, "an object with keys displayName"),
        ("user list", "name", [{"self": "x"}], "an object with keys self"),
        ("organisations", "", [{"name": None}], "an object with keys name"),
        ("rich text", "", {"type": "table"}, "an object with keys type"),
        ("request type", "name", {}, "an empty object"),
        *(
            ("satisfaction", "", {"rating": rating}, "an object with keys rating")
            for rating in ("good", "", "4.6", 4.6, True, 2**63)
        ),
        ("sla", "breached", {"breached": True}, "an object with keys breached"),
    ],
)
def test_a_value_of_another_shape_is_null_and_its_shape_is_told_but_not_what_it_says(
    type_: str, part: str, value: object, shape: str
) -> None:
    found, (reason,) = shown(type_, part, value)
    assert found is None
    assert f"holds {shape}" in reason
    assert not any(secret in reason for secret in ("Ann", "yesterday", "29.2.2024", "good"))


@pytest.mark.parametrize(
    ("type_", "part", "value", "expected", "told"),
    [
        ("option", "", [{"value": "a"}], "a", []),
        ("option", "", {"value": 7}, "7", []),
        ("option", "", 7, "7", []),
        ("number", "", ["3600"], 3600.0, []),
        ("option list", "", {"value": "a"}, ["a"], []),
        ("option list", "", [{"value": "a"}, 7, None], ["a", "7"], []),
        ("option list", "", [{"value": "a"}, {"id": "8"}], ["a"], ["keys id"]),
        ("organisations", "", {"name": "ACME"}, ["ACME"], []),
        ("user list", "name", [{"accountId": "5b", "displayName": {}}, {"displayName": 7}], ["5b", "7"], []),
        ("user list", "account id", [{"accountId": "5b", "displayName": {"a": 1}}], ["5b"], []),
        ("satisfaction", "", {"rating": "4.0"}, 4, []),
    ],
)
def test_what_says_the_same_in_another_shape_is_kept_and_costs_no_neighbour(
    type_: str, part: str, value: object, expected: object, told: list[str]
) -> None:
    found, reasons = shown(type_, part, value)
    assert found == expected
    assert len(reasons) == len(told)
    assert all(words in reason for words, reason in zip(told, reasons, strict=True))


_EVERY = tuple(
    column(type_, part, f"c{number}")
    for number, (type_, part) in enumerate((t, p) for t, parts in FIELD_TYPES.items() for p in parts)
)


def test_what_jira_leaves_empty_is_null_in_columns_of_all_types() -> None:
    built = built_with(_EVERY, issue(customfield_1=None))
    assert {row(built)[each.column.name] for each in _EVERY} == {None}
    assert built.problems == []


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "child", "name", "displayName", "accountId", "requestType", "rating"])
            | st.sampled_from(["currentStatus", "status", "type", "content", "emailAddress", "key"]),
            children,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(_json)
@settings(max_examples=200, deadline=None)
def test_any_json_in_a_column_of_any_type_costs_no_other(value: object) -> None:
    payload = json.dumps(issue(customfield_1=value, duedate="2024-02-01")).encode()
    built = built_with(_EVERY, payload)
    assert row(built)["due_date"] == date(2024, 2, 1)
    assert built.frames["issues"].schema == Catalogue(_EVERY).by_name["issues"].schema


def test_fields_of_the_system_can_be_shown_too() -> None:
    names = {"statuscategorychangedate": "timestamp", "priority": "option", "workratio": "number"}
    mapping = tuple(
        FieldColumn(Column(f"my_{id_}", FIELD_TYPES[type_][""].kind, "."), type_, "", field_id=id_)
        for id_, type_ in names.items()
    )
    payload = issue(
        statuscategorychangedate="2024-01-05T10:00:00.000+0000",
        priority={"name": "High", "id": "2"},
        workratio=-1,
    )
    found = row(built_with(mapping, payload))
    assert found["my_statuscategorychangedate"] == datetime(2024, 1, 5, 10, tzinfo=UTC)
    assert (found["my_priority"], found["priority"], found["my_workratio"]) == ("High", "High", -1.0)
    assert found["custom_fields"] is None


def test_a_german_site_is_mapped_by_ids(tmp_path: Path) -> None:
    file = tmp_path / "fields.toml"
    file.write_text(
        '[columns.first_response_breached]\nid = "customfield_6"\ntype = "sla"\npart = "breached"\n'
    )
    site = site_with({"customfield_6": "Zeit bis zur ersten Antwort"}, mapping := read_mapping(file))
    cycle = {"ongoingCycle": {"breached": True}}
    built = build(
        {Part.ISSUE: issue(), Part.SLA: {"customfield_6": cycle}}, site=site, tables=Catalogue(mapping).tables
    )
    assert row(built)["first_response_breached"] is True
    assert row(built, "sla_cycles")["sla_name"] == "Zeit bis zur ersten Antwort"


def test_rich_text_is_written_as_the_site_is_configured() -> None:
    mapping = (column("rich text"),)
    site = resolve(mapping, [field("customfield_1")]).site(rendering=Rendering.PLAIN)
    built = build({Part.ISSUE: issue(customfield_1=_DOCUMENT)}, site=site, tables=Catalogue(mapping).tables)
    assert row(built)["shown"] == "Hi"


def test_columns_of_sql_words_go_through_a_builder_of_some_tables() -> None:
    mapping = (column("number", name="select"), column("text", name="group"))
    tables = [Catalogue(mapping).by_name[name] for name in ("issues", "unreadable_values")]
    site = resolve(mapping, [field("customfield_1")]).site()
    assert Builder(tables, site).build([]).frames["issues"].schema["select"] == Kind.NUMBER.polars
