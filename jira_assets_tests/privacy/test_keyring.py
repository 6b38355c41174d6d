import base64
import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.privacy.errors import MalformedKeys, NoKey, Tampered, UnknownKey
from jira_assets.privacy.keyring import NO_KEYS, Keyring, is_pseudonym, is_sealed, key_id_of
from jira_assets_tests.privacy.keys import key, keyring

KEYS = keyring("k1", "old")
PLACE = "raw/2024-01/10001/issue"
places = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.binary(), places)
def test_any_value_comes_back_from_its_place(plain: bytes, place: str) -> None:
    sealed = KEYS.seal(plain, place)
    assert is_sealed(sealed)
    assert len(sealed) == len(plain) + KEYS.added_bytes
    assert key_id_of(sealed, place) == "k1"
    assert KEYS.unseal(sealed, place) == plain


@given(st.binary(min_size=1), st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_value_comes_back_from_its_pseudonym(plain: bytes, purpose: str) -> None:
    pseudonym = KEYS.pseudonym(plain, purpose)
    assert is_pseudonym(pseudonym)
    assert key_id_of(pseudonym, purpose) == "k1"
    assert KEYS.reveal(pseudonym, purpose) == plain


def test_equal_values_are_equal_as_pseudonyms_and_different_when_sealed() -> None:
    assert KEYS.pseudonym(b"Maria", "name") == keyring("k1").pseudonym(b"Maria", "name")
    assert KEYS.seal(b"Maria", PLACE) != KEYS.seal(b"Maria", PLACE)


def test_a_pseudonym_is_another_for_another_purpose_or_key() -> None:
    pseudonym = KEYS.pseudonym(b"Maria", "name")
    assert pseudonym != KEYS.pseudonym(b"Maria", "address")
    assert pseudonym[-5:] != keyring("old").pseudonym(b"Maria", "name")[-5:]


@given(st.binary(max_size=50), st.data())
def test_any_flipped_bit_is_refused(plain: bytes, data: st.DataObject) -> None:
    for stored, opened in (
        (KEYS.seal(plain, PLACE), KEYS.unseal),
        (KEYS.pseudonym(plain + b"x", PLACE), KEYS.reveal),
    ):
        # Of the first byte one bit more or less makes something that is not encrypted at all.
        bit = data.draw(st.integers(8, 8 * len(stored) - 1))
        flipped = bytearray(stored)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises((Tampered, UnknownKey)):
            opened(bytes(flipped), PLACE)


@given(st.binary(max_size=50), st.data())
def test_a_value_that_is_cut_short_or_continued_is_refused(plain: bytes, data: st.DataObject) -> None:
    for stored, opened in (
        (KEYS.seal(plain, PLACE), KEYS.unseal),
        (KEYS.pseudonym(plain + b"x", PLACE), KEYS.reveal),
    ):
        cut = data.draw(st.integers(1, len(stored) - 1))
        for changed in (stored[:cut], stored + data.draw(st.binary(min_size=1, max_size=20))):
            with pytest.raises(Tampered):
                opened(changed, PLACE)


@given(st.binary(), places, places)
def test_a_value_is_refused_in_any_place_but_its_own(plain: bytes, place: str, other: str) -> None:
    if place != other:
        with pytest.raises(Tampered):
            KEYS.unseal(KEYS.seal(plain, place), other)


def test_a_pseudonym_is_refused_for_another_purpose() -> None:
    with pytest.raises(Tampered):
        KEYS.reveal(KEYS.pseudonym(b"Maria", "name"), "address")


@pytest.mark.parametrize("other", [NO_KEYS, keyring("k2")])
def test_an_unknown_key_is_named(other: Keyring) -> None:
    with pytest.raises(UnknownKey, match="'k1'"):
        other.unseal(KEYS.seal(b"", PLACE), PLACE)
    with pytest.raises(UnknownKey, match="'k1'"):
        other.reveal(KEYS.pseudonym(b"Maria", "name"), "name")


def test_another_key_of_the_same_id_opens_nothing() -> None:
    other = Keyring.parse(key("k1", seed="another"))
    with pytest.raises(Tampered):
        other.unseal(KEYS.seal(b"", PLACE), PLACE)
    with pytest.raises(Tampered):
        other.reveal(KEYS.pseudonym(b"Maria", "name"), "name")


def test_the_first_key_writes_and_all_read() -> None:
    before, after = keyring("old"), keyring("new", "old")
    assert (after.writing, after.ids) == ("new", ("new", "old"))
    assert after.unseal(before.seal(b"text", PLACE), PLACE) == b"text"
    assert key_id_of(after.seal(b"text", PLACE), PLACE) == "new"


@pytest.mark.parametrize("plain", [b"", b"{}", b"[]", b"\x28\xb5\x2f\xfd\x00", b"\n"])
def test_what_was_stored_without_a_key_stays_readable(plain: bytes) -> None:
    assert NO_KEYS.seal(plain, PLACE) == plain
    assert KEYS.unseal(plain, PLACE) == plain
    assert KEYS.reveal(plain, PLACE) == plain


def test_nothing_has_no_pseudonym() -> None:
    assert KEYS.pseudonym(b"", "name") == b""


def test_there_are_no_pseudonyms_without_a_key() -> None:
    with pytest.raises(NoKey, match="JIRA_ENCRYPTION_KEYS"):
        NO_KEYS.pseudonym(b"Maria", "name")


def test_nothing_is_encrypted_if_it_cannot_be_noted_that_the_key_is_in_use() -> None:
    def refuse(_values: int) -> None:
        raise OSError("the disk is full")

    refusing = Keyring.parse(key("k1"), before_writing=refuse)
    for encrypt in (refusing.seal, refusing.pseudonym):
        with pytest.raises(OSError, match="full"):
            encrypt(b"text", PLACE)
    assert refusing.unseal(KEYS.seal(b"text", PLACE), PLACE) == b"text"


def test_threads_share_a_keyring() -> None:
    def back(number: int) -> bytes:
        plain = b"%d" % number
        assert KEYS.reveal(KEYS.pseudonym(plain, f"purpose-{number % 7}"), f"purpose-{number % 7}") == plain
        return KEYS.unseal(KEYS.seal(plain, PLACE), PLACE)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(back, range(500))) == [b"%d" % number for number in range(500)]


@pytest.mark.parametrize("between", [",", "\n", " ", ", ", ",\n\n", "\r\n"])
def test_keys_may_be_written_in_lines_or_with_commas(between: str) -> None:
    assert Keyring.parse(f"{between}{key('a')}{between}{key('b')}{between}").ids == ("a", "b")


SECRET = base64.b64encode(b"s" * 32).decode()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SECRET, "no proper id at place 1"),
        (f"{key('a')},{SECRET}", "no proper id at place 2"),
        (f":{SECRET}", "no proper id at place 1"),
        (f"not/an/id:{SECRET}", "no proper id at place 1"),
        (f"{'x' * 33}:{SECRET}", "no proper id at place 1"),
        (f"{key('a')},a:{SECRET}", "the id 'a' twice"),
        (f"a:{SECRET[:-4]}", "a key 'a' of 240 bits"),
        (f"a:{SECRET[:-1]}", "no base64 behind the id 'a'"),
        ("a:schlüssel", "no base64 behind the id 'a'"),
        ("a:", "a key 'a' of 0 bits"),
    ],
)
def test_keys_that_are_written_wrongly_are_named_and_not_shown(text: str, problem: str) -> None:
    with pytest.raises(MalformedKeys, match=problem) as caught:
        Keyring.parse(text)
    assert SECRET[:6] not in str(caught.value)


def test_no_key_is_shown_or_leaves_the_process() -> None:
    secret = key("k1").removeprefix("k1:")
    assert repr(KEYS) == "Keyring(k1, old)"
    assert secret not in f"{KEYS!r} {KEYS} {vars(type(KEYS))}"
    with pytest.raises(TypeError, match="does not leave its process"):
        pickle.dumps(KEYS)
    assert copy.deepcopy(NO_KEYS).ids == ()


@given(st.binary(max_size=60), st.sampled_from([b"\x01", b"\x02", b""]))
def test_whatever_is_stored_opening_it_ends_orderly(stored: bytes, version: bytes) -> None:
    for opened in (KEYS.unseal, KEYS.reveal):
        with suppress(Tampered, UnknownKey):
            assert opened(version + stored, PLACE) == version + stored
