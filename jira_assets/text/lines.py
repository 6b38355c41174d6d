"""Lays text out in lines: gaps between blocks, and the markers and indentation of what is nested."""

import re
from typing import TypeAlias

from jira_assets.text.guards import MAY_OPEN, hides, opens_block, shown
from jira_assets.text.links import ends_in_picture_sign

# Nesting deeper than this many characters of indentation is written flat: nobody reads it, and without a
# limit a document nested 10,000 deep would make a text that grows with the square of its size.
_WIDEST_INDENTATION = 64

_DEEPEST_QUOTE = 10  # each repeats its sign on every line, empty ones too

LINE_END = re.compile(r"\r\n?|\n")

Outside: TypeAlias = tuple[str, str | None, int]
OutsideLine: TypeAlias = tuple[str, str, bool]


class Lines:
    """Text under construction. What separates two pieces is decided when the second is written.

    Markdown separates blocks by a blank line, ends a line within a paragraph by two spaces, and needs cells
    of tables to be free of line ends and bars, and lines as they are written, whatever they were put together
    from, to hide nothing. Plain text has each block on a line of its own.
    """

    __slots__ = (
        "_below_blank",
        "_gap",
        "_gap_end",
        "_gap_prefix",
        "_hard",
        "_has_tag",
        "_in_cell",
        "_lead",
        "_line",
        "_line_end",
        "_markdown",
        "_pieces",
        "_prefix",
        "verbatim",
    )

    def __init__(self, *, markdown: bool) -> None:
        self._markdown = markdown
        self._pieces: list[str] = []
        self._line_end = "\n"  # something else where all has to be on one line
        self._in_cell = False
        self._prefix = ""  # of every line of the enclosing quotes and list items
        self.verbatim = False  # code is written
        self._line: int | None = None  # first piece of the line after its marker, if it is to be looked at
        self._has_tag = False  # it may have one
        self._below_blank = False  # it follows a blank line of the same text
        self._lead: str | None = ""  # what the line that is due begins with; None within a line
        self._gap = 0  # line ends due before the next piece
        self._gap_end = "\n"  # each of them
        self._gap_prefix = ""  # of the blank line in a gap of two
        self._hard = False  # the line end that is due is one within a paragraph

    def __str__(self) -> str:
        self._end_line()
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

    def keep_from_picture(self) -> None:
        """A link follows: an exclamation mark just before it must not make a picture of it."""
        if self.last_character == "!" and ends_in_picture_sign("".join(self._pieces[-3:])):
            self._pieces[-1] = f"{self._pieces[-1][:-1]}\\!"

    def since(self, position: int) -> str:
        """What was written since there were this many pieces."""
        return "".join(self._pieces[position:])

    def write(self, text: str) -> None:
        """Append to the current line, or begin the line that is due."""
        if self._lead is not None:
            if self._markdown and not self.verbatim:
                # More blanks after the marker of an item would move its content, or make code of it.
                text = text.lstrip(" \t")
            if not text:
                return
            self._begin_line(self._lead)
        if "<" in text:
            self._has_tag = True
        if self._line_end != "\n":
            text = LINE_END.sub(self._line_end, text)
            if self._in_cell:
                text = text.replace("|", "\\|")
        elif "\n" in text or "\r" in text:
            self._write_lines(LINE_END.split(text) if self._markdown else text.split("\n"))
            return
        self._pieces.append(text)

    def _write_lines(self, lines: list[str]) -> None:
        is_text = self._markdown and not self.verbatim
        self._pieces.append(lines[0])
        for number, line in enumerate(lines[1:], 2):
            self._end_line()
            is_empty = not line and number < len(lines)
            self._pieces.append(f"\n{self._prefix.rstrip() if is_empty else self._prefix}")
            self._line = len(self._pieces) if is_text else None
            self._has_tag = "<" in line
            self._pieces.append(line)

    def _end_line(self) -> None:
        if (line := self._line) is not None:
            looked_at = self._has_tag or self._pieces[line][:1] in MAY_OPEN
            self._below_blank = looked_at and self._guard_line(line)
            self._line = None

    def _guard_line(self, first: int) -> bool:
        """See to it that a line, which is complete, hides nothing. Whether it is blank."""
        self._has_tag = False
        line = "".join(self._pieces[first:])
        if not (text := line.lstrip(" \t")):
            return True
        if hides(line):
            self._pieces[first:] = [shown(line), *[""] * (len(self._pieces) - first - 1)]
        opens = opens_block(text)
        if opens or (self._below_blank and line != text):
            while not self._pieces[first].strip(" \t"):
                self._pieces[first] = ""
                first += 1
            # Below a blank line, four blanks would make code of it.
            self._pieces[first] = ("\\" if opens else "") + self._pieces[first].lstrip(" \t")
        return False

    def _begin_line(self, lead: str) -> None:
        pieces, gap = self._pieces, self._gap
        ends_line = self._gap_end == "\n"
        if ends_line and (line := self._line) is not None and gap:
            if self._has_tag or pieces[line][:1] in MAY_OPEN:
                self._guard_line(line)
            self._line = None
            self._below_blank = False
        if gap:
            if not ends_line:
                pieces.append(self._gap_end)
            elif gap == 2:
                pieces.append(f"\n{self._gap_prefix.rstrip()}\n")
            else:
                pieces.append("  \n" if self._hard else "\n")
            self._gap = 0
        pieces.append(lead)
        if self._line is None and self._markdown and not self.verbatim and (ends_line or not gap):
            self._line = len(pieces)
        self._lead = None

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
