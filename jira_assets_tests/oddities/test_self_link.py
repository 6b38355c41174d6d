"""An issue that is linked to itself has the link twice in its list, once for each end."""

from pathlib import Path

from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import odd_copy


def test_both_ends_of_a_link_to_itself_are_rows(tmp_path: Path) -> None:
    brief = {"id": "10001", "key": "SUP-1", "fields": {"summary": "Issue 1"}}
    link = {"id": "77", "type": {"name": "Relates"}}
    own = full_issue(1, issuelinks=[link | {"outwardIssue": brief}, link | {"inwardIssue": brief}])
    with odd_copy([own, full_issue(2)], tmp_path) as (_, copy):
        copy.backfill([MONTH])
        copy.build()
        rows = copy.rows("SELECT link_id, issue_key, direction FROM jira.issuelinks ORDER BY direction")
    assert rows == [("77", "SUP-1", "inward"), ("77", "SUP-1", "outward")]
