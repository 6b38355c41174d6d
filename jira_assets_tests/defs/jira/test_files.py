"""Runs that copy the content of attachments."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jira_assets.inbox.queue import Item, Queue
from jira_assets.sandbox import faults
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.pipeline import Pipeline, Run, pipeline
from jira_assets_tests.sync.attachments.keeping import file

FIRST, SECOND = "10001", "10002"
TABLES = ["issues", "attachments", "issuelinks"]
QUEUED_ONLY = {"ops": {"raw_issues": {"config": {"queued_only": True}}}}


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipeline]:
    site = Site([full_issue(1, attachment=[file(1)]), full_issue(2, attachment=[file(2), file(3)])])
    with pipeline(site, tmp_path) as ready:
        yield ready


def whole(pipe: Pipeline) -> Run:
    return pipe.run(MONTH, assets=["raw_issues", *TABLES])


def queued(pipe: Pipeline, issue_id: str, **members: Any) -> Run:
    item = Item(issue_id, "an event", datetime.now(UTC), **members)
    Queue(Settings.load().queue_dir, Settings.load().keyring).put({MONTH: [item]})
    return pipe.run(MONTH, assets=["raw_issues", *TABLES], config=QUEUED_ONLY)


def counts(run: Run) -> dict[str, Any]:
    metadata = run.metadata("raw_issues", MONTH)
    names = ("files_downloaded", "file_bytes", "files_kept", "files_too_large", "files_failed")
    return {name: metadata[name] for name in names if metadata[name]}


def states(pipe: Pipeline) -> dict[str, str]:
    return dict(pipe.query("SELECT attachment_id, download_state FROM jira.attachments"))


def stored(pipe: Pipeline) -> set[str]:
    """The paths of all files, as the table `attachments` tells them."""
    return {str(path.relative_to(pipe.folder)) for path in pipe.folder.glob("attachments/*/*")}


def test_a_run_of_a_month_copies_its_files_and_says_so(pipe: Pipeline) -> None:
    run = whole(pipe)
    assert counts(run) == {"files_downloaded": 3, "file_bytes": 15_000}
    assert states(pipe) == {"1": "stored", "2": "stored", "3": "stored"}
    assert {path for (path,) in pipe.query("SELECT local_path FROM jira.attachments")} == stored(pipe)
    assert counts(whole(pipe)) == {"files_kept": 3}


def test_a_failed_download_fails_no_run_and_the_next_one_tries_again(pipe: Pipeline) -> None:
    pipe.sandbox.faults.add(faults.failing(403), path="/content/1$")
    run = whole(pipe)
    assert run.success, run.errors
    assert counts(run) == {"files_downloaded": 2, "file_bytes": 10_000, "files_failed": 1}
    assert run.metadata("raw_issues", MONTH)["file_failures"] == [
        "SUP-1 1: the account may not read it (403)"
    ]
    assert states(pipe)["1"] == "failed"
    pipe.sandbox.faults.clear()
    whole(pipe)
    assert states(pipe)["1"] == "stored"


def test_an_event_brings_the_files_of_its_issue(pipe: Pipeline) -> None:
    whole(pipe)
    pipe.sandbox.site.put(full_issue(1, attachment=[file(1), file(4)]))
    assert counts(queued(pipe, FIRST)) == {"files_downloaded": 1, "file_bytes": 5_000, "files_kept": 1}
    assert states(pipe)["4"] == "stored"


def test_an_event_is_not_settled_before_its_files_were_asked_for(pipe: Pipeline) -> None:
    whole(pipe)
    pipe.sandbox.site.put(full_issue(1, attachment=[file(1), file(4)]))
    pipe.sandbox.faults.add(faults.failing(401), path="/content/4$")
    assert not queued(pipe, FIRST).success
    assert len(Queue(Settings.load().queue_dir, Settings.load().keyring).items(MONTH)) == 1


def test_the_files_of_a_deleted_issue_go_with_it(pipe: Pipeline) -> None:
    whole(pipe)
    pipe.sandbox.site.delete(SECOND)
    queued(pipe, SECOND, is_deletion=True, project="SUP")
    assert stored(pipe) == {f"attachments/{FIRST}/1"}
    assert states(pipe) == {"1": "stored"}


def test_only_metadata_are_copied_if_that_is_asked_for(
    pipe: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIRA_ATTACHMENTS", "metadata")
    assert counts(whole(pipe)) == {}
    assert set(states(pipe).values()) == {"not_requested"}
    assert stored(pipe) == set()
