from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.jira.jql import created_in_month, month_bounds, quoted


def test_a_month_is_asked_for_in_epoch_milliseconds() -> None:
    assert created_in_month("2024-12") == (
        "created >= 1733011200000 AND created < 1735689600000 ORDER BY created, id"
    )


def test_projects_narrow_the_month() -> None:
    jql = created_in_month("2024-12", ["SUP", "ENG"])
    assert 'project in ("SUP", "ENG") ORDER BY' in jql


@pytest.mark.parametrize(("month", "after"), [("2024-02", (2024, 3)), ("2024-12", (2025, 1))])
def test_a_month_ends_where_the_next_begins(month: str, after: tuple[int, int]) -> None:
    assert month_bounds(month)[1] == datetime(*after, 1, tzinfo=UTC)


@pytest.mark.parametrize("month", ["2024-13", "2024-1", "2024", "now() OR 1"])
def test_what_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(ValueError, match="is not a month"):
        created_in_month(month)


@given(st.text())
def test_a_quoted_string_cannot_end_early(text: str) -> None:
    inside = quoted(text)[1:-1]
    assert inside.replace("\\\\", "").replace('\\"', "").count('"') == 0
    assert inside.replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\") == text or "\0" in text
