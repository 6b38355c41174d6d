"""The list of those who are forgotten names nobody, and nobody on it comes back."""

import json
import multiprocessing
import uuid
from pathlib import Path

import pytest
from upath import UPath

from jira_assets.privacy.errors import PrivacyError, Tampered, UnknownKey
from jira_assets.privacy.forgetting import Forgetting
from jira_assets.privacy.forgotten import Forgotten, ForgottenList, Traces, is_tombstone
from jira_assets.privacy.keyring import NO_KEYS
from jira_assets_tests.privacy.forgetting import ACCOUNT, ADDRESS, BOB, MARIA, NAME
from jira_assets_tests.privacy.keys import keyring


@pytest.fixture
def forgetting(tmp_path: Path) -> Forgetting:
    return Forgetting(UPath(tmp_path) / "raw")


def test_without_a_list_there_is_nothing_to_do_and_nothing_is_made(
    forgetting: Forgetting, tmp_path: Path
) -> None:
    assert forgetting.for_storing([json.dumps(MARIA).encode()]) is None
    assert list(tmp_path.iterdir()) == []


def test_an_account_has_one_tombstone_that_says_nothing_of_it(forgetting: Forgetting) -> None:
    tombstone = forgetting.list.add(ACCOUNT)
    assert is_tombstone(tombstone)
    assert forgetting.list.add(ACCOUNT) == tombstone
    other = Forgotten(b"another salt").with_account(ACCOUNT)
    assert other.tombstone(ACCOUNT) != tombstone
    assert other.tombstone(BOB["accountId"]) is None


def test_the_file_names_nobody_and_is_for_nobody_else(forgetting: Forgetting) -> None:
    tombstone = forgetting.list.add(ACCOUNT)
    forgetting.list.learn({tombstone: Traces({NAME}, {ADDRESS}, {"10001"})})
    path = Path(forgetting.list.path.path)
    stored = path.read_text().casefold()
    assert not [trace for trace in (ACCOUNT, *NAME.casefold().split(), ADDRESS) if trace in stored]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_change_of_the_list_is_noticed_at_once(forgetting: Forgetting) -> None:
    payload = json.dumps({"author": MARIA, "assignee": BOB}).encode()
    first = forgetting.list.add(ACCOUNT)
    redaction = forgetting.in_force()
    assert redaction is not None
    assert forgetting.in_force() is redaction
    assert BOB["displayName"].encode() in redaction.payload(payload)
    second = Forgetting(forgetting.list.path.parent).list.add(BOB["accountId"])
    redaction = forgetting.in_force()
    assert redaction is not None
    left = json.loads(redaction.payload(payload))
    assert (left["author"]["accountId"], left["assignee"]["accountId"]) == (first, second)


def test_what_is_stored_teaches_by_what_people_can_be_recognised(forgetting: Forgetting) -> None:
    forgetting.list.add(ACCOUNT)
    theirs = {"id": "7", "fields": {"creator": MARIA, "summary": "s"}}
    about = {"body": f"{NAME}?", "parent": {"id": "7", "fields": {"summary": "s"}}}
    redaction = forgetting.for_storing([json.dumps(about).encode(), json.dumps(theirs).encode()])
    assert redaction is not None
    left = json.loads(redaction.payload(json.dumps(about).encode()))
    assert left == {"body": "[forgotten]?", "parent": {"id": "7", "fields": {"summary": "[removed]"}}}
    before = forgetting.list.identity()
    forgetting.for_storing([json.dumps(theirs).encode()])
    assert forgetting.list.identity() == before


def test_who_is_called_by_an_address_is_found_by_it(forgetting: Forgetting) -> None:
    forgetting.list.add(ACCOUNT)
    customer = {"accountId": ACCOUNT, "displayName": ADDRESS}
    redaction = forgetting.for_storing([json.dumps([customer]).encode()])
    assert redaction is not None
    assert redaction.text(f"from {ADDRESS}:") == "from [forgotten]:"


def test_a_damaged_list_is_an_error_and_no_empty_list(forgetting: Forgetting) -> None:
    forgetting.list.add(ACCOUNT)
    Path(forgetting.list.path.path).write_text("{")
    with pytest.raises(PrivacyError, match="who is forgotten, is damaged"):
        forgetting.in_force()
    with pytest.raises(PrivacyError):
        forgetting.list.add("another")


def test_the_list_may_lie_in_an_object_store() -> None:
    forgetting = Forgetting(UPath(f"memory://{uuid.uuid4().hex}"))
    assert forgetting.in_force() is None
    tombstone = forgetting.list.add(ACCOUNT)
    redaction = forgetting.in_force()
    assert redaction is not None
    assert redaction.text(f"user {ACCOUNT}") == f"user {tombstone}"


def _add(path: str, number: int) -> None:
    ForgottenList(UPath(path)).add(f"5b10a{number:04d}44c20165700ede")


def test_several_processes_may_add_at_once(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("forkserver")
    adding = [processes.Process(target=_add, args=(str(tmp_path), number)) for number in range(6)]
    for process in adding:
        process.start()
    for process in adding:
        process.join(30)
    forgotten = ForgottenList(UPath(tmp_path)).read()
    assert forgotten is not None
    assert len(forgotten.people) == 6


def test_a_list_that_is_lost_is_an_error_and_not_the_return_of_everybody(tmp_path: Path) -> None:
    forgetting = Forgetting(UPath(tmp_path) / "raw")
    assert forgetting.in_force() is None
    forgetting.list.add(BOB["accountId"])
    forgetting.list.path.unlink()
    with pytest.raises(PrivacyError, match="is gone"):
        forgetting.in_force()
    with pytest.raises(PrivacyError, match="is gone"):
        forgetting.list.read()


def test_with_a_key_the_list_is_sealed_and_one_that_is_not_is_so_by_a_rotation(tmp_path: Path) -> None:
    plain, sealed = (ForgottenList(UPath(tmp_path), ring) for ring in (NO_KEYS, keyring("k1")))
    plain.add(BOB["accountId"])
    before = plain.read()
    assert sealed.read() == before
    assert (sealed.key_id(), sealed.rewrite().resealed, sealed.rewrite().resealed) == (None, 1, 0)
    assert (sealed.key_id(), sealed.read()) == ("k1", before)
    with pytest.raises(UnknownKey):
        plain.read()
    content = bytearray(sealed.path.read_bytes())
    content[-1] ^= 1
    sealed.path.write_bytes(bytes(content))
    with pytest.raises(Tampered):
        sealed.read()
