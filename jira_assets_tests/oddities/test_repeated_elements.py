"""Issues that list the same thing twice, as two of a real site's 29,057 did: no month waits for them.

An issue that is linked to itself has the link twice as well, once for each end.
"""

from pathlib import Path
from typing import Any

from jira_assets_tests.jira.issues import MONTH, elements, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, odd_copy, odd_pipeline

JANUARY, FEBRUARY = "2024-01", "2024-02"
_OTHER = {"id": "10002", "key": "SUP-2", "fields": {"summary": "Issue 2"}}
_LINK = {"id": "77", "type": {"name": "Blocks"}, "outwardIssue": _OTHER}
_FILE = {"id": "5", "filename": "a.txt", "size": 1, "content": "https://example.com/5"}


def _repeat(asked: Asked, answered: Answered) -> None:
    """Everything of SUP-1 stands twice, and is counted twice."""
    del asked
    for issue in answered.issues:
        if issue["id"] == "10001" and "fields" in issue:
            for name in ("issuelinks", "attachment"):
                _double(issue["fields"], name)
            for name, inner in (("comment", "comments"), ("worklog", "worklogs")):
                if issue["fields"].get(name):
                    _double(issue["fields"][name], inner)


def _double(container: dict[str, Any], name: str) -> None:
    if isinstance(container.get(name), list):
        container[name] = container[name] * 2


def test_a_month_with_repeated_elements_is_published_with_all_others(tmp_path: Path) -> None:
    issues = [
        full_issue(1, issuelinks=[_LINK], attachment=[_FILE], comments=2, worklogs=1, histories=1),
        full_issue(2, created="2024-02-02T10:00:00.000+0000"),
    ]
    with odd_pipeline(issues, tmp_path, _repeat, JIRA_ATTACHMENTS="metadata") as pipe:
        run = pipe.run(JANUARY, FEBRUARY)
        assert run.success, run.errors
        assert run.materialized("published") == [JANUARY, FEBRUARY]
        counts = {
            view: pipe.published(f"SELECT count(*) FROM jira_{view} WHERE issue_id = '10001'")
            for view in ("issuelinks", "attachments", "comments", "worklogs")
        }
        assert counts == {"issuelinks": [(1,)], "attachments": [(1,)], "comments": [(2,)], "worklogs": [(1,)]}
        assert "completeness.nothing_repeated" in pipe.failed_checks()
        assert "SUP-1 issue: 2 more than once" in run.offenders("completeness.nothing_repeated")
        assert pipe.failed_checks() == {"completeness.nothing_repeated"}


def test_one_comment_in_two_issues_is_a_row_of_each(tmp_path: Path) -> None:
    comments = {"comments": elements(1)}
    issues = [full_issue(1, comment=comments), full_issue(2, comment=comments)]
    with odd_pipeline(issues, tmp_path) as pipe:
        run = pipe.run(JANUARY)
        assert run.success, run.errors
        found = pipe.published("SELECT issue_key, comment_id FROM jira_comments ORDER BY ALL")
        assert found == [("SUP-1", "1000"), ("SUP-2", "1000")]


def test_both_ends_of_a_link_to_itself_are_rows(tmp_path: Path) -> None:
    brief = {"id": "10001", "key": "SUP-1", "fields": {"summary": "Issue 1"}}
    link = {"id": "77", "type": {"name": "Relates"}}
    own = full_issue(1, issuelinks=[link | {"outwardIssue": brief}, link | {"inwardIssue": brief}])
    with odd_copy([own, full_issue(2)], tmp_path) as (_, copy):
        copy.backfill([MONTH])
        copy.build()
        rows = copy.rows("SELECT link_id, issue_key, direction FROM jira.issuelinks ORDER BY direction")
    assert rows == [("77", "SUP-1", "inward"), ("77", "SUP-1", "outward")]
