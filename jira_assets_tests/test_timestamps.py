from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.timestamps import parse_timestamp

MOMENT = datetime(2024, 1, 1, 10, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-01T10:00:00.123+0000",
        "2024-01-01T18:00:00.123+0800",
        "2024-01-01T18:00:00.123+08:00",
        "2024-01-01T10:00:00.123Z",
        1704103200123,
        "1704103200123",
    ],
)
def test_all_forms_of_a_time_are_one_moment(value: object) -> None:
    assert parse_timestamp(value) == MOMENT


@pytest.mark.parametrize("value", [1704103200, "1704103200", 1704103200.0])
def test_ten_digits_are_seconds(value: object) -> None:
    assert parse_timestamp(value) == MOMENT.replace(microsecond=0)


@pytest.mark.parametrize(
    "value", [None, "", "yesterday", True, [], {}, "2024-01-01T10:00:00", "9" * 40, 1e300]
)
def test_what_is_no_moment_is_unknown(value: object) -> None:
    assert parse_timestamp(value) is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.binary()))
def test_no_value_raises(value: object) -> None:
    moment = parse_timestamp(value)
    assert moment is None or moment.tzinfo is UTC
