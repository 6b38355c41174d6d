import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from jira_assets import cli
from jira_assets.commands.deleted_project import NotDeleted, find_deleted
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.jira.issues import MONTH, full_issue

ENG = ["10005", "10006"]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copy]:
    """SUP-1, which is linked to ENG-5, and ENG-5 and 6, the first with a comment; ENG is deleted."""
    link = {"id": "7", "type": {"name": "Relates"}, "outwardIssue": {"id": "10005", "key": "ENG-5"}}
    issues = [full_issue(1, issuelinks=[link]), full_issue(5, project="ENG", comments=1)]
    with serve(Site([*issues, full_issue(6, project="ENG")])) as sandbox:
        copied = Copy(sandbox, tmp_path / "copy")
        copied.backfill([MONTH])
        copied.build()
        for issue_id in ENG:
            sandbox.site.delete(issue_id)
        sandbox.account.projects = frozenset({"SUP"})
        monkeypatch.chdir(tmp_path)
        for name, value in copied.variables.items():
            monkeypatch.setenv(name, value)
        yield copied


def issues(copied: Copy) -> list[str]:
    return [row[1] for row in copied.rows_of("issues")]


def test_what_a_person_confirms_is_deleted_with_all_that_belongs_to_it(
    copied: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert copied.take_census().access_lost == {"ENG": 2}
    assert cli.main(["deleted-project", "ENG", "--yes"]) == 0
    assert "2 stored issues of ENG are not in Jira: ENG-5, ENG-6" in capsys.readouterr().out
    copied.catch_up()
    assert issues(copied) == ["10001"]
    assert copied.rows_of("comments") == copied.rows_of("issuelinks") == []
    assert [row[2] for row in copied.rows_of("deleted_issues")] == ["ENG-5", "ENG-6"]
    assert copied.rows_of("deleted_issues")[0][-1] == "a person: its project was deleted; then 404"
    assert copied.queued() == []
    assert copied.take_census().access_lost == {}
    copied.database.unlink()
    copied.build()
    assert issues(copied) == ["10001"]


def test_nothing_is_done_unless_somebody_says_so(copied: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("n\n"))
    assert cli.main(["deleted-project", "ENG"]) == 1
    copied.catch_up()
    assert issues(copied) == ["10001", *ENG]


def test_it_is_refused_while_the_project_is_visible(copied: Copy) -> None:
    copied.sandbox.account.projects = None
    assert cli.main(["deleted-project", "ENG", "--yes"]) == 1
    copied.sandbox.account.projects = frozenset()
    assert cli.main(["deleted-project", "ENG", "--yes"]) == 1
    assert copied.raw.tombstoned(MONTH) == set()


def test_it_is_refused_while_one_of_its_issues_answers(copied: Copy) -> None:
    copied.sandbox.site.put(full_issue(6))
    with copied.scope() as scope:
        gone, moved = find_deleted(scope, "ENG")
        assert [one.key for one in gone] == ["ENG-5"]
        assert [one.key for one in moved] == ["ENG-6"]  # it is SUP-6 now
        copied.sandbox.account.projects = None
        copied.sandbox.site.put(full_issue(6, project="ENG"))
        copied.sandbox.site._projects.pop("ENG")
        with pytest.raises(NotDeleted, match="Jira still shows ENG-6"):
            find_deleted(scope, "ENG")


def test_a_project_of_which_nothing_is_stored_is_no_work(copied: Copy) -> None:
    assert cli.main(["deleted-project", "NOPE", "--yes"]) == 0
    assert copied.queued() == []
