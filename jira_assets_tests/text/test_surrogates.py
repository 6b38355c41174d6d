import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.text.surrogates import without_lone_surrogates

_TROUBLE = st.sampled_from(["\ud83d", "\udc4d", "\\", "\\ud83d", "u", "d83d", '"', "é"])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb'"half \ud83d of it"', "half \ufffd of it"),
        (rb'"\uDC4D\uD83D"', "\ufffd\ufffd"),
        (rb'"\ud83d\ud83d\udc4d"', "\ufffd👍"),
        (rb'"escaped \\ud83d"', r"escaped \ud83d"),
        (rb'"escaped \\\ud83d"', "escaped \\\ufffd"),
    ],
)
def test_half_a_character_becomes_a_replacement_character(written: bytes, read: str) -> None:
    assert msgspec.json.decode(without_lone_surrogates(written)) == read


@given(st.lists(_TROUBLE | st.characters()).map("".join))
def test_any_text_can_be_decoded_and_loses_nothing_else(text: str) -> None:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert msgspec.json.decode(without_lone_surrogates(json.dumps(text).encode())) == whole
