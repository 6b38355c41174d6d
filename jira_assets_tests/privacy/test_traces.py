"""People are found in texts by digests of their ids, names and addresses."""

import pytest

from jira_assets.privacy.traces import TraceFinder
from jira_assets_tests.privacy.forgetting import ACCOUNT, ADDRESS, FORGOTTEN, TOMBSTONE, forgotten

finder = TraceFinder(FORGOTTEN)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Maria-José Núñez called", "[forgotten] called"),
        ("MARIA JOSÉ  NÚÑEZ, twice: maria_josé.núñez", "[forgotten], twice: [forgotten]"),
        ("Maria-José Nu\u0301n\u0303ez's", "[forgotten]'s"),
        ("Maria, José and Núñez", "Maria, José and Núñez"),
        ("Anna-Maria-José Núñezová", "Anna-Maria-José Núñezová"),
        ("José Núñez", "José Núñez"),
        ("<mailto:maria.nunez@example.com>.", "<mailto:[forgotten]>."),
        ("_Maria.Nunez@Example.com_, x@y.z", "_[forgotten]_, x@y.z"),
        ("?to=maria.nunez%40example.com&a", "?to=[forgotten]&a"),
        ("maria.nunez@example.com.au", "maria.nunez@example.com.au"),
        ("maria.nunez@example.com.Thanks", "[forgotten].Thanks"),
        ("not-maria.nunez@example.com", "not-maria.nunez@example.com"),
        (f"/user?id={ACCOUNT.replace(':', '%3a')}#x", "/user?id=<tombstone>#x"),
        (f"[~accountid:{ACCOUNT}]", "[~accountid:<tombstone>]"),
        (f"{ACCOUNT}0", f"{ACCOUNT}0"),
        ("@" * 1000, "@" * 1000),
        ("", ""),
    ],
)
def test_what_is_left_of_a_text(text: str, left: str) -> None:
    # The tombstone is another in each process, and may not be in the name of a test.
    left = left.replace("<tombstone>", TOMBSTONE)
    assert finder.without(text) == left
    assert finder.without(left) is left


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Sommer, Maria (Contractor)", "Maria Sommer and Sommer, Maria"),
        ("Maria Sommer [X]", "maria sommer"),
        ("İpek Sönmez", "İpek Sönmez"),
    ],
)
def test_people_are_called_in_several_ways(name: str, text: str) -> None:
    left = TraceFinder(forgotten(name=name)).without(text)
    assert left.replace("[forgotten]", "") in ("", " and ")


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("Jane Doe", "Doe, Jane and Doe Jane", "[forgotten] and [forgotten]"),
        ("Jane Doe", "Jane M. Doe, JANE MARY DOE", "[forgotten], [forgotten]"),
        ("Jane Doe", "ask Doe, Jane M. today", "ask [forgotten] today"),
        ("Jane M. Doe", "Jane Doe; Doe, Jane", "[forgotten]; [forgotten]"),
        ("Doe, Jane", "doe jane, Jane K Doe", "[forgotten], [forgotten]"),
        ("Ana Ruiz Soto", "Ruiz Soto, Ana; Soto Ana", "[forgotten]; Soto Ana"),
        ("Jane Doe", "Jane and Doe", "Jane and Doe"),
        ("Jane Doe", "Jane Smith, Doe", "Jane Smith, Doe"),
        ("Jane Doe", "It was John Doe. Jane left", "It was John Doe. Jane left"),
        ("Jane Doe", "John Doe, Jane Roe", "John Doe, Jane Roe"),
        ("Jane Doe", "Jane said, Doe", "Jane said, Doe"),
    ],
)
def test_parts_of_a_name_are_found_in_another_order_and_with_a_middle_name(
    name: str, text: str, left: str
) -> None:
    of_name = TraceFinder(forgotten(name=name))
    assert of_name.without(text) == left
    assert of_name.without(left) is left


@pytest.mark.parametrize("name", ["Max", "王小明", "Former user", "", "  ", "()"])
def test_a_word_is_no_full_name(name: str) -> None:
    text = f"the max of {name} 王小明 former user"
    assert TraceFinder(forgotten(name=name)).without(text) is text


def test_a_text_with_nobody_in_it_is_the_same_object() -> None:
    text = "é " * 50 + "a@b.c " + "x" * 10_000
    assert finder.without(text) is text


def test_an_address_is_found_in_json_that_is_escaped() -> None:
    assert finder.may_be_in_json(b'"\\n' + ADDRESS.encode() + b'"')
    assert finder.may_be_in_json(b'"C:\\\\maria-jos\\u00e9"')
    assert not finder.may_be_in_json(b'"C:\\\\temp\\u0000"')
