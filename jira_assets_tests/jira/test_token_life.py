from datetime import date

import pytest

from jira_assets.jira.auth import token_days_left
from jira_assets.settings import Settings


@pytest.mark.parametrize(
    ("today", "days"), [(date(2027, 5, 1), 30), (date(2027, 5, 31), 0), (date(2027, 6, 1), -1)]
)
def test_days_are_counted_to_the_last_day(today: date, days: int) -> None:
    assert token_days_left(Settings({"JIRA_TOKEN_EXPIRES": "2027-05-31"}), today) == days


def test_a_day_that_is_not_known_is_not_guessed() -> None:
    assert token_days_left(Settings({}), date(2027, 5, 1)) is None
