"""A 401 that is none: the same call is answered a second later."""

from pathlib import Path

import pytest

from jira_assets.jira.errors import Unauthorised
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, odd_copy

_ISSUES = [full_issue(number) for number in range(1, 41)]


def test_one_refusal_of_a_good_credential_is_passed_over(tmp_path: Path) -> None:
    def once(_asked: Asked, answered: Answered) -> None:
        if len(copy.proxy.seen) == 20:
            answered.refuse(401)

    with odd_copy(_ISSUES, tmp_path, once) as (_, copy):
        copy.backfill([MONTH])
        assert len(copy.raw.issue_ids(MONTH)) == 40


def test_a_credential_that_is_refused_again_is_sent_no_more(tmp_path: Path) -> None:
    def refuse(_asked: Asked, answered: Answered) -> None:
        if len(copy.proxy.seen) >= 20:
            answered.refuse(401)

    with odd_copy(_ISSUES, tmp_path, refuse) as (_, copy):
        with pytest.raises((AssertionError, Unauthorised), match="The token is wrong"):
            copy.backfill([MONTH])
        assert len(copy.proxy.seen) <= 20 + 8 + 1
        assert not copy.raw.is_whole(MONTH)
