"""Lines of Markdown in which something would hide the text after it, and the backslash that prevents it.

What opens a block there: https://spec.commonmark.org/0.31.2/#html-blocks, fences, and definitions of links.
"""

import re
from collections.abc import Iterator

# Elements whose tags begin a block of HTML; those of others do only if they are alone on the line.
_BLOCK_ELEMENTS = (
    "address article aside base basefont blockquote body caption center col colgroup dd details dialog dir "
    "div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html "
    "iframe legend li link main menu menuitem nav noframes ol optgroup option p param pre script search "
    "section style summary table tbody td textarea tfoot th thead title tr track ul"
).replace(" ", "|")
_OPENER = re.compile(
    r"`{3,}[^`]*$|~{3}"
    r"|\[(?:[^\[\]\\]|\\.)*(?:\]:|\\?$)"  # of a definition, whose label may go on below
    rf"|</?(?:(?:{_BLOCK_ELEMENTS})(?:[\s/>]|$)|[a-z][a-z0-9-]*(?:\s.*)?/?>\s*$)",
    re.IGNORECASE,
)
MAY_OPEN = frozenset(["", " ", "\t", *"`~[<"])
"""What the first piece of such a line begins with: a look at more of it is needed."""
# A comment, an instruction, a declaration or raw data, which may begin anywhere; but for one that has its
# backslash already.
_HIDDEN = re.compile(r"(?<!\\)((?:\\\\)*)<(?=!--|!\[CDATA\[|![a-z]|\?)", re.IGNORECASE)
_BACKTICKS = re.compile("(`+)")


def opens_block(line: str) -> bool:
    """Whether a line, without the blanks before it, begins what would hide the lines after it."""
    return line[:1] in MAY_OPEN and _OPENER.match(line) is not None


def hides(line: str) -> bool:
    """Whether `shown` is needed."""
    return _HIDDEN.search(line) is not None


def shown(line: str) -> str:
    """The line with a backslash before whatever would hide a part of it; code is as it is."""
    return "".join(piece if is_code else _HIDDEN.sub(r"\1\\<", piece) for piece, is_code in _pieces(line))


def _pieces(line: str) -> Iterator[tuple[str, bool]]:
    """The line by its code, which is between as many backticks as began it, and what is around that."""
    pieces = _BACKTICKS.split(line)  # texts at even places, backticks between them
    closing: dict[int, int] = {}  # by place of backticks, the next ones of the same number
    latest: dict[int, int] = {}
    for place in range(len(pieces) - 2, 0, -2):
        closing[place] = latest.get(len(pieces[place]), 0)
        latest[len(pieces[place])] = place
    place = 0
    while place < len(pieces):
        end = closing.get(place, 0)
        yield "".join(pieces[place : end + 1]) if end else pieces[place], bool(end)
        place = max(place, end) + 1
