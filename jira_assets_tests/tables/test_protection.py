import base64
import os
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from jira_assets.privacy.errors import Tampered, UnknownKey
from jira_assets.privacy.keyring import Keyring
from jira_assets.privacy.values import Cell, reveal, reveal_all
from jira_assets.tables.declare import Column, Kind, Personal, Table, Treatment
from jira_assets.tables.policy import PRESETS, Policy
from jira_assets.tables.protection import Protection

KEYS = Keyring.parse(f"now:{base64.b64encode(os.urandom(32)).decode()}")
OTHERS = Keyring.parse(f"then:{base64.b64encode(os.urandom(32)).decode()}")
ANNA, BEN = "Anna Müller", "Ben"


def column(kind: Kind, personal: Personal = Personal.IDENTITY, of_users: Personal | None = None) -> Column:
    return Column("value", kind, "", personal, of_users=of_users)


def protected(
    declared: Column, values: list[Any], policy: Policy, fields: list[str | None] | None = None
) -> list[Any]:
    """What is stored of these values of a column; ``fields`` are the fields that its rows are of."""
    names = [Column(name, Kind.TEXT, "") for name in ("field_id", "field_name")]
    table = Table("table", "", (*names, declared), ())
    ids = fields or [None] * len(values)
    called = [None if id_ else "Assignee" for id_ in ids]
    frame = pl.DataFrame({"field_id": ids, "field_name": called, "value": values}, schema=table.schema)
    stored = policy.applied(table)
    found = Protection(policy, KEYS).frame(stored, frame, other_fields=["status"])
    assert found.schema == stored.schema
    return found["value"].to_list()


def every(treatment: Treatment) -> Policy:
    return Policy(dict.fromkeys(Personal, treatment))


def test_equal_names_have_equal_pseudonyms_and_others_others() -> None:
    first, second, other, none = protected(
        column(Kind.TEXT), [ANNA, ANNA, BEN, None], every(Treatment.PSEUDONYM)
    )
    assert first == second != other
    assert none is None
    assert ANNA not in (first, other)


def test_equal_texts_have_different_ciphertexts() -> None:
    first, second, none = protected(column(Kind.TEXT), [ANNA, ANNA, None], every(Treatment.ENCRYPT))
    assert first != second
    assert none is None
    assert {reveal(KEYS, each) for each in (first, second)} == {ANNA}


def test_what_is_dropped_is_null() -> None:
    assert protected(column(Kind.TEXT), [ANNA, None], every(Treatment.DROP)) == [None, None]
    assert protected(column(Kind.TEXT_LIST), [[ANNA]], every(Treatment.DROP)) == [None]


def test_lists_are_treated_one_by_one() -> None:
    (first, second, empty, none) = protected(
        column(Kind.TEXT_LIST), [[ANNA, BEN], [ANNA], [], None], every(Treatment.PSEUDONYM)
    )
    assert first[0] == second[0]
    assert [reveal(KEYS, each) for each in first] == [ANNA, BEN]
    assert (empty, none) == ([], None)


@given(st.text(), st.sampled_from([Treatment.ENCRYPT, Treatment.PSEUDONYM]))
def test_whatever_was_protected_can_be_revealed(value: str, treatment: Treatment) -> None:
    (stored,) = protected(column(Kind.TEXT), [value], every(treatment))
    assert stored != value or not value
    assert reveal(KEYS, stored) == value


@pytest.mark.parametrize("treatment", [Treatment.ENCRYPT, Treatment.PSEUDONYM])
@given(st.data())
def test_what_was_changed_is_refused(treatment: Treatment, data: st.DataObject) -> None:
    (stored,) = protected(column(Kind.TEXT), [ANNA], every(treatment))
    raw = bytearray(base64.urlsafe_b64decode(stored + "=" * (-len(stored) % 4)))
    bit = data.draw(st.integers(8, 8 * len(raw) - 1))  # without the first byte it is no ciphertext at all
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises((Tampered, UnknownKey)):
        reveal(KEYS, base64.urlsafe_b64encode(raw).decode().rstrip("="))


def test_another_key_reveals_nothing() -> None:
    (stored,) = protected(column(Kind.TEXT), [ANNA], every(Treatment.PSEUDONYM))
    with pytest.raises(UnknownKey, match="'now'"):
        reveal(OTHERS, stored)


@given(st.text())
def test_what_was_never_protected_stays_as_it_is(value: str) -> None:
    assert reveal_all(KEYS, value) == value


def test_all_of_a_text_can_be_revealed() -> None:
    name, remark = protected(column(Kind.TEXT), [ANNA, "a remark"], every(Treatment.ENCRYPT))
    assert reveal_all(KEYS, f"1,{name};{remark}\n") == f"1,{ANNA};a remark\n"


def in_two_tables(personal: Personal, treatment: Treatment) -> dict[Cell, str]:
    """What is stored of the same value in two tables of two columns and two rows."""
    found = {}
    for name in ("one", "other"):
        columns = [Column(each, Kind.TEXT, "", personal) for each in ("first", "second")]
        policy = every(treatment)
        table = policy.applied(Table(name, "", (Column("id", Kind.INTEGER, ""), *columns), ("id",)))
        values = {"id": [1, 2], "first": [ANNA] * 2, "second": [ANNA] * 2}
        frame = Protection(policy, KEYS).frame(table, pl.DataFrame(values))
        for column in ("first", "second"):
            for row, stored in zip((1, 2), frame[column], strict=True):
                found[Cell(table.view, column, str(row), (personal.value,))] = stored
    return found


def test_what_is_encrypted_is_refused_in_every_other_cell() -> None:
    cells = in_two_tables(Personal.FREE_TEXT, Treatment.ENCRYPT)
    assert len(cells) == 8
    for cell, stored in cells.items():
        assert reveal(KEYS, stored, cell) == reveal(KEYS, stored) == ANNA
        for other in cells.keys() - {cell}:
            with pytest.raises(Tampered, match=other.column):
                reveal(KEYS, stored, other)


def test_pseudonyms_are_the_same_in_all_tables_and_refused_as_something_else() -> None:
    accounts = in_two_tables(Personal.ACCOUNT, Treatment.PSEUDONYM)
    names = in_two_tables(Personal.IDENTITY, Treatment.PSEUDONYM)
    (account,), (name,) = set(accounts.values()), set(names.values())
    assert account != name
    cell = next(iter(names))
    assert reveal(KEYS, name, cell) == ANNA
    with pytest.raises(Tampered):
        reveal(KEYS, account, cell)


def test_values_from_before_they_were_bound_stay_readable_everywhere() -> None:
    text = base64.urlsafe_b64encode(KEYS.seal(ANNA.encode(), "tables")).decode().rstrip("=")
    name = base64.urlsafe_b64encode(KEYS.pseudonym(ANNA.encode(), "tables")).decode().rstrip("=")
    cell = Cell("jira_comments", "body", "1/2", ("free text",))
    for stored in (text, name):
        assert reveal(KEYS, stored) == reveal(KEYS, stored, cell) == reveal_all(KEYS, stored) == ANNA


def test_numbers_become_text() -> None:
    (stored,) = protected(column(Kind.INTEGER), [42], every(Treatment.ENCRYPT))
    assert reveal(KEYS, stored) == "42"


def test_rows_of_fields_that_hold_users_are_treated_as_people() -> None:
    mixed = column(Kind.TEXT, Personal.FREE_TEXT, of_users=Personal.IDENTITY)
    names = Policy(PRESETS["identities"])
    stored = protected(mixed, [ANNA, "To Do", None, BEN], names, ["assignee", "status", "assignee", None])
    assert stored[1:3] == ["To Do", None]
    assert [reveal(KEYS, stored[0]), reveal(KEYS, stored[3])] == [ANNA, BEN]
    assert stored[0] != ANNA
    assert stored[3] != BEN


def test_people_within_json_are_treated_as_people() -> None:
    values = [
        '{"Owner":{"account_id":"5b1","name":"Anna Müller"},"Team":{"name":"Blue"}}',
        '{"Asked":[{"displayName":"Ben","emailAddress":"ben@example.com","accountId":"7"}]}',
        '{"Size":3}',
        None,
    ]
    json = column(Kind.JSON, Personal.FREE_TEXT)
    owner, asked, size, none = protected(json, values, Policy(PRESETS["identities"]))
    assert (size, none) == (values[2], None)
    assert '"account_id":"5b1"' in owner
    assert '"Team":{"name":"Blue"}' in owner
    assert ANNA not in owner
    assert "ben@" not in asked
    assert [reveal_all(KEYS, each) for each in (owner, asked)] == values[:2]
    assert all(each is None or ANNA not in each for each in protected(json, values, every(Treatment.ENCRYPT)))


def test_a_frame_without_personal_data_is_passed_on() -> None:
    table = Table("table", "", (Column("number", Kind.INTEGER, ""),), ())
    frame = pl.DataFrame({"number": [1]}, schema=table.schema)
    assert_frame_equal(Protection(every(Treatment.DROP), KEYS).frame(table, frame), frame)


def test_the_version_tells_policies_and_keys_apart() -> None:
    policies = [Policy(), Policy(PRESETS["identities"]), Policy(columns={"a.b": Treatment.DROP})]
    versions = {Protection(policy, keys).version for policy in policies for keys in (KEYS, OTHERS)}
    assert len(versions) == 4  # a key that nothing is encrypted with makes no difference
