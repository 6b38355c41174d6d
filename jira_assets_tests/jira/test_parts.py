import json

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from jira_assets.jira.parts import array_of

identities = st.integers(min_value=0, max_value=10**20) | st.integers(0, 9)


@given(st.lists(identities))
def test_elements_are_unique_and_in_the_order_of_their_numbers(numbers: list[int]) -> None:
    elements = [Raw(json.dumps({"id": str(number) if number % 2 else number}).encode()) for number in numbers]
    assert [int(each["id"]) for each in json.loads(array_of(elements))] == sorted(set(numbers))


def test_elements_keep_the_bytes_of_jira() -> None:
    elements = [Raw(b'{"id": "2", "n": 1.50}'), Raw(b'{ "id":1,"s":"\\u00e9"}')]
    assert array_of(elements) == b'[{ "id":1,"s":"\\u00e9"},{"id": "2", "n": 1.50}]'


def test_elements_without_an_id_are_kept() -> None:
    elements = [Raw(b'{"body": "b"}'), Raw(b'{"body": "a"}'), Raw(b'{"body": "b"}'), Raw(b'{"id": "x"}')]
    assert array_of(elements) == b'[{"id": "x"},{"body": "a"},{"body": "b"}]'


def test_no_elements_are_an_empty_array() -> None:
    assert array_of([]) == b"[]"
