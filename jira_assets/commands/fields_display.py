"""Text of others, as a terminal can show it: names of fields are whatever somebody typed."""

import unicodedata

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They make a terminal show what follows in another order.
_BIDI = frozenset(map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_WITHOUT_WIDTH = frozenset({"Mn", "Me", "Cf"})


def printable(text: str) -> str:
    """The same without characters that command a terminal, end a line, or turn the order of what follows."""
    return "".join(
        _REPLACEMENT if each in _BIDI or unicodedata.category(each) in _BREAKING else each for each in text
    )


def width(text: str) -> int:
    """The cells of a terminal that a text takes: two for a character of East Asia, none for an accent."""
    return sum(
        0
        if unicodedata.category(each) in _WITHOUT_WIDTH
        else 2
        if unicodedata.east_asian_width(each) in "WF"
        else 1
        for each in text
    )


def padded(text: str, to: int) -> str:
    """The text with spaces behind it, up to a number of cells."""
    return text + " " * max(0, to - width(text))
