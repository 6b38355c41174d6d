"""The mapping file: what it can say, and what it says when it is wrong."""

from pathlib import Path

import pytest

from jira_assets.tables.catalogue import Catalogue
from jira_assets.tables.declare import Kind, Personal
from jira_assets.tables.field_columns import FieldMapping
from jira_assets.tables.field_types import FIELD_TYPES
from jira_assets.tables.frames import Builder
from jira_assets.tables.issue import Site
from jira_assets.tables.mapping_file import MappingError, is_usable_name, read_mapping

DEFAULT = [
    "request_type",
    "request_status",
    "severity",
    "triage",
    "configuration_item",
    "participants",
    "organizations",
    "spam",
    "context",
    "keboola_platform_url",
    "slack_link",
    "technical_issue_category",
    "email_address",
    "satisfaction",
    "l3_team",
    "first_response_breached",
    "first_response_goal_millis",
    "first_response_elapsed_millis",
    "time_to_resolution_breached",
    "time_to_resolution_goal_millis",
    "time_to_resolution_elapsed_millis",
]


def mapping(folder: Path, text: str) -> FieldMapping:
    file = folder / "fields.toml"
    file.write_text(text)
    return read_mapping(file)


def test_the_default_has_the_columns_of_the_reference_documentation() -> None:
    found = read_mapping()
    assert [each.column.name for each in found] == DEFAULT
    kinds = {each.column.name: each.column.kind for each in found}
    assert {name for name, kind in kinds.items() if kind is not Kind.TEXT} == {
        *("participants", "organizations", "satisfaction"),
        *(name for name in DEFAULT if name.endswith(("_breached", "_millis"))),
    }
    assert {kinds["first_response_breached"], kinds["satisfaction"]} == {Kind.BOOLEAN, Kind.INTEGER}
    assert all(each.optional for each in found)


def test_a_column_is_what_the_file_says(tmp_path: Path) -> None:
    (found,) = mapping(
        tmp_path,
        '[columns.order]\nid = "customfield_7"\ntype = "user"\npart = "email"\ndescription = "Who pays."',
    )
    assert (found.column.name, found.column.kind, found.column.description) == (
        "order",
        Kind.TEXT,
        "Who pays.",
    )
    assert (found.column.personal, found.field_id, found.field_name, found.optional) == (
        Personal.CONTACT,
        "customfield_7",
        None,
        False,
    )


@pytest.mark.parametrize("type_", [type_ for type_ in FIELD_TYPES if type_ != "sla"])
def test_every_type_can_be_had_without_a_part_but_that_of_slas(type_: str, tmp_path: Path) -> None:
    (found,) = mapping(tmp_path, f'[columns.a]\nname = "A"\ntype = "{type_}"')
    assert found.part == next(iter(FIELD_TYPES[type_]))


@pytest.mark.parametrize("name", ["order", "select", "group", "user", "größe", "_x", "サイズ", "rowid", "a1"])
def test_words_of_sql_and_of_other_languages_are_names(name: str, tmp_path: Path) -> None:
    assert is_usable_name(name)
    written = mapping(tmp_path, f'[columns."{name}"]\nname = "A"\ntype = "text"')
    table = Catalogue(written).by_name["issues"]
    assert name in [column.name for column in table.columns]


def test_a_mapping_makes_the_columns_of_issues(tmp_path: Path) -> None:
    written = mapping(tmp_path, '[columns.group]\nname = "A"\ntype = "number"')
    names = [column.name for column in Catalogue(written).by_name["issues"].columns]
    assert names[names.index("group") - 1 : names.index("group") + 2] == [
        "issuelink_count",
        "group",
        "custom_fields",
    ]
    assert len(names) == len(Catalogue(read_mapping()).by_name["issues"].columns) - len(DEFAULT) + 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[columns.a]\nid = nothing", "is not TOML: .*line 2"),
        ("[columns.a]\n[columns.a]", "is not TOML: .*columns.*twice"),
        ('columns = "none"', "columns is 'none'. Write a table for each column"),
        ("[[columns]]\na = 1", r"columns is \[{'a': 1}\]. Write a table for each column"),
        (f"a = {'9' * 10_000}", "is not TOML: .*digits"),
        (f"a = {'[' * 10_000}", "is not TOML: .*recursion"),
        (f"[columns.a]\nname = 0x{'f' * 10_000}", r"columns\.a: name is a number of many digits"),
        ("[colums.a]", "'colums' is unknown. Use columns"),
        ("[columns]\na = 1", r"columns\.a: it is 1, not a table"),
        ('[columns.a]\nname = "A"', r"columns\.a: it has no type. Use one of text, number"),
        ('[columns.a]\nname = "A"\ntype = "txt"', r"columns\.a: type is 'txt'. Use one of text"),
        ('[columns.a]\nname = "A"\ntype = 7', r"columns\.a: type is 7. It must be a text"),
        ('[columns.a]\nname = "A"\ntype = "text"\nfield = 1', "'field' is unknown. Use name, id"),
        ('[columns.a]\nname = "A"\nid = "b"\ntype = "text"', r"columns\.a: both name and id are given"),
        ('[columns.a]\ntype = "text"', r"columns\.a: neither name nor id is given"),
        ('[columns.a]\nname = " "\ntype = "text"', "name is ' '. It must be a text"),
        ('[columns.a]\nid = "cf[7]"\ntype = "text"', "no id of a field, as customfield_10030 is"),
        ('[columns.a]\nname = "A"\ntype = "sla"', "it has no part. Use one of breached, goal, elapsed"),
        ('[columns.a]\nname = "A"\ntype = "sla"\npart = "x"', "part is 'x'. Use one of breached"),
        ('[columns.a]\nname = "A"\ntype = "text"\npart = "x"', "of type text has none"),
        ('[columns.a]\nname = "A"\ntype = "text"\npersonal = "x"', "personal is 'x'. Use one of none"),
        ('[columns.a]\nname = "A"\ntype = "text"\noptional = "yes"', "It must be true or false"),
        ('[columns.A]\nname = "A"\ntype = "text"', r"columns\.A: that is no name for a column"),
        ('[columns."a b"]\nname = "A"\ntype = "text"', "that is no name for a column"),
        ('[columns.1st]\nname = "A"\ntype = "text"', "that is no name for a column"),
        (f'[columns.{"a" * 64}]\nname = "A"\ntype = "text"', "63 characters at most"),
        ('[columns.summary]\nname = "A"\ntype = "text"', "issues has a column of that name on every site"),
        ('[columns.month]\nname = "A"\ntype = "text"', "issues has a column of that name on every site"),
        ('[columns.custom_fields]\nname = "A"\ntype = "text"', "issues has a column of that name"),
    ],
)
def test_what_is_wrong_is_said_with_the_file_and_the_column(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=f"fields.toml.*{says}"):
        mapping(tmp_path, text)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"none\.toml cannot be read: No such file"):
        read_mapping(tmp_path / "none.toml")
    (tmp_path / "fields.toml").write_bytes(b"\xff")
    with pytest.raises(MappingError, match="is not UTF-8"):
        read_mapping(tmp_path / "fields.toml")


def test_editors_may_put_a_byte_order_mark_first(tmp_path: Path) -> None:
    assert mapping(tmp_path, "\ufeff# nothing") == ()


def test_a_site_may_have_no_column_of_its_own() -> None:
    table = Catalogue(()).by_name["issues"]
    frame = Builder([table], Site()).build([]).frames["issues"]
    assert frame.schema == table.schema
    assert not set(DEFAULT) & set(frame.columns)
