"""The field catalogue beside the raw log, and what is remembered of it."""

import json
from typing import Any

import pytest
from upath import UPath

from jira_assets.raw.errors import RawLogError
from jira_assets.raw.site import (
    FieldSchema,
    SiteField,
    decode_fields,
    read_fields,
    read_resolved,
    write_fields,
    write_resolved,
)


@pytest.fixture
def root(tmp_path: Any) -> UPath:
    return UPath(tmp_path / "raw")


def catalogue(**names: str) -> bytes:
    return json.dumps([{"id": id_, "name": name} for id_, name in names.items()]).encode()


def test_a_catalogue_is_read_as_it_was_written(root: UPath) -> None:
    entry = {
        "id": "customfield_1",
        "key": "customfield_1",
        "name": "Größe",
        "searchable": True,
        "clauseNames": ["cf[1]"],
        "schema": {"type": "array", "items": "option", "custom": "x:multiselect", "customId": 1},
        "scope": {"type": "PROJECT", "project": {"id": "10003"}},
    }
    write_fields(root, json.dumps([entry]).encode())
    (field,) = read_fields(root)
    assert (field.name, field.type, field.clauseNames, field.listed) == (
        "Größe",
        "array of option",
        ("cf[1]",),
        True,
    )
    assert field.scope is not None
    assert field.scope.project is not None
    assert field.scope.project.id == "10003"


def test_before_the_first_catalogue_there_are_no_fields(root: UPath) -> None:
    assert read_fields(root) == ()
    assert read_resolved(root) == {}


def test_a_field_that_jira_no_longer_lists_is_remembered_with_its_last_name(root: UPath) -> None:
    write_fields(root, catalogue(customfield_1="A", customfield_2="B"))
    write_fields(root, catalogue(customfield_1="A", customfield_2="C"))
    write_fields(root, catalogue(customfield_1="A"))
    write_fields(root, b"[]")
    assert [(field.id, field.name, field.listed) for field in read_fields(root)] == [
        ("customfield_1", "A", False),
        ("customfield_2", "C", False),
    ]


def test_a_field_that_is_listed_again_is_what_it_is_now(root: UPath) -> None:
    for names in ({"customfield_1": "A"}, {}, {"customfield_1": "B"}):
        write_fields(root, catalogue(**names))
    assert read_fields(root) == (SiteField("customfield_1", "B"),)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"id": "a", "name": None}, [SiteField("a")]),
        ({"id": "a"}, [SiteField("a")]),
        ({"id": "a", "name": 7, "schema": {"type": "option"}}, [SiteField("a")]),
        ({"id": "a", "name": "A", "schema": "option"}, [SiteField("a", "A")]),
        (
            {"id": "a", "schema": {"type": "option", "new": []}},
            [SiteField("a", schema=FieldSchema("option"))],
        ),
        ({"name": "without an id"}, []),
        ("no object", []),
    ],
)
def test_an_odd_entry_costs_no_other(entry: object, expected: list[SiteField]) -> None:
    found = decode_fields(json.dumps([entry, {"id": "b", "name": "B"}]).encode())
    assert found == [*expected, SiteField("b", "B")]


def test_half_a_character_in_a_name_costs_no_field() -> None:
    payload = rb'[{"id":"a","name":"A\ud83d"},{"id":"b","name":"\ud83d\ude00"}]'
    assert decode_fields(payload) == [SiteField("a", "A\ufffd"), SiteField("b", "😀")]


def test_whether_a_field_is_listed_is_not_for_jira_to_say(root: UPath) -> None:
    write_fields(root, b'[{"id":"a","listed":false},{"id":"b"}]')
    assert [field.listed for field in read_fields(root)] == [True, True]
    write_fields(root, b"[]")
    assert [field.listed for field in read_fields(root)] == [False, False]


@pytest.mark.parametrize("payload", [b"{}", b'[{"id":"\xff"}]', b"[" * 100_000])
def test_what_is_no_list_is_not_kept(root: UPath, payload: bytes) -> None:
    with pytest.raises(RawLogError, match="no list of fields"):
        write_fields(root, payload)
    assert read_fields(root) == ()


def test_ids_are_remembered_by_name_and_added_to(root: UPath) -> None:
    write_resolved(root, {"Severity": "customfield_1"})
    write_resolved(root, {"Team": "customfield_2"})
    write_resolved(root, {"Severity": "customfield_3"})
    assert read_resolved(root) == {"Severity": "customfield_3", "Team": "customfield_2"}


def test_nothing_is_written_if_nothing_is_new(root: UPath) -> None:
    def write() -> list[float]:
        write_fields(root, catalogue(customfield_1="Severity"))
        write_resolved(root, {"Severity": "customfield_1"})
        return [path.stat().st_mtime for path in sorted(root.iterdir())]

    assert write() == write()


@pytest.mark.parametrize("name", ["fields.json", "fields_unlisted.json", "fields_resolved.json"])
def test_a_damaged_file_is_named(root: UPath, name: str) -> None:
    root.mkdir(parents=True)
    (root / name).write_bytes(b"\x00")
    read = read_resolved if name == "fields_resolved.json" else read_fields
    with pytest.raises(RawLogError, match=name):
        read(root)
