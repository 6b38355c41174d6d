"""Everything brought under another key, whatever happens on the way."""

import base64
import contextlib
import itertools
import os
from pathlib import Path

import pytest

from jira_assets.commands import keys as keys_command
from jira_assets.inbox.inbox import Inbox
from jira_assets.privacy.errors import NoKey, UnknownKey, WrongKey
from jira_assets.settings import Settings
from jira_assets.upkeep.rotate.rotate import Rotated, Rotation
from jira_assets_tests.events.samples import delivery
from jira_assets_tests.filling import found_below
from jira_assets_tests.privacy.keys import key, keyring
from jira_assets_tests.upkeep.rotate.kept import ATTACHMENT, Kept

_EVERYWHERE = ("raw", "inbox", "queue", "events", "unreadable", "attachments", "published")


class Killed(BaseException):
    """What stands in for SIGKILL: nobody handles it."""


def test_afterwards_the_old_key_is_not_needed_and_all_is_as_it_was(sealed: Kept) -> None:
    expected = sealed.readable()
    assert sealed.keys() == {"old"}
    rotated = sealed.rotate("new", "old")
    assert rotated.is_complete
    assert rotated.retired == ["old"]
    sealed.use("new")
    assert (sealed.keys(), sealed.in_use()) == ({"new"}, ["new"])
    assert sealed.readable() == expected


def test_with_the_first_key_nothing_stays_readable(plain: Kept, plain_copy: tuple[Path, set[bytes]]) -> None:
    texts = {*plain_copy[1], ATTACHMENT[:20]} - {b"written"}  # the views describe their columns
    assert len(found_below(plain.folder, texts, _EVERYWHERE)) > 50
    rotated = plain.rotate("k1")
    assert (rotated.is_complete, rotated.retired) == (True, [])
    assert found_below(plain.folder, texts, _EVERYWHERE) == set()
    warehouse = (plain.folder / "warehouse.duckdb").read_bytes()
    assert not [text for text in texts if text in warehouse]
    assert plain.in_use() == ["k1"]


def test_it_can_be_killed_anywhere_and_run_again(sealed: Kept) -> None:
    expected = sealed.readable()
    numbers = itertools.count(2, 4)
    while (rotated := _rotate_and_die(sealed, next(numbers))) is None:
        assert sealed.keys() <= {*sealed.in_use()}
        assert sealed.readable()["raw"] == expected["raw"]
    assert next(numbers) > 20
    assert rotated.is_complete
    sealed.use("new")
    assert sealed.keys() == {"new"}
    assert sealed.readable() == expected


def _rotate_and_die(kept: Kept, number: int) -> Rotated | None:
    """Die when something is to be made durable for the so-manieth time, if it ever is."""
    fsync, calls = os.fsync, itertools.count(1)

    def dying(descriptor: int) -> None:
        if next(calls) >= number:
            raise Killed
        fsync(descriptor)

    with pytest.MonkeyPatch.context() as patched, contextlib.suppress(Killed):
        patched.setattr(os, "fsync", dying)
        return kept.rotate("new", "old")
    return None


def test_a_second_rotation_has_nothing_to_do(sealed: Kept) -> None:
    before = {path: path.read_bytes() for path in (sealed.folder / "raw").rglob("*") if path.is_file()}
    rotated = sealed.rotate("old")
    assert (rotated.resealed, rotated.is_complete, rotated.retired) == (0, True, [])
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("keys", "error"), [(key("new"), UnknownKey), (f"{key('new')},{key('old', 'x')}", WrongKey)]
)
def test_an_old_key_that_is_missing_or_wrong_is_named_before_anything_is_written(
    sealed: Kept, keys: str, error: type[Exception]
) -> None:
    before = {path: path.read_bytes() for path in sealed.folder.rglob("*") if path.is_file()}
    sealed.patch.setenv("JIRA_ENCRYPTION_KEYS", keys)
    with pytest.raises(error, match="'old'"):
        Rotation(Settings.load(), lambda _line: None)
    assert {path: path.read_bytes() for path in sealed.folder.rglob("*") if path.is_file()} == before


def test_without_a_key_there_is_nothing_to_rotate_to(plain: Kept) -> None:
    with pytest.raises(NoKey):
        plain.rotate()


def test_what_somebody_still_writes_with_the_old_key_keeps_it_in_use(
    sealed: Kept, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish, late = Rotation._verify, Inbox(sealed.folder / "inbox", keyring("old"))

    def write_before_verifying(rotation: Rotation, *arguments: object) -> None:
        late.add([delivery(99)])
        publish(rotation, *arguments)  # type: ignore[arg-type]  # they are passed on

    with monkeypatch.context() as patched:
        patched.setattr(Rotation, "_verify", write_before_verifying)
        sealed.use("new", "old")
        assert keys_command.main(["rotate"]) == 1
    said = capsys.readouterr().out
    assert "is encrypted with old: 1 in inbox (all)" in said
    assert "run this again" in said
    assert set(sealed.in_use()) == {"new", "old"}
    assert keys_command.main(["rotate"]) == 0
    assert "Nothing needs old any more" in capsys.readouterr().out
    assert sealed.in_use() == ["new"]


def test_published_months_that_can_no_longer_be_built_stay_and_are_told(sealed: Kept) -> None:
    published = sealed.folder / "published" / "issues"
    lost = published / "2001-01.parquet"
    lost.write_bytes(next(published.glob("*.parquet")).read_bytes())
    before = lost.read_bytes()
    rotated = sealed.rotate("new", "old")
    assert lost.read_bytes() == before
    (left,) = rotated.left["old"]
    assert left.endswith("in published/issues/2001-01.parquet")
    assert (rotated.is_complete, rotated.retired) == (False, [])


def test_damaged_files_are_named_and_stop_nothing_else(sealed: Kept) -> None:
    segment = next((sealed.folder / "raw").rglob("*.parquet"))
    archive = next((sealed.folder / "events").glob("*.zst"))
    event = next((sealed.folder / "inbox").glob("*.event"))
    attachment = sealed.folder / "attachments" / "1" / "7"
    for path in (segment, archive, event, attachment):
        path.write_bytes(path.read_bytes()[:-9])
    rotated = sealed.rotate("new", "old")
    problems = "\n".join(rotated.problems)
    for path in (segment, archive):
        assert str(path) in problems
    assert event.name in problems
    assert "attachment/1/7" in problems
    assert f"tables of {segment.parent.name}" in problems
    assert (rotated.is_complete, rotated.retired) == (False, [])
    assert b"old" not in (sealed.folder / "attachments" / "2" / "7").read_bytes()[:40]
    assert sealed.in_use() == ["old", "new"]


def test_keys_never_show(sealed: Kept, capfd: pytest.CaptureFixture[str]) -> None:
    sealed.use("new", "old")
    assert keys_command.main(["rotate"]) == 0
    said = "".join(capfd.readouterr())
    assert "raw log: " in said
    for each in ("new", "old"):
        _, _, secret = key(each).partition(":")
        assert secret not in said
        assert base64.b64decode(secret) not in (sealed.folder / "keys.json").read_bytes()
