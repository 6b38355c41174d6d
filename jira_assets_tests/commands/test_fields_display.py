"""Names of fields in a terminal."""

import pytest

from jira_assets.commands.fields import padded, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Größe / サイズ 😀", "Größe / サイズ 😀"),
        ("a\x1b[2Jb\nc\x85d", "a�[2Jb�c�d"),
        ("a\u202eb\u2066c\u200fd\u2028e", "a�b�c�d�e"),
    ],
)
def test_characters_that_command_a_terminal_are_replaced(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("text", ["abcd", "サイ", "a\u0308bcd", "😀ab"])
def test_texts_are_padded_to_cells_not_characters(text: str) -> None:
    assert padded(text, 6) == text + "  "
