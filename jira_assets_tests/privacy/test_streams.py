import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.privacy import streams
from jira_assets.privacy.errors import Tampered, UnknownKey
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.privacy.streams import Sealing, sealing, unsealed, unsealed_size
from jira_assets_tests.privacy.keys import keyring, plain_and_sealed

KEYS = keyring("k1", "old")
PLACE = "attachments/20001"
MARK = streams._MARK

contents = st.lists(st.binary(max_size=200), max_size=5) | st.builds(
    lambda mark, rest: [mark, rest],
    st.sampled_from([MARK, MARK + b"\0", MARK[:5], MARK[:9] + b"1234567"]),
    st.binary(),
)


def stored(pieces: list[bytes], keyring: Keyring = KEYS) -> bytes:
    file = io.BytesIO()
    writer = sealing(file, keyring, PLACE)
    for piece in pieces:
        writer.write(piece)
    writer.finish()
    return file.getvalue()


def opened(content: bytes, keyring: Keyring = KEYS, place: str = PLACE) -> bytes:
    return b"".join(unsealed(io.BytesIO(content), keyring, place))


@given(pieces=contents, keyring=st.sampled_from([KEYS, NO_KEYS]))
def test_any_content_comes_back(pieces: list[bytes], keyring: Keyring) -> None:
    content = stored(pieces, keyring)
    assert opened(content, KEYS) == b"".join(pieces)
    assert unsealed_size(io.BytesIO(content), PLACE) == sum(map(len, pieces))


@plain_and_sealed
@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 1_000_000])
def test_content_of_any_size_comes_back(size: int, keyring: Keyring) -> None:
    plain = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert opened(stored([plain], keyring)) == plain


@given(st.binary(max_size=100), st.data())
def test_any_flipped_bit_is_refused(plain: bytes, data: st.DataObject) -> None:
    flipped = bytearray(stored([plain]))
    bit = data.draw(st.integers(0, 8 * len(flipped) - 1))
    flipped[bit // 8] ^= 1 << bit % 8
    if flipped[: len(MARK) + 1] != MARK + b"\0":
        with pytest.raises((Tampered, UnknownKey)):
            opened(bytes(flipped))


@given(st.binary(max_size=100), st.data())
def test_a_file_that_is_cut_short_or_continued_is_refused(plain: bytes, data: st.DataObject) -> None:
    content = stored([plain])
    cut = data.draw(st.integers(1, len(content) - 1))
    for changed in (content[:cut], content + data.draw(st.binary(min_size=1, max_size=20))):
        with pytest.raises(Tampered):
            opened(changed)


def test_a_file_whose_writer_was_killed_is_refused() -> None:
    file = io.BytesIO()
    sealing(file, KEYS, PLACE).write(b"x" * 100)
    with pytest.raises(Tampered):
        opened(file.getvalue())


def test_a_file_is_refused_in_another_place() -> None:
    with pytest.raises(Tampered, match="attachments/20002"):
        opened(stored([b"content"]), place="attachments/20002")


@pytest.mark.parametrize("other", [NO_KEYS, keyring("k2")])
def test_an_unknown_key_is_named(other: Keyring) -> None:
    with pytest.raises(UnknownKey, match="'k1'"):
        opened(stored([b"content"]), other)


def test_nobody_sees_a_byte_of_a_file_that_is_not_what_was_written() -> None:
    content = stored([b"x" * 200_000])
    with pytest.raises(Tampered):
        unsealed(io.BytesIO(content[:-1] + bytes([content[-1] ^ 1])), KEYS, PLACE)


def test_a_file_that_is_changed_while_it_is_read_is_refused_at_the_end() -> None:
    file = io.BytesIO(stored([b"x" * 200_000]))
    pieces = unsealed(file, KEYS, PLACE)
    next(pieces)
    file.getbuffer()[-1] ^= 1
    with pytest.raises(Tampered):
        list(pieces)


def test_a_value_that_is_sealed_piece_by_piece_is_one_that_the_keyring_opens() -> None:
    file = io.BytesIO()
    writer = Sealing(file, KEYS, PLACE)
    for piece in (b"one ", bytearray(b"two "), memoryview(b"three")):
        writer.write(piece)
    writer.finish()
    assert KEYS.unseal(file.getvalue(), PLACE) == b"one two three"


def test_without_a_key_a_file_is_just_its_content() -> None:
    assert stored([b"\x01", b"", b"plain"], NO_KEYS) == b"\x01plain"


@pytest.mark.parametrize("read", [opened, lambda content: unsealed_size(io.BytesIO(content), PLACE)])
def test_a_file_with_half_a_mark_is_refused(read: Callable[[bytes], object]) -> None:
    with pytest.raises(Tampered):
        read(MARK[:7])
