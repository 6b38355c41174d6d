"""Which field a configured column shows."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.raw.site import SiteField, decode_fields
from jira_assets.tables.declare import Column, Kind
from jira_assets.tables.field_columns import FieldColumn
from jira_assets.tables.resolve import Resolved, resolve
from jira_assets_tests.default_tables import MAPPING
from jira_assets_tests.shared_data import shared
from jira_assets_tests.tables.sites import field


def by_name(name: str, *, optional: bool = False) -> FieldColumn:
    return FieldColumn(Column("column", Kind.TEXT, "."), "text", "", field_name=name, optional=optional)


def by_id(field_id: str) -> FieldColumn:
    return FieldColumn(Column("column", Kind.TEXT, "."), "text", "", field_id=field_id)


def resolved(column: FieldColumn, *fields: SiteField, **remembered: str) -> Resolved:
    (found,) = resolve((column,), fields, remembered).columns
    return found


def test_an_id_is_the_field() -> None:
    found = resolved(
        by_id("customfield_1"), field("customfield_1", "A"), field("customfield_2", "customfield_1")
    )
    assert (found.field_id, found.problem) == ("customfield_1", None)


def test_a_name_that_one_field_has_is_that_field() -> None:
    found = resolved(by_name("Größe"), field("customfield_1", "Größe"), field("customfield_2", "größe"))
    assert (found.field_id, found.problem) == ("customfield_1", None)


def test_case_does_not_matter_if_only_one_has_the_name() -> None:
    found = resolved(by_name("severity"), field("customfield_1", "SEVERITY"), field("customfield_2", "Team"))
    assert found.field_id == "customfield_1"


@pytest.mark.parametrize("name", [" Größe  (cm) ", "Gro\u0308ße (cm)", "Größe\u00a0(cm)", "GRÖSSE (㎝)"])
def test_neither_does_how_characters_are_composed_and_spaced(name: str) -> None:
    assert resolved(by_name("Größe (cm)"), field("customfield_1", name)).field_id == "customfield_1"


@pytest.mark.parametrize("names", [("Team", "Team"), ("TEAM", "team")])
def test_a_name_that_several_have_is_no_ones_and_they_are_named(names: tuple[str, str]) -> None:
    fields = [field(f"customfield_{n}", name, "option") for n, name in enumerate(names)]
    found = resolved(by_name("Team", optional=True), *fields)
    assert found.field_id is None
    assert found.problem == (
        f"column: 2 fields have the name 'Team': {names[0]} (customfield_0, option), "
        f"{names[1]} (customfield_1, option)"
    )


def test_a_name_that_nobody_has_is_missed_and_similar_ones_are_named() -> None:
    fields = [field("customfield_1", "Severity level", "option"), field("customfield_2", "Team")]
    found = resolved(by_name("Severity levl"), *fields)
    assert found.problem == (
        "column: no field has the name 'Severity levl'; similar: Severity level (customfield_1, option)"
    )
    assert resolved(by_name("Severity levl", optional=True), *fields).problem is None


def test_an_id_that_nobody_has_is_missed_but_shown_should_issues_have_it() -> None:
    found = resolved(by_id("customfield_12"), field("customfield_13", "A"))
    assert found.field_id == "customfield_12"
    assert found.problem is not None
    assert found.problem == "column: no field has the id customfield_12"


def test_a_renamed_field_keeps_its_column() -> None:
    renamed = field("customfield_1", "Impact")
    newcomer = field("customfield_2", "Severity")
    assert (
        resolved(by_name("Severity"), renamed, newcomer, Severity="customfield_1").field_id == "customfield_1"
    )
    assert resolved(by_name("Severity"), renamed, newcomer).field_id == "customfield_2"


def test_that_another_field_took_the_name_of_a_renamed_one_is_told() -> None:
    renamed, newcomer = field("customfield_1", "Impact"), field("customfield_2", "Severity")
    found = resolved(by_name("Severity"), renamed, newcomer, Severity="customfield_1")
    assert found.field_id == "customfield_1"
    assert found.problem is not None
    assert "it shows Impact (customfield_1, unknown type)" in found.problem
    assert "that name now has Severity (customfield_2, unknown type)" in found.problem
    assert resolved(by_name("Severity"), renamed, Severity="customfield_1").problem is None


def test_if_the_remembered_field_is_gone_the_name_counts() -> None:
    gone = SiteField("customfield_1", "Severity", listed=False)
    newcomer = field("customfield_2", "Severity")
    assert resolved(by_name("Severity"), gone, newcomer, Severity="customfield_1").field_id == "customfield_2"
    assert resolved(by_name("Severity"), newcomer, Severity="customfield_1").field_id == "customfield_2"


def test_what_was_read_of_a_field_that_is_gone_stays_where_it_was() -> None:
    found = resolved(
        by_name("Severity"), SiteField("customfield_1", "Severity", listed=False), Severity="customfield_1"
    )
    assert found.field_id == "customfield_1"
    assert found.problem is not None
    assert "Jira no longer lists its field Severity" in found.problem


@given(st.lists(st.sampled_from(["Severity", "SEVERITY", "Spam", "Team", "", "Ünïcode"])), st.randoms())
def test_the_order_of_the_catalogue_does_not_matter(names: list[str], rng: random.Random) -> None:
    fields = [field(f"customfield_{n}", name) for n, name in enumerate(names)]
    assert resolve(MAPPING, rng.sample(fields, len(fields))) == resolve(MAPPING, fields)


@pytest.mark.parametrize(
    ("site", "ambiguous", "found"),
    [
        ("Apache", ["severity"], set()),
        ("Mojang", [], {"participants", "organizations", "satisfaction", "time_to_resolution_breached"}),
    ],
)
def test_the_default_finds_the_fields_of_a_real_site(
    site: str, ambiguous: list[str], found: set[str]
) -> None:
    catalogue = json.loads(shared("real/field-catalogues/apache_mojang_fields.json").read_bytes())[site]
    resolution = resolve(MAPPING, decode_fields(json.dumps(catalogue).encode()))
    assert [problem.split(":")[0] for problem in resolution.problems] == ambiguous
    assert found <= {name for names in resolution.columns_by_field.values() for name in names}


def test_a_field_of_a_type_that_is_not_known_may_hold_users() -> None:
    fields = [field("customfield_1", "Helper"), field("customfield_2", "Team", "option")]
    fields.append(field("customfield_3", "Watchers", "array of user"))
    known = resolve((), fields).site().other_fields
    assert {"customfield_2", "team"} <= set(known)
    assert not {"customfield_1", "helper"} & set(known)
