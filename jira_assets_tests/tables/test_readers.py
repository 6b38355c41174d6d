"""How columns read their values from elements."""

from typing import NamedTuple

import polars as pl
import pytest

from jira_assets.raw.record import Part
from jira_assets.tables.columns import date, integer, text, text_list
from jira_assets.tables.declare import Column, Kind, Table
from jira_assets.tables.frames import frame
from jira_assets.tables.jira_fields import JIRA_FIELDS
from jira_assets.tables.lookups import LOOKUP_TABLES
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.tables.readers import Rows, each, id_text, of_owner, together
from jira_assets.tables.shapes import Comment, Visibility
from jira_assets_tests.default_tables import TABLES
from jira_assets_tests.tables.building import build, numbered, rows

_COMMENTS = [Comment(id=7, visibility=Visibility(value="Staff")), Comment(id="8"), Comment()]


class _Owner(NamedTuple):
    name: str
    noted: list[tuple[str, str]]

    def note(self, field: str, reason: str) -> None:
        self.noted.append((field, reason))


def read(*columns: Column) -> pl.DataFrame:
    owners = [_Owner(name, []) for name in "abc"]
    return frame(Table("comments", "", columns, ()), Rows(owners, _COMMENTS))


def test_a_path_leads_to_an_attribute_and_to_null_where_something_on_the_way_is_missing() -> None:
    assert read(text("group", "", "visibility.value"))["group"].to_list() == ["Staff", None, None]


def test_a_path_that_no_element_has_is_an_error() -> None:
    with pytest.raises(AttributeError, match="visibilty"):
        read(text("group", "", "visibilty.value"))


def test_ids_are_text_whatever_they_are_in_json() -> None:
    assert read(text("id", "", id_text("id")))["id"].to_list() == ["7", "8", None]


def test_what_a_function_makes_of_owner_and_element() -> None:
    found = read(text("both", "", each(lambda owner, id_: f"{owner.name}{id_}", "id")))
    assert found["both"].to_list() == ["a7", "b8", "cNone"]


def test_columns_that_are_read_together_are_read_once() -> None:
    calls: list[str] = []

    def both(owner: _Owner, _element: Comment) -> tuple[str, int]:
        calls.append(owner.name)
        return owner.name, len(calls)

    name, number = together(both, 2)
    assert read(integer("number", "", number), text("name", "", name)).rows() == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
    ]
    assert calls == ["a", "b", "c"]


def test_what_is_not_of_the_columns_type_is_null_and_noted_by_its_owner() -> None:
    owners = [_Owner("2024-02-29", []), _Owner("2023-02-29", [])]
    found = frame(Table("dates", "", (date("day", "", of_owner("name")),), ()), Rows(owners, [None, None]))
    assert found["day"].is_null().to_list() == [False, True]
    reason = "it holds a text of 10 characters, and not when, as Jira writes it"
    assert [owner.noted for owner in owners] == [[], [("day", reason)]]


def test_a_list_that_is_missing_is_not_an_empty_one() -> None:
    lists = iter([["a", "b"], [], None])
    found = read(text_list("names", "", each(lambda _owner, _element: next(lists))))
    assert found["names"].to_list() == [["a", "b"], [], None]


def test_a_column_without_a_reader_is_an_error() -> None:
    with pytest.raises(TypeError, match="number has no reader"):
        read(Column("number", Kind.INTEGER, ""))


@pytest.mark.parametrize(
    "table", [*TABLES, *LOOKUP_TABLES, OPEN_TICKET_SLAS, JIRA_FIELDS], ids=lambda table: table.name
)
def test_every_column_that_is_read_of_jira_says_how(table: Table) -> None:
    assert [column.name for column in table.columns if column.read is None] == []


def test_what_cannot_be_read_is_told_of_its_own_issue_even_if_another_has_the_same_key() -> None:
    issues = [{Part.ISSUE: numbered(number, duedate="soon") | {"key": "SUP-1"}} for number in (1, 2)]
    found = [(row["issue_id"], row["position"]) for row in rows(build(*issues), "unreadable_values")]
    assert found == [("10001", 0), ("10002", 0)]
