"""Somebody is forgotten everywhere, for good, and nobody else is."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from jira_assets.cli import main
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.settings import Settings
from jira_assets_tests.privacy.forgetting import ACCOUNT, ADDRESS, MARIA, NAME
from jira_assets_tests.privacy.keys import key
from jira_assets_tests.upkeep.forget.desk import FEBRUARY, JANUARY, SENTENCES, Desk, desk

Capture = pytest.CaptureFixture[str]
Rows = list[tuple[Any, ...]]
CREATOR = "SELECT creator_account_id FROM jira.issues WHERE issue_key = 'SUP-1'"
COUNTED = "month issues comments changelog worklogs remote_links attachments events"
KEYS = {"JIRA_ENCRYPTION_KEYS": key("k1")}


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as ready:
        yield ready


@pytest.fixture(params=[{}, KEYS], ids=["plain", "sealed"])
def kept(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    with desk(tmp_path, **request.param) as ready:
        yield ready


def test_nothing_is_left_and_nothing_comes_back(kept: Desk) -> None:
    assert {found.split(" in ")[0] for found in kept.left()} >= {ACCOUNT, *SENTENCES}
    assert kept.forget() == 0
    assert kept.left() == []
    kept.copy()
    kept.drain()
    kept.deliver("third")
    kept.drain()
    assert kept.left() == []


def test_what_others_wrote_stays(kept: Desk) -> None:
    before = kept.rows()
    kept.forget()
    after = kept.rows()
    assert {table: len(rows) for table, rows in after.items()} == {t: len(rows) for t, rows in before.items()}
    for table, rows in before.items():
        assert of_february(after[table]) == of_february(rows)
    assert of_paper(after["worklogs"]) == of_paper(before["worklogs"])


def of_february(rows: Rows) -> Rows:
    """In which she did nothing."""
    return [row for row in rows if row[0] == FEBRUARY]


def of_paper(rows: Rows) -> Rows:
    """What he did where she did something, too."""
    return [row for row in rows if "paper" in row]


def test_tables_are_those_of_the_raw_log(copied: Desk) -> None:
    copied.forget()
    expected = copied.rows()
    copied.build(rebuild=True)
    assert copied.rows() == expected


def test_the_tables_show_a_tombstone(copied: Desk) -> None:
    copied.forget()
    (tombstone,) = copied.column(CREATOR)
    assert tombstone.startswith("forgotten-")
    shown = (
        "SELECT (author_account_id, author_name, author_email, body) FROM jira.comments ORDER BY comment_id"
    )
    assert copied.column(shown)[0] == (tombstone, None, None, "[removed]")
    assert copied.column(shown)[1][-1] == "Hello @forgotten"
    assert copied.column(shown)[2][-1] == "[forgotten], [forgotten], is away"
    assert copied.column("SELECT linked_issue_summary FROM jira.issuelinks") == ["[removed]"]


def test_files_that_the_person_had_attached_go_and_are_not_fetched_again(copied: Desk) -> None:
    copied.forget()
    copied.copy()
    states = "SELECT (attachment_id, filename, download_state, content_sha256 IS NULL) FROM jira.attachments"
    hers, his = sorted(copied.column(states))
    assert hers == ("1", "removed.pdf", "not_requested", True)
    assert his == ("2", "log.txt", "stored", False)
    assert {path.name for path in copied.folder.glob("attachments/*/*")} == {"2"}
    asked = [request.path for request in copied.sandbox.requests if request.path.endswith("/content/1")]
    assert len(asked) == 1


def test_the_report_says_where_and_not_who(copied: Desk, capsys: Capture) -> None:
    copied.forget()
    said = capsys.readouterr()
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[2:4] == [COUNTED, f"{JANUARY} 2 3 3 1 0 1 0"]
    assert "Issues: SUP-1, SUP-2" in said.out
    assert not [trace for trace in (ACCOUNT, *SENTENCES) if trace in said.out + said.err]


def test_single_parts_of_the_name_stay_and_are_listed(copied: Desk, capsys: Capture) -> None:
    assert copied.forget("--dry-run") == 0
    rehearsed = left(capsys.readouterr().out)
    copied.forget()
    assert left(capsys.readouterr().out) == rehearsed == ["SUP-3: issue"]
    assert "Maria from Brno" in repr(copied.rows()["issues"])


def left(said: str) -> list[str]:
    return [line.strip() for line in said.splitlines() if line.startswith("  SUP-")]


def test_a_dry_run_says_the_same_and_changes_nothing(copied: Desk, capsys: Capture) -> None:
    before = files(copied)
    assert copied.forget("--dry-run") == 0
    assert files(copied) == before
    rehearsed = capsys.readouterr().out.splitlines()
    copied.forget()
    done = capsys.readouterr().out.splitlines()
    assert [line for line in rehearsed if line.startswith((JANUARY, "Issues"))] == [done[3], done[6]]


def files(copied: Desk) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in copied.folder.rglob("*") if path.is_file()}


def test_nothing_is_done_unless_it_is_confirmed(copied: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(copied)
    monkeypatch.setattr(sys, "stdin", io.StringIO("no\n"))
    assert main(["forget", ACCOUNT]) == 1
    assert files(copied) == before
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["forget", ACCOUNT]) == 0


@pytest.mark.parametrize("account_id", ["", "two words", "forgotten-0123456789ab"])
def test_what_is_no_account_is_refused(account_id: str) -> None:
    with pytest.raises(SystemExit):
        main(["forget", "--yes", account_id])


def test_forgetting_twice_finds_nothing_and_keeps_the_tombstone(copied: Desk, capsys: Capture) -> None:
    copied.forget()
    before = copied.column(CREATOR)
    capsys.readouterr()
    assert copied.forget() == 0
    assert "Nothing is left to be redacted." in capsys.readouterr().out
    assert copied.column(CREATOR) == before


def test_a_delivery_that_is_no_event_goes_if_it_speaks_of_the_person(copied: Desk) -> None:
    settings = Settings.load()
    unreadable = Inbox(settings.unreadable_dir, settings.keyring)
    bodies = (f"<a>{ADDRESS}</a>", f'{{"user": {json.dumps(MARIA)}}}', "<a>nobody</a>")
    now = datetime.now(UTC)
    unreadable.add([Delivery.arrived(body, now, None, body.encode()) for body in bodies])
    (settings.unreadable_dir / f"{'1' * 13}-{'a' * 32}.event").write_text(NAME)
    copied.forget()
    assert [unreadable.read(name).body for name in unreadable.names()] == [b"<a>nobody</a>"]


def test_what_cannot_be_read_is_told_and_the_rest_is_done(copied: Desk, capsys: Capture) -> None:
    (segment,) = copied.folder.glob(f"raw/issues/{FEBRUARY}/*.parquet")
    segment.write_bytes(segment.read_bytes()[:-20])
    assert copied.forget() == 1
    assert f"PROBLEM: segment {segment} cannot be read" in capsys.readouterr().out
    segment.unlink()
    assert copied.left() == []


def test_published_files_without_a_database_are_told(copied: Desk, capsys: Capture) -> None:
    Settings.load().warehouse_path.unlink()
    assert copied.forget() == 1
    assert f"PROBLEM: {copied.folder / 'published'} is as it was" in capsys.readouterr().out


def test_what_a_crash_has_left_behind_goes_or_is_told(copied: Desk, capsys: Capture) -> None:
    old, young = (copied.folder / "published" / "issues" / f".{name}.tmp" for name in ("old", "young"))
    old.write_text(NAME)
    young.write_text(NAME)
    os.utime(old, (0, 0))
    assert copied.forget() == 1
    assert not old.exists()
    assert f"PROBLEM: {young} is unfinished" in capsys.readouterr().out


def test_who_was_never_here_is_forgotten_too(tmp_path: Path) -> None:
    with desk(tmp_path) as ready:
        for folder in ("raw", "events", "inbox", "attachments", "published"):
            shutil.rmtree(tmp_path / folder)
        Settings.load().warehouse_path.unlink()
        assert ready.forget() == 0
        ready.copy()
        assert ready.left() == []


@pytest.mark.parametrize("lines", [1, 6, 10])
def test_killed_at_any_point_it_is_finished_by_the_next(tmp_path: Path, lines: int) -> None:
    with desk(tmp_path) as ready:
        command = [sys.executable, "-m", "jira_assets.cli", "forget", ACCOUNT, "--yes"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as running:
            assert running.stderr is not None
            list(islice(running.stderr, lines))
            running.kill()
        ready.forget()
        assert ready.left() == []
        expected = ready.rows()
        ready.build(rebuild=True)
        assert ready.rows() == expected
