"""What goes wrong: each failure says what it is, turns its run red, and takes nothing from what is stored."""

import json
import random
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jira_assets.sandbox.faults import Fault
from jira_assets.sandbox.site import Site
from jira_assets_tests.default_tables import TABLES
from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.pipeline import Pipeline, pipeline

JANUARY, FEBRUARY, MARCH = "2024-01", "2024-02", "2024-03"
REBUILD = {"ops": {"jira_tables": {"config": {"rebuild": True}}}}


def _site() -> Site:
    return Site(
        [
            full_issue(1, comments=120, remote_links=2),
            full_issue(2, created="2024-02-03T10:00:00.000+0000"),
            full_issue(3, created="2024-03-03T10:00:00.000+0000", project="ENG"),
        ]
    )


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the first and the last of the site's three months."""
    folder = tmp_path_factory.mktemp("stored")
    with pipeline(_site(), folder) as pipe:
        for month in (JANUARY, MARCH):
            run = pipe.run(month)
            assert run.success, run.errors
    return folder


@pytest.fixture
def pipe(stored: Path, tmp_path: Path) -> Iterator[Pipeline]:
    folder = shutil.copytree(stored, tmp_path / "data")
    with pipeline(_site(), folder) as ready:
        yield ready


def keys(pipe: Pipeline) -> list[str]:
    return [key for (key,) in pipe.query("SELECT issue_key FROM jira.issues ORDER BY ALL")]


def assert_no_check_is_left_planned(pipe: Pipeline) -> None:
    assert "PLANNED" not in pipe.shown_checks().values()


def test_a_wrong_token_is_named_and_tried_once(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_API_TOKEN", "wrong-token")
    before = len(pipe.sandbox.requests)
    run = pipe.run(JANUARY)
    assert not run.success
    assert "The token is wrong" in run.errors
    assert "wrong-token" not in run.errors
    assert len(pipe.sandbox.requests) == before + 1
    assert keys(pipe) == ["ENG-3", "SUP-1"]
    assert_no_check_is_left_planned(pipe)


def test_a_missing_setting_is_named(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JIRA_API_TOKEN")
    run = pipe.run(JANUARY)
    assert not run.success
    assert "JIRA_API_TOKEN is not set" in run.errors


def test_a_malformed_start_month_is_told_by_the_run(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_START_MONTH", "rubbish")
    run = pipe.run(JANUARY)
    assert not run.success
    assert "JIRA_START_MONTH is 'rubbish'" in run.errors


def test_a_project_that_does_not_exist_is_named_and_the_others_are_copied(
    pipe: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIRA_PROJECTS", "SUP,NOSUCH")
    run = pipe.run(JANUARY)
    assert not run.success
    assert "NOSUCH cannot be seen" in run.errors
    assert keys(pipe) == ["ENG-3", "SUP-1"]


@pytest.mark.parametrize("after", [2, 4, 6])
def test_an_account_that_loses_its_rights_midway_loses_nothing_stored(pipe: Pipeline, after: int) -> None:
    pipe.sandbox.account.lose_rights(after=after)
    run = pipe.run(JANUARY, MARCH)
    assert not run.success
    assert "permission to browse the projects" in run.errors
    assert {"ENG-3", "SUP-1"} <= set(keys(pipe))
    assert pipe.query("SELECT count(*) FROM jira.comments") == [(120,)]
    assert_no_check_is_left_planned(pipe)


def test_months_fetched_before_the_token_was_revoked_are_recorded(pipe: Pipeline) -> None:
    per_month = _requests_of(pipe, JANUARY)
    pipe.sandbox.account.revoke(after=per_month)
    run = pipe.run(JANUARY, MARCH)
    assert not run.success
    assert "The token is wrong, revoked or expired" in run.errors
    assert run.materialized("raw_issues") == [JANUARY]


def _requests_of(pipe: Pipeline, month: str) -> int:
    before = len(pipe.sandbox.requests)
    assert pipe.run(month, assets=["raw_issues"]).success
    return len(pipe.sandbox.requests) - before


def test_defect_36_a_month_that_is_suddenly_empty_is_refused(pipe: Pipeline) -> None:
    pipe.sandbox.site.delete("10001")
    run = pipe.run(JANUARY, FEBRUARY)
    assert not run.success
    assert f"Jira found no issues of {JANUARY}, but 1 are stored" in run.errors
    assert run.materialized("raw_issues") == [FEBRUARY]
    assert "SUP-1" in keys(pipe)


def test_defect_7_remote_links_that_cannot_be_fetched_stay(pipe: Pipeline) -> None:
    pipe.sandbox.faults.fail_part("10001", "remotelink", 403)
    run = pipe.run(JANUARY)
    assert not run.success
    assert "every_part_fetched failed for 2024-01" in run.errors
    assert pipe.query("SELECT count(*) FROM jira.remote_links WHERE issue_id = '10001'") == [(2,)]
    assert pipe.failed_checks() == {"raw_issues.every_part_fetched", "completeness.complete"}
    assert any(text.startswith("SUP-1 remote_links: ") for text in run.offenders("completeness.complete"))


def test_an_incomplete_issue_is_published_all_the_same(pipe: Pipeline) -> None:
    issue = pipe.sandbox.site.get("10001")
    issue["fields"]["summary"] = "changed"
    pipe.sandbox.site.put(issue)
    pipe.sandbox.faults.fail_part("10001", "remotelink", 403)
    run = pipe.run(JANUARY)
    assert not run.success
    assert run.materialized("published") == [JANUARY]
    assert pipe.published("SELECT summary FROM jira_issues WHERE issue_id = '10001'") == [("changed",)]


def test_a_run_is_not_to_blame_for_what_another_month_lacks(pipe: Pipeline) -> None:
    pipe.sandbox.faults.fail_part("10001", "remotelink", 403)
    assert not pipe.run(JANUARY).success
    run = pipe.run(MARCH)
    assert run.success, run.errors
    assert pipe.failed_checks() == {"raw_issues.every_part_fetched", "completeness.complete"}
    pipe.sandbox.faults.clear()
    assert pipe.run(JANUARY).success
    assert pipe.failed_checks() == set()


def test_comments_that_jira_counts_and_does_not_send_are_missed(pipe: Pipeline) -> None:
    page = {"comments": [], "total": 120, "startAt": 0, "maxResults": 100}
    pipe.sandbox.faults.add(Fault("empty", status=200, body=json.dumps(page).encode()), path="/comment$")
    run = pipe.run(JANUARY)
    assert not run.success
    assert "Jira counts 120 elements but its pages hold 0" in run.offenders("completeness.complete")[0]
    assert pipe.query("SELECT count(*) FROM jira.comments") == [(120,)]


def test_defect_14_an_issue_without_created_is_skipped_by_name(pipe: Pipeline) -> None:
    issue = full_issue(4, updated="2024-01-09T10:00:00.000+0000")
    del issue["fields"]["created"]
    pipe.sandbox.site.put(issue)
    run = pipe.run(JANUARY)
    metadata = run.metadata("raw_issues", JANUARY)
    assert metadata["issues"] == 1
    assert metadata["skipped_issues"] == 1
    assert metadata["skipped"][0].startswith("SUP-4: ")
    assert not run.success
    assert "SUP-4: it has no readable `created`" in run.offenders("raw_issues.every_part_fetched")[0]
    assert run.materialized("published") == [JANUARY]
    pipe.sandbox.site.put(full_issue(4))
    assert pipe.run(JANUARY).success
    assert keys(pipe) == ["ENG-3", "SUP-1", "SUP-4"]


def test_defects_9_and_29_a_corrupt_segment_concerns_its_month_only(pipe: Pipeline) -> None:
    segment = pipe.folder / "raw" / "issues" / JANUARY / "000001.parquet"
    segment.write_bytes(segment.read_bytes()[:100])
    run = pipe.run(JANUARY, MARCH)
    assert not run.success
    assert str(segment) in run.errors
    assert run.materialized("issues") == [FEBRUARY, MARCH]
    assert run.materialized("published") == [FEBRUARY, MARCH]
    assert f"{JANUARY}: its tables are as they were: " in run.errors
    assert keys(pipe) == ["ENG-3", "SUP-1", "SUP-2"]
    assert pipe.query("SELECT count(*) FROM jira.comments") == [(120,)]
    assert pipe.failed_checks() == {"raw_issues.every_part_fetched"}
    assert_no_check_is_left_planned(pipe)
    other = pipe.run(FEBRUARY)
    assert other.success, other.errors


def test_a_corrupt_segment_is_replaced_by_what_jira_says(pipe: Pipeline) -> None:
    segment = pipe.folder / "raw" / "issues" / JANUARY / "000001.parquet"
    segment.write_bytes(b"nonsense")
    assert not pipe.run(JANUARY).success
    segment.unlink()
    run = pipe.run(JANUARY)
    assert run.success, run.errors
    assert pipe.failed_checks() == set()


def test_a_segment_that_was_moved_away_is_told_and_missed_no_longer_than_to_the_next_run(
    pipe: Pipeline,
) -> None:
    swept = pipe.folder / "reconcile" / "recent.json"
    change(pipe.sandbox.site, "10001", summary="new")
    assert pipe.run(JANUARY).success
    assert pipe.run_job("sweep_recent").success
    assert json.loads(swept.read_text())["cursors"]
    max((pipe.folder / "raw" / "issues" / JANUARY).glob("*.parquet")).unlink()
    run = pipe.run(JANUARY, assets=["issues"])
    assert run.metadata("issues", JANUARY)["made_of_another_log"] == [JANUARY]
    assert not json.loads(swept.read_text())["cursors"]
    assert pipe.query("SELECT summary FROM jira.issues WHERE issue_id = '10001'") != [("new",)]
    assert pipe.run(JANUARY).success
    assert pipe.query("SELECT summary FROM jira.issues WHERE issue_id = '10001'") == [("new",)]


def test_wrong_rows_keep_their_month_as_it_is_published_and_no_other(pipe: Pipeline) -> None:
    change(pipe.sandbox.site, "10003", summary="changed")
    pipe.change("INSERT INTO jira.comments SELECT * REPLACE ('9' AS issue_id) FROM jira.comments LIMIT 1")
    run = pipe.run(JANUARY, MARCH)
    assert not run.success
    assert (
        f"{JANUARY}: it is published as it was: comments.belongs_to_an_issue failed (SUP-1 in " in run.errors
    )
    assert run.materialized("published") == [FEBRUARY, MARCH]
    assert pipe.published("SELECT count(*) FROM jira_comments") == [(120,)]
    assert pipe.published("SELECT summary FROM jira_issues WHERE issue_id = '10003'") == [("changed",)]
    assert pipe.failed_checks() == {"comments.belongs_to_an_issue"}
    assert len(run.offenders("comments.belongs_to_an_issue")) == 1
    assert_no_check_is_left_planned(pipe)
    assert pipe.run(MARCH).success
    assert pipe.failed_checks() == {"comments.belongs_to_an_issue"}
    mended = pipe.run(JANUARY, config=REBUILD)
    assert mended.success, mended.errors
    assert mended.materialized("published") == [JANUARY]
    assert pipe.failed_checks() == set()


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """No file can grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _grow(pipe: Pipeline) -> None:
    issue = pipe.sandbox.site.get("10001")
    issue["fields"]["description"] = random.Random(1).randbytes(1_000_000).hex()
    pipe.sandbox.site.put(issue)


def test_a_full_disk_loses_nothing_of_the_raw_log(pipe: Pipeline) -> None:
    _grow(pipe)
    before = files(pipe.folder / "raw")
    with full_disk(400_000):
        run = pipe.run(JANUARY)
    assert not run.success
    assert "cannot append to" in run.errors
    assert "free space" in run.errors
    assert files(pipe.folder / "raw") == before
    assert keys(pipe) == ["ENG-3", "SUP-1"]
    assert pipe.run(JANUARY).success


def test_a_full_disk_loses_nothing_of_the_tables(pipe: Pipeline) -> None:
    _grow(pipe)
    assert pipe.run(JANUARY, assets=["raw_issues"]).success
    before = pipe.query("SELECT * FROM jira.issues ORDER BY ALL")
    with full_disk(100_000):
        run = pipe.run(JANUARY, assets=[table.name for table in TABLES])
    assert not run.success
    assert "File too large" in run.errors
    assert pipe.query("SELECT * FROM jira.issues ORDER BY ALL") == before
    assert pipe.run(JANUARY, assets=[table.name for table in TABLES]).success
    assert pipe.query("SELECT length(description) FROM jira.issues WHERE issue_id = '10001'") == [
        (2_000_000,)
    ]


def test_a_full_disk_loses_nothing_of_the_published_copy(pipe: Pipeline) -> None:
    _grow(pipe)
    assert pipe.run(JANUARY, assets=["raw_issues", *(table.name for table in TABLES)]).success
    before = files(pipe.folder / "published")
    with full_disk(300_000):
        run = pipe.run(JANUARY, assets=["published"])
    assert not run.success
    assert "File too large" in run.errors
    assert files(pipe.folder / "published") == before
    assert pipe.published("SELECT count(*) FROM jira_issues") == [(2,)]


def files(folder: Path) -> dict[str, int]:
    """What lies in a folder, with sizes."""
    return {str(path): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
