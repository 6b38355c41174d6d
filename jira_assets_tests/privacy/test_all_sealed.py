"""Where everything is encrypted, what is not is refused, and nobody without a key can allow it."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from jira_assets.cli import main
from jira_assets.inbox.inbox import DamagedDelivery, Delivery, Inbox
from jira_assets.inbox.queue import Item, Queue
from jira_assets.privacy.errors import NotSealed, Tampered
from jira_assets.privacy.in_use import KeysInUse
from jira_assets.privacy.keyring import NO_KEYS
from jira_assets.raw.contents import Contents
from jira_assets.raw.errors import UnreadableSegment
from jira_assets.raw.log import RawLog
from jira_assets.raw.seal import sealed
from jira_assets.raw.segments import SCHEMA, withdraw
from jira_assets.settings import Settings
from jira_assets.sync.attachments.store import AttachmentStore
from jira_assets_tests.privacy.keys import key, keyring
from jira_assets_tests.raw.records import MONTH, moved, record, tombstone

WAITING = {MONTH: [Item("1", "an event", datetime(2024, 1, 1, tzinfo=UTC))]}


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JIRA_DOMAIN", "example.atlassian.net")
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", key("k1"))


def log(*, with_key: bool = True) -> RawLog:
    settings = Settings.load()
    return RawLog(settings.raw_dir, settings.keyring if with_key else NO_KEYS)


def summaries() -> list[bytes]:
    return [payload for issue in log().latest(MONTH) for payload in issue.payloads.values()]


def old_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Payloads are sealed as versions did that did not bind them to their times."""
    monkeypatch.setattr(
        Contents, "_place", lambda self, issue, name, *_times: f"raw/{self._month}/{issue}/{name}"
    )


@pytest.fixture
def forged() -> None:
    """A copy that began with a key, and what somebody without it has added."""
    log().append(MONTH, [record("1", payload=b'{"a":1}')])
    log(with_key=False).append(MONTH, [record("2", payload=b'{"forged":1}')])


@pytest.mark.usefixtures("forged")
def test_a_payload_that_is_not_sealed_is_named_and_not_read() -> None:
    with pytest.raises(UnreadableSegment, match=r"issue 2: .* is not encrypted"):
        summaries()


@pytest.mark.usefixtures("forged")
@pytest.mark.parametrize("content", [None, b'{"checks":{}}'], ids=["gone", "empty"])
def test_without_the_list_of_keys_it_is_refused_all_the_same(content: bytes | None) -> None:
    keys = Settings.load().keys_file
    if content is None:
        keys.unlink()
    else:
        keys.write_bytes(content)
    with pytest.raises(UnreadableSegment):
        summaries()


def test_whatever_waits_or_is_kept_is_refused_unless_it_is_sealed(tmp_path: Path) -> None:
    log().append(MONTH, [record()])
    ring = Settings.load().keyring
    Queue(tmp_path / "queue", NO_KEYS).put(WAITING)
    assert [item.cause for item in Queue(tmp_path / "queue", ring).items(MONTH)] != ["an event"]
    inbox = Inbox(tmp_path / "inbox", NO_KEYS)
    inbox.add([Delivery.arrived("1", datetime.now(UTC), None, b"{}")])
    (name,) = (path.name for path in (tmp_path / "inbox").iterdir() if not path.name.startswith("."))
    with pytest.raises(DamagedDelivery):
        Inbox(tmp_path / "inbox", ring).read(name)
    settings = Settings.load()
    with AttachmentStore(settings.attachments_dir, NO_KEYS).writing("1", "2", 3) as writer:
        writer.write(b"abc")
    with pytest.raises(NotSealed):
        list(AttachmentStore(settings.attachments_dir, ring).reading("1", "2"))
    with pytest.raises(NotSealed):
        ring.unseal(b"plain", "anywhere")


def test_a_copy_that_gets_a_key_later_refuses_nothing_until_everything_is_sealed() -> None:
    log(with_key=False).append(MONTH, [record("1", payload=b"[1]")])
    log().append(MONTH, [record("2", payload=b"[2]")])
    assert summaries() == [b"[1]", b"[2]"]
    assert main(["keys", "rotate"]) == 0
    assert summaries() == [b"[1]", b"[2]"]
    log(with_key=False).append(MONTH, [record("3", payload=b"[3]")])
    with pytest.raises(UnreadableSegment):
        summaries()


@pytest.mark.usefixtures("forged")
def test_what_somebody_put_there_himself_is_encrypted_if_he_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["keys", "rotate"]) == 1
    assert "issue 2" in capsys.readouterr().out
    assert main(["keys", "rotate", "--accept-plain"]) == 0
    assert summaries() == [b'{"a":1}', b'{"forged":1}']
    log(with_key=False).append(MONTH, [record("3")])
    with pytest.raises(UnreadableSegment):
        summaries()


def test_payloads_of_older_versions_are_read_until_they_are_sealed_for_their_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings.load()
    KeysInUse(settings.keys_file).add(keyring("k1"))  # as older versions did, which knew of no more
    with monkeypatch.context() as older:
        old_form(older)
        log().append(MONTH, [record("1", payload=b"[1]")])
    assert summaries() == [b"[1]"]
    assert main(["keys", "rotate"]) == 0
    assert summaries() == [b"[1]"]
    with monkeypatch.context() as older:
        old_form(older)
        log().append(MONTH, [record("2", payload=b"[2]")])
    with pytest.raises(UnreadableSegment):
        summaries()


def test_an_old_payload_cannot_be_made_the_latest(tmp_path: Path) -> None:
    log().append(MONTH, [record("1", payload=b"[1]")])
    (path,) = (tmp_path / "raw" / "issues" / MONTH).glob("*.parquet")
    later = (
        pl.col("issue_updated").dt.offset_by("1y"),
        pl.col("fetched_at").dt.offset_by("1y"),
        pl.lit(1, SCHEMA["generation"]).alias("generation"),
    )
    for column in later:
        rows = pl.read_parquet(path)
        buffer = io.BytesIO()
        rows.with_columns(column).write_parquet(buffer)
        before = path.read_bytes()
        path.write_bytes(sealed(buffer.getvalue()))
        with pytest.raises(UnreadableSegment, match="changed or moved"):
            summaries()
        path.write_bytes(before)
    assert summaries() == [b"[1]"]


def test_nobody_without_a_key_can_end_an_issue() -> None:
    log().append(MONTH, [record("1", payload=b"[1]")])
    for ending in (tombstone("1", fetched=1), moved("1", fetched=1)):
        forged = log(with_key=False).append(MONTH, [ending])
        assert forged is not None
        with pytest.raises(UnreadableSegment, match="is not encrypted"):
            summaries()
        withdraw(forged)
    assert summaries() == [b"[1]"]


def test_a_later_generation_is_read_whatever_moves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    log().append(MONTH, [replace(record("1", updated=5, payload=b"[1]"), generation=2)])
    for number in range(1, 20):  # each is raised to the generation of the first
        log().append(MONTH, [record("1", updated=5 + number, payload=b"[%d]" % number)])
    assert log().compact(MONTH) is not None
    assert summaries() == [b"[19]"]
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", f"{key('k2')},{key('k1')}")
    assert main(["keys", "rotate"]) == 0
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", key("k2"))
    assert summaries() == [b"[19]"]


def test_another_key_cannot_say_that_everything_is_sealed(tmp_path: Path) -> None:
    in_use = KeysInUse(tmp_path / "keys.json", lambda: True)
    in_use.add(keyring("k1"))
    assert not in_use.is_all_sealed(keyring("k1"))
    in_use.note(keyring("k1"), is_all_sealed=True)
    assert in_use.is_all_sealed(keyring("k1"))
    in_use.add(keyring("k2", "k1"))
    assert in_use.is_all_sealed(keyring("k2", "k1"))
    assert not in_use.is_all_sealed(keyring("k3"))


def test_a_refused_value_is_told_what_to_do_about(tmp_path: Path) -> None:
    error = NotSealed(str(tmp_path))
    assert isinstance(error, Tampered)
    assert "keys rotate --accept-plain" in str(error)
