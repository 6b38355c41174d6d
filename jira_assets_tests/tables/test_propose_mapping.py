"""Lines that are proposed for the mapping file."""

import json
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jira_assets.raw.site import FieldSchema, SiteField, decode_fields
from jira_assets.tables.catalogue import Catalogue
from jira_assets.tables.mapping_file import is_usable_name, read_mapping
from jira_assets.tables.propose_mapping import guessed_type, proposal
from jira_assets_tests.shared_data import shared

_PLUGIN = "com.atlassian.jira.plugin.system.customfieldtypes:"
_DESK = "com.atlassian.servicedesk:"


def _columns(text: str) -> dict[str, Any]:
    return dict(tomllib.loads(text).get("columns", {}))


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        (FieldSchema("string", custom=_PLUGIN + "textfield"), "text"),
        (FieldSchema("string", custom=_PLUGIN + "textarea"), "rich text"),
        (FieldSchema("number", custom=_PLUGIN + "float"), "number"),
        (FieldSchema("datetime"), "timestamp"),
        (FieldSchema("option-with-child"), "option"),
        (FieldSchema("array", "option"), "option list"),
        (FieldSchema("array", "user"), "user list"),
        (FieldSchema("array", "sd-customerorganization"), "organisations"),
        (FieldSchema("array", "json", "com.pyxis.greenhopper.jira:gh-sprint"), "json"),
        (FieldSchema("any", custom="com.pyxis.greenhopper.jira:gh-epic-link"), "text"),
        (FieldSchema("any", custom="com.pyxis.greenhopper.jira:gh-lexo-rank"), "text"),
        (FieldSchema("any", custom=_DESK + "sd-request-feedback"), "satisfaction"),
        (FieldSchema("sd-servicelevelagreement", custom=_DESK + "sd-sla-field"), "sla"),
        (FieldSchema("sd-customerrequesttype"), "request type"),
        (FieldSchema("any"), "json"),
        (None, "json"),
    ],
)
def test_the_type_is_guessed_from_the_catalogue(schema: FieldSchema | None, type_: str) -> None:
    assert guessed_type(SiteField("customfield_1", "A", schema=schema)) == type_


def test_a_proposal_is_a_mapping_file(tmp_path: Path) -> None:
    sla = FieldSchema("sd-servicelevelagreement")
    fields = [
        SiteField("customfield_1", "Order", schema=FieldSchema("number")),
        SiteField("customfield_2", "Zeit bis zur Lösung", schema=sla),
        SiteField("customfield_3", "Summary"),
        SiteField("customfield_4", "Team"),
        SiteField("customfield_5", "TEAM!"),
        SiteField("customfield_6", "3rd party"),
        SiteField("customfield_7", "☃"),
        SiteField("customfield_8", "Spam"),
    ]
    file = tmp_path / "fields.toml"
    file.write_text(proposal(fields, ["spam"], {"customfield_1": "Filled in 3 of 4 issues"}), "utf-8")
    assert file.read_text("utf-8").startswith("# Filled in 3 of 4 issues\n[columns.order]\n")
    found = {each.column.name: each.field_id for each in read_mapping(file)}
    assert found == {
        "order": "customfield_1",
        "zeit_bis_zur_lösung_breached": "customfield_2",
        "zeit_bis_zur_lösung_goal_millis": "customfield_2",
        "zeit_bis_zur_lösung_elapsed_millis": "customfield_2",
        "summary_3": "customfield_3",
        "team_4": "customfield_4",
        "team_5": "customfield_5",
        "field_3rd_party": "customfield_6",
        "customfield_7": "customfield_7",
        "spam_8": "customfield_8",
    }


def test_a_proposal_hides_nothing() -> None:
    text = proposal([SiteField("customfield_1", "A\u202eB\x85")], [], {})
    assert text.replace("\n", "").isprintable()
    assert _columns(text)["a_b"]["description"] == "The site's field A\u202eB."


_names = st.text(st.characters(codec="utf-8"), max_size=70) | st.sampled_from(
    ["Team", "team", "", "order", "labels", "Team 1", "\x7f\n\x00", '"', "İ", "ﬁ", "a" * 300]
)


@given(st.lists(_names, max_size=8), st.randoms(use_true_random=False))
@example(["Team", "team", "Team 0"], random.Random(0))
def test_any_names_make_usable_columns_of_their_own(names: list[str], rng: random.Random) -> None:
    fields = [SiteField(f"customfield_{n}", name) for n, name in enumerate(names)]
    found = _columns(proposal(fields, ["team_1"], {}))
    assert len(found) == len(names)
    assert all(map(is_usable_name, found))
    assert _columns(proposal(rng.sample(fields, len(fields)), ["team_1"], {})) == found


@pytest.mark.parametrize("site", ["Apache", "Mojang"])
def test_all_fields_of_a_real_site_can_be_columns(site: str, tmp_path: Path) -> None:
    catalogue = json.loads(shared("real/field-catalogues/apache_mojang_fields.json").read_bytes())[site]
    fields = [field for field in decode_fields(json.dumps(catalogue).encode()) if field.is_custom]
    file = tmp_path / "fields.toml"
    file.write_text(proposal(fields, [], {}), "utf-8")
    mapping = read_mapping(file)
    assert {each.field_id for each in mapping} == {field.id for field in fields}
    names = [column.name for column in Catalogue(mapping).by_name["issues"].columns]
    assert len({name.casefold() for name in names}) == len(names)
