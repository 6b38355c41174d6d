"""Keys and values of `custom_fields`, whatever the fields of a site are called and hold."""

import json
import random

import duckdb
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jira_assets.tables.custom_field_keys import keys
from jira_assets.tables.custom_fields import plain
from jira_assets.text.adf import to_text
from jira_assets.text.rendering import Rendering
from jira_assets_tests.shared_data import shared
from jira_assets_tests.tables.building import build_issue, row
from jira_assets_tests.tables.sites import site_with

_names = st.text(max_size=6) | st.sampled_from(
    ["Team", "team", "TEAM", "", " ", "select", "Größe", "Team (customfield_1)", "customfield_2"]
)


@given(st.lists(_names, max_size=12), st.randoms(use_true_random=False))
@example(["Team", "Team", "Team (customfield_0)"], random.Random(0))
@example(["customfield_1", ""], random.Random(0))
def test_any_names_make_keys_of_their_own_whatever_their_order(names: list[str], rng: random.Random) -> None:
    fields = [(f"customfield_{number}", name) for number, name in enumerate(names)]
    found = keys(fields)
    assert len(set(found.values())) == len(names)
    assert all(found.values())
    assert keys(rng.sample(fields, len(fields))) == found


def test_no_key_is_the_id_of_another_field() -> None:
    found = keys([("customfield_1", "customfield_2"), ("customfield_9", "  ")])
    assert found == {"customfield_1": "customfield_2 (customfield_1)", "customfield_9": "customfield_9"}
    misled = keys([("customfield_1", "customfield_2"), ("customfield_2", "")])
    assert misled == {"customfield_1": "customfield_2 (customfield_1)", "customfield_2": "customfield_2"}


def test_a_name_that_only_one_field_has_is_its_key() -> None:
    names = {"customfield_1": "order", "customfield_2": 'say "hi"', "customfield_3": "Team's / サイズ.$"}
    values = {field_id: field_id for field_id in names}
    found = row(build_issue(site_with(names), **values))["custom_fields"]
    assert json.loads(found) == {name: field_id for field_id, name in names.items()}
    asked = duckdb.execute("SELECT json_extract_string($1::JSON, '$.\"Team''s / サイズ.$\"')", [found])
    assert asked.fetchone() == ("customfield_3",)


@pytest.mark.parametrize("site", ["Apache", "Mojang"])
def test_the_fields_of_a_real_site_have_keys_of_their_own(site: str) -> None:
    catalogue = json.loads(shared("real/field-catalogues/apache_mojang_fields.json").read_bytes())[site]
    fields = [(field["id"], field["name"]) for field in catalogue if field["custom"]]
    found = keys(fields)
    assert len(set(found.values())) == len(fields)
    assert keys(reversed(fields)) == found
    counts = {name: [each for _, each in fields].count(name) for _, name in fields}
    assert all((found[id_] == name) == (counts[name] == 1) for id_, name in fields)


_DOCUMENT = {
    "type": "doc",
    "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "Hi", "marks": [{"type": "em"}]}]}
    ],
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"self": "https://x/1", "value": "High", "id": "1"}, "High"),
        ({"value": "EU", "id": "1", "child": {"value": "Prague", "id": "2"}}, "EU > Prague"),
        ([{"value": "a"}, {"value": "b"}], ["a", "b"]),
        ({"accountId": "5b1", "displayName": "Ann", "active": True}, {"account_id": "5b1", "name": "Ann"}),
        ({"self": "x", "name": "ann", "displayName": "Ann"}, {"account_id": "ann", "name": "Ann"}),
        ([{"accountId": "5b1"}], [{"account_id": "5b1", "name": None}]),
        (_DOCUMENT, "*Hi*"),
        ({"self": "https://x/2", "id": "2", "name": "4.1.0", "released": False}, "4.1.0"),
        ([{"id": "1", "name": "ACME", "_links": {"self": "https://x"}}], ["ACME"]),
        (
            {"requestType": {"name": "Access"}, "currentStatus": {"status": "Open"}},
            {"request_type": "Access", "status": "Open"},
        ),
        (3.5, 3.5),
        (True, True),
        ("2024-01-05", "2024-01-05"),
        ([], []),
        (["label"], ["label"]),
        ({"rating": 4}, {"rating": 4}),
        (
            [{"id": 3, "name": "Sprint 3", "state": "active"}],
            [{"id": 3, "name": "Sprint 3", "state": "active"}],
        ),
        ({"value": "a", "unheard": "of"}, {"value": "a", "unheard": "of"}),
        ({}, {}),
    ],
)
def test_a_value_is_as_analysts_want_it(value: object, expected: object) -> None:
    assert plain(value, to_text) == expected


def test_documents_are_written_as_the_site_is_configured() -> None:
    assert plain(_DOCUMENT, lambda value: to_text(value, Rendering.PLAIN)) == "Hi"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "child", "id", "self", "name", "accountId", "displayName", "type"])
            | st.sampled_from(["requestType", "currentStatus", "status", "_links", "content", "text"]),
            children | st.just("doc"),
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(_json)
def test_any_value_becomes_json(value: object) -> None:
    msgspec.json.encode(plain(value, to_text))


def test_options_below_options_without_end_stay_as_they_are() -> None:
    deep: dict[str, object] = {"value": "a"}
    for _ in range(5000):
        deep = {"value": "a", "child": deep}
    assert plain(deep, to_text) is deep
