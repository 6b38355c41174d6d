"""Files follow what the raw log says of the issues, and what became of them is in the log."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from jira_assets.jira.clock import JiraClock
from jira_assets.jira.errors import Unauthorised
from jira_assets.raw.attachments import FileRecord, FileState
from jira_assets.raw.record import Part, Record, Source
from jira_assets.sandbox import faults
from jira_assets.sandbox.attachments import media_id
from jira_assets.sync.attachments.download import AttachmentDownload
from jira_assets_tests.jira.connection import connect
from jira_assets_tests.jira.issues import MONTH
from jira_assets_tests.privacy.keys import key
from jira_assets_tests.sync.attachments.keeping import FIRST, Keeping, file, keeping

HUGE = 2_000_000_000


def states(copy: Keeping) -> dict[str, str]:
    return {attachment_id: record.state.value for attachment_id, record in copy.records().items()}


def stored(copy: Keeping, issue_id: str = FIRST) -> set[str]:
    return copy.store.attachment_ids(issue_id)


def delete(copy: Keeping, issue_id: str = FIRST) -> None:
    """What a confirmed deletion leaves in the log."""
    at = datetime.now(UTC)
    copy.raw.append(MONTH, [Record(issue_id, Part.DELETED, at, at, Source.WEBHOOK, b"{}")])


def test_content_is_stored_and_recorded(copy: Keeping) -> None:
    copy.sandbox.site.attachment_contents["1"] = b"x" * 5_000
    assert str(copy.keep()) == "2 files downloaded (0 MB), 0 kept, 0 too large, 0 failed"
    digest = hashlib.sha256(b"x" * 5_000).hexdigest()
    assert copy.records()["1"] == FileRecord(FileState.STORED, 5_000, digest, media_id("1"))
    assert copy.read("1") == b"x" * 5_000


def test_what_is_there_is_kept(copy: Keeping) -> None:
    copy.keep()
    newest = copy.raw.extent(MONTH)
    counts = copy.keep_files()
    assert (counts.kept, counts.downloaded) == (2, 0)
    assert sorted(copy.asked_for()) == ["1", "2"]
    assert copy.raw.extent(MONTH) == newest


def test_only_the_files_of_some_issues_are_fetched(copy: Keeping) -> None:
    copy.put(file(3), number=2)
    copy.keep([FIRST])
    assert (stored(copy), stored(copy, "10002")) == ({"1", "2"}, set())


def test_a_file_is_fetched_when_it_comes(copy: Keeping) -> None:
    copy.keep()
    copy.put(file(1), file(2), file(3))
    assert copy.keep([FIRST]).downloaded == 1
    assert states(copy) == {"1": "stored", "2": "stored", "3": "stored"}


def test_what_is_too_large_is_not_asked_for(copy: Keeping) -> None:
    copy.put(file(1, size=HUGE), file(2))
    assert copy.keep().too_large == 1
    assert states(copy) == {"1": "too_large", "2": "stored"}
    assert copy.asked_for() == ["2"]


def test_what_was_too_large_is_fetched_when_the_limit_is_raised(copy: Keeping) -> None:
    copy.put(file(1, size=1_500_000))
    assert copy.keep(JIRA_ATTACHMENT_MAX_MB="1").too_large == 1
    assert copy.keep_files().downloaded == 1
    assert states(copy) == {"1": "stored"}


def test_what_turns_out_to_be_too_large_is_not_stored(copy: Keeping) -> None:
    copy.put({"id": "1", "filename": "a"})  # Jira does not say how large it is
    copy.sandbox.site.attachment_contents["1"] = b"x" * 1_500_000
    assert copy.keep(JIRA_ATTACHMENT_MAX_MB="1").too_large == 1
    assert stored(copy) == set()


def test_what_has_become_too_large_is_not_kept(copy: Keeping) -> None:
    copy.keep()
    copy.put(file(1, size=HUGE), file(2))
    assert copy.keep().too_large == 1
    assert stored(copy) == {"2"}


def test_a_file_without_a_record_is_not_deleted(copy: Keeping) -> None:
    copy.keep()
    delete(copy)  # the records with it
    copy.fetch()
    copy.keep_files(JIRA_ATTACHMENTS="metadata")
    assert stored(copy) == {"1", "2"}


def test_what_killed_writers_left_is_deleted_when_files_are_looked_at(copy: Keeping) -> None:
    copy.keep()
    left = copy.folder / FIRST / f".{'a' * 32}.tmp"
    left.write_bytes(b"plaintext")
    os.utime(left, (0, 0))
    copy.keep_files()
    assert not left.exists()


def test_a_file_from_before_there_was_a_key_is_kept_if_it_is_what_was_recorded(tmp_path: Path) -> None:
    with keeping(tmp_path) as plain:
        plain.keep()
        sealed = Keeping(plain.sandbox, plain.settings.with_values(JIRA_ENCRYPTION_KEYS=key("k1")))
        records, requests = sealed.records(), len(plain.asked_for())
        assert sealed.keep_files().kept == 2
        assert (sealed.records(), len(plain.asked_for())) == (records, requests)


@pytest.mark.parametrize("has_record", [True, False])
def test_a_forged_file_does_not_pass_for_a_sealed_one(tmp_path: Path, has_record: bool) -> None:
    with keeping(tmp_path, JIRA_ENCRYPTION_KEYS=key("k1")) as sealed:
        sealed.keep()
        whole = sealed.read("1")
        (sealed.folder / FIRST / "1").write_bytes(b"f" * len(whole))
        if not has_record:
            delete(sealed)
            sealed.fetch()
        sealed.keep_files()
        assert sealed.read("1") == whole


def test_a_slot_is_left_to_other_calls_while_files_are_fetched(copy: Keeping) -> None:
    copy.put(*(file(number) for number in range(1, 13)))
    copy.fetch()
    copy.sandbox.faults.add(faults.slow(0.05), path="/file/")
    copy.sandbox.traffic.most_at_once = 0
    with connect(copy.sandbox.url, concurrency=3) as client:
        AttachmentDownload(copy.settings, client, copy.raw, MONTH, lambda _line: None).keep()
    assert copy.sandbox.traffic.most_at_once == 2


def test_what_fails_is_tried_again_by_the_next_run_and_fails_nothing_else(copy: Keeping) -> None:
    copy.sandbox.faults.add(faults.failing(404), path="/content/1$")
    counts = copy.keep()
    assert counts.failures == ["SUP-1 1: Jira does not have it, or the account may not see it (404)"]
    assert states(copy) == {"1": "failed", "2": "stored"}
    copy.sandbox.faults.clear()
    copy.keep_files()
    assert states(copy) == {"1": "stored", "2": "stored"}


def test_content_of_another_size_is_not_stored(copy: Keeping) -> None:
    copy.sandbox.site.attachment_contents["1"] = b"short"
    (failure,) = copy.keep().failures
    assert failure == "SUP-1 1: Jira says that it has 5000 bytes, but there are 5"
    assert stored(copy) == {"2"}


def test_a_full_disk_is_not_filled_further(copy: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jira_assets.sync.attachments.store._RESERVE_BYTES", 10**18)
    assert len(copy.keep().failures) == 2
    assert copy.asked_for() == []


def test_a_refused_credential_ends_everything(copy: Keeping) -> None:
    copy.fetch()
    copy.sandbox.faults.add(faults.failing(401), path="/content/")
    with pytest.raises(Unauthorised):
        copy.keep_files()


def test_a_file_that_is_deleted_in_jira_is_deleted_once_the_log_says_so(copy: Keeping) -> None:
    copy.keep()
    copy.put(file(2))
    copy.keep_files([FIRST])
    assert stored(copy) == {"1", "2"}
    copy.keep([FIRST])
    assert stored(copy) == {"2"}
    assert states(copy) == {"2": "stored"}


def test_the_last_file_goes_with_its_folder(copy: Keeping) -> None:
    copy.keep()
    copy.put()
    copy.keep([FIRST])
    assert not (copy.folder / FIRST).exists()


def test_attachments_that_were_not_sent_are_not_deleted(copy: Keeping) -> None:
    copy.keep()
    copy.sandbox.site.fail_field(FIRST, "attachment")
    copy.keep()
    assert stored(copy) == {"1", "2"}


@pytest.mark.parametrize("mode", ["all", "metadata"])
def test_the_files_of_a_deleted_issue_go(copy: Keeping, mode: str) -> None:
    copy.keep()
    delete(copy)
    copy.keep_files(JIRA_ATTACHMENTS=mode)
    assert copy.store.issue_ids() == set()


def test_an_issue_that_is_there_again_has_its_files_again(copy: Keeping) -> None:
    copy.keep()
    delete(copy)
    copy.keep_files()
    copy.keep()
    assert states(copy) == {"1": "stored", "2": "stored"}


def test_no_content_is_asked_for_if_only_metadata_are_wanted(copy: Keeping) -> None:
    counts = copy.keep(JIRA_ATTACHMENTS="metadata")
    assert (counts.downloaded, copy.asked_for(), copy.records()) == (0, [], {})
    assert not copy.folder.exists()


def test_a_file_whose_record_was_lost_is_read_and_not_fetched(copy: Keeping) -> None:
    copy.keep()
    records = copy.records()
    delete(copy)  # the records with it
    copy.fetch()
    requests = len(copy.sandbox.requests)
    assert copy.keep_files().kept == 2
    assert copy.records() == records
    assert [request.to_media_host for request in copy.sandbox.requests[requests:]].count(True) == 2


@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 5_001])
def test_a_file_that_is_not_whole_is_fetched_again(copy: Keeping, damage: bytes) -> None:
    copy.keep()
    whole = copy.read("1")
    (copy.folder / FIRST / "1").write_bytes(damage)
    copy.keep_files()
    assert copy.read("1") == whole


def test_a_file_that_is_gone_is_fetched_again(copy: Keeping) -> None:
    copy.keep()
    (copy.folder / FIRST / "1").unlink()
    assert copy.keep_files([FIRST]).downloaded == 1


def test_hostile_ids_never_become_paths(copy: Keeping) -> None:
    fields = {"attachment": [{"id": id_} for id_ in ("../../1", "..", "1/2", "", None, "\u0661", "1" * 99)]}
    at = datetime.now(UTC)
    payload = msgspec.json.encode({"key": "SUP-1", "fields": fields})
    copy.raw.append(MONTH, [Record(FIRST, Part.ISSUE, at, at, Source.BACKFILL, payload)])
    copy.keep_files()
    assert (states(copy), copy.asked_for()) == ({}, [])


def test_a_clock_that_was_set_back_does_not_hide_what_is_new(
    copy: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.sandbox.faults.add(faults.failing(404), times=1, path="/content/1$")
    copy.keep()

    monkeypatch.setattr(JiraClock, "now", property(lambda _clock: datetime(2024, 5, 1, tzinfo=UTC)))
    copy.keep_files()
    assert states(copy) == {"1": "stored", "2": "stored"}


def test_a_damaged_log_is_left_to_those_who_need_it(copy: Keeping) -> None:
    copy.fetch()
    for segment in copy.settings.raw_dir.glob("issues/*/*.parquet"):
        segment.write_bytes(b"damaged")
    assert copy.keep_files().downloaded == 0
