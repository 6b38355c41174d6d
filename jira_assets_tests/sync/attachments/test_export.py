"""The command that gives people the files of an issue."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_assets import cli
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.pipeline import Pipeline, pipeline
from jira_assets_tests.sync.attachments.keeping import file

KEYS = "k1:a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
CONTENT = b"a rather private sentence"


@pytest.fixture(scope="module", autouse=True)
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    files = [file(1, CONTENT, filename="../a\n.txt"), file(2, size=99_000_000), file(3, b"")]
    site = Site([full_issue(1, attachment=files), full_issue(2)])
    site.attachment_contents["1"] = CONTENT
    folder = tmp_path_factory.mktemp("data")
    with pipeline(site, folder, JIRA_ENCRYPTION_KEYS=KEYS) as ready:
        run = ready.run(MONTH, assets=["raw_issues", "issues", "attachments"])
        assert run.success, run.errors
        yield ready


def export(to: Path, *keys: str) -> int:
    return cli.main(["attachments", *keys, "--to", str(to)])


def test_files_are_written_with_their_names(
    pipe: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = len(pipe.sandbox.requests)
    assert export(tmp_path, "sup-1", "SUP-2") == 1
    assert len(pipe.sandbox.requests) == requests
    told = capsys.readouterr()
    assert told.out.splitlines() == [f"{tmp_path}/SUP-1/1_.._a_.txt", f"{tmp_path}/SUP-1/3_3.txt"]
    assert told.err == f"{tmp_path}/SUP-1/2_2.txt: it was too large to be downloaded\n"
    assert (tmp_path / "SUP-1" / "1_.._a_.txt").read_bytes() == CONTENT


def test_the_table_tells_the_same_path(pipe: Pipeline) -> None:
    found = pipe.query("SELECT hierarchical_path, local_path FROM jira.attachments WHERE attachment_id = '1'")
    assert found == [("SUP-1/1_.._a_.txt", "attachments/10001/1")]
    assert (pipe.folder / found[0][1]).exists()


def test_a_key_that_is_wrong_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", KEYS.replace("a2tr", "b2tr", 1))
    assert export(tmp_path, "SUP-1") == 1
    assert "'k1'" in capsys.readouterr().err


def test_an_issue_without_files_needs_none(tmp_path: Path) -> None:
    assert export(tmp_path, "SUP-2") == 0
    assert list(tmp_path.iterdir()) == []


def test_another_file_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "SUP-1" / "1_.._a_.txt"
    target.parent.mkdir()
    target.write_bytes(b"mine")
    export(tmp_path, "SUP-1")
    export(tmp_path, "SUP-1")
    assert capsys.readouterr().err.count("another file is there, and was left alone") == 2
    assert target.read_bytes() == b"mine"


def test_an_unknown_issue_is_told_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(tmp_path, "SUP-1", "SUP-9") == 1
    assert capsys.readouterr().err.startswith("jira-assets attachments: SUP-9: no such issue in the tables")
    assert list(tmp_path.iterdir()) == []


def test_what_was_changed_since_is_not_given_out(
    pipe: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = pipe.folder / "attachments" / "10001" / "1"
    content = stored.read_bytes()
    stored.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        assert export(tmp_path, "SUP-1") == 1
    finally:
        stored.write_bytes(content)
    assert "cannot be decrypted" in capsys.readouterr().err
    assert not (tmp_path / "SUP-1" / "1_.._a_.txt").exists()
