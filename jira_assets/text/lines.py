"""Lays text out in lines: gaps between blocks, and the markers and indentation of what is nested."""

import re
from typing import TypeAlias

# Nesting deeper than this many characters of indentation is written flat: nobody reads it, and without a
# limit a document nested 10,000 deep would make a text that grows with the square of its size.
_WIDEST_INDENTATION = 64

_DEEPEST_QUOTE = 10  # each repeats its sign on every line, empty ones too

_LINE_END = re.compile(r"\r\n?|\n")

Outside: TypeAlias = tuple[str, str | None, int]
OutsideLine: TypeAlias = tuple[str, str, bool]


class Lines:
    """Text under construction. What separates two pieces is decided when the second is written.

    Markdown separates blocks by a blank line, ends a line within a paragraph by two spaces, and needs cells
    of tables to be free of line ends and bars. Plain text has each block on a line of its own.
    """

    __slots__ = (
        "_gap",
        "_gap_end",
        "_gap_prefix",
        "_hard",
        "_in_cell",
        "_lead",
        "_line_end",
        "_markdown",
        "_pieces",
        "_prefix",
    )

    def __init__(self, *, markdown: bool) -> None:
        self._markdown = markdown
        self._pieces: list[str] = []
        self._line_end = "\n"  # something else where all has to be on one line
        self._in_cell = False
        self._prefix = ""  # of every line of the enclosing quotes and list items
        self._lead: str | None = ""  # what the line that is due begins with; None within a line
        self._gap = 0  # line ends due before the next piece
        self._gap_end = "\n"  # each of them
        self._gap_prefix = ""  # of the blank line in a gap of two
        self._hard = False  # the line end that is due is one within a paragraph

    def __str__(self) -> str:
        return "".join(self._pieces)

    @property
    def prefix(self) -> str:
        """What each line begins with here."""
        return self._prefix

    @property
    def on_one_line(self) -> bool:
        """Whether all that is written here ends up on one line."""
        return self._line_end != "\n"

    @property
    def position(self) -> int:
        """How many pieces there are."""
        return len(self._pieces)

    @property
    def last_character(self) -> str:
        """What the next piece will follow; "" at the beginning of a line."""
        return self._pieces[-1][-1:] if self._lead is None else ""

    def since(self, position: int) -> str:
        """What was written since there were this many pieces."""
        return "".join(self._pieces[position:])

    def write(self, text: str) -> None:
        """Append to the current line, or begin the line that is due."""
        if self._lead is not None:
            if self._lead != self._prefix and self._markdown:
                text = text.lstrip(" \t")  # more blanks after the marker of an item would move its content
            if not text:
                return
            self._begin_line(self._lead)
        if self._line_end != "\n":
            text = _LINE_END.sub(self._line_end, text)
            if self._in_cell:
                text = text.replace("|", "\\|")
        elif self._prefix and "\n" in text:
            text = self._indented(text)
        self._pieces.append(text)

    def _indented(self, text: str) -> str:
        text = text.replace("\n", f"\n{self._prefix}")
        if (bare := self._prefix.rstrip()) != self._prefix:
            for _ in range(2):  # those that follow each other are found by turns
                text = text.replace(f"\n{self._prefix}\n", f"\n{bare}\n")
        return text

    def _begin_line(self, lead: str) -> None:
        if self._gap:
            if self._gap_end != "\n":
                self._pieces.append(self._gap_end)
            elif self._gap == 2:
                self._pieces.append(f"\n{self._gap_prefix.rstrip()}\n")
            else:
                self._pieces.append("  \n" if self._hard else "\n")
        self._pieces.append(lead)
        self._lead = None
        self._gap = 0

    def reserve(self) -> int:
        """Begin the line that is due, and keep a place in it for what is known later; gives its number."""
        if self._lead is not None:
            self._begin_line(self._lead)
        self._pieces.append("")
        return len(self._pieces) - 1

    def fill(self, place: int, text: str) -> None:
        """Put a text, as it is, where a place was kept for it."""
        self._pieces[place] = text

    def end(self, gap: int) -> None:
        """The next piece begins a line; ``gap`` is 1, or 2 to leave a blank line before it in Markdown.

        Repeated ends do not add up: the widest counts. Nothing comes between a marker and its first piece.
        """
        self._hard = False
        if not self._markdown:
            gap = 1
        if self._lead is None:
            self._lead = self._gap_prefix = self._prefix
            self._gap = gap
            self._gap_end = self._line_end
        elif self._gap and self._lead == self._prefix:
            if self._line_end == "\n":
                self._gap_end = "\n"
            if gap > self._gap:
                self._gap = gap
            if len(self._prefix) < len(self._gap_prefix):
                self._gap_prefix = self._prefix

    def hard_break(self) -> None:
        """End the line; a second break leaves a blank line in Markdown, further ones nothing more."""
        if self._gap:
            self.end(2)
        else:
            self.continue_below()

    def continue_below(self) -> None:
        """The next piece is on a line of its own, in the same paragraph if nothing ended it."""
        self.end(1)
        self._hard = self._markdown

    def open(self, marker: str, indentation: str) -> Outside:
        """Until `close`, put ``marker`` before the next piece and ``indentation`` before later lines."""
        outside = (self._prefix, self._lead, len(self._pieces))
        lead = self._lead or ""
        if len(lead) < _WIDEST_INDENTATION and (marker[:1] != ">" or lead.count(">") < _DEEPEST_QUOTE):
            self._lead = lead + marker
            self._prefix += indentation
        return outside

    def close(self, outside: Outside) -> None:
        """Leave what `open` began. A marker that nothing followed is dropped."""
        self._prefix, lead, pieces = outside
        if len(self._pieces) == pieces:
            self._lead = lead
        elif self._lead is not None:
            self._lead = self._prefix

    def open_line(self, separator: str) -> str:
        """Keep all that follows on one line until `close_line`, with ``separator`` where a line would end."""
        outside = self._line_end
        if outside == "\n":
            self._line_end = separator
        return outside

    def close_line(self, outside: str) -> None:
        """Leave what `open_line` began."""
        self._line_end = outside

    def open_cell(self) -> OutsideLine:
        """Begin a cell of a table: keep all that follows on one line until `close_cell`."""
        outside = (self._prefix, self._line_end, self._in_cell)
        self._prefix = ""
        self._lead = ""
        self._gap = 0
        self._line_end = "<br>" if self._markdown else " "
        self._in_cell = self._markdown
        return outside

    def close_cell(self, outside: OutsideLine) -> None:
        """Leave what `open_cell` began."""
        self._prefix, self._line_end, self._in_cell = outside
        self._lead = None
        self._gap = 0
