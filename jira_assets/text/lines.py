"""Lays text out in lines: gaps between blocks, and the markers and indentation of what is nested."""

from typing import TypeAlias

# Nesting deeper than this many characters of indentation is written flat: nobody reads it, and without a
# limit a document nested 10,000 deep would make a text that grows with the square of its size.
_WIDEST_INDENTATION = 64

Outside: TypeAlias = tuple[str, str | None, int]


class Lines:
    """Text under construction. What separates two pieces is decided when the second is written."""

    __slots__ = ("_gap", "_gap_prefix", "_lead", "_line_end", "_pieces", "_prefix")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._line_end = "\n"  # a space within a table cell
        self._prefix = ""  # of every line of the enclosing quotes and list items
        self._lead: str | None = ""  # what the line that is due begins with; None within a line
        self._gap = 0  # line ends due before the next piece
        self._gap_prefix = ""  # of the blank line in a gap of two

    def __str__(self) -> str:
        return "".join(self._pieces)

    def write(self, text: str) -> None:
        """Append to the current line, or begin the line that is due."""
        if not text:
            return
        if self._lead is not None:
            self._begin_line(self._lead)
        if "\n" in text and (self._prefix or self._line_end != "\n"):
            text = text.replace("\n", self._line_end + self._prefix)
        self._pieces.append(text)

    def _begin_line(self, lead: str) -> None:
        if self._gap == 2 and self._line_end == "\n":
            self._pieces.append(f"\n{self._gap_prefix.rstrip()}\n")
        elif self._gap:
            self._pieces.append(self._line_end)
        self._pieces.append(lead)
        self._lead = None
        self._gap = 0

    def end(self, gap: int) -> None:
        """The next piece begins a line; ``gap`` is 1, or 2 to leave a blank line before it.

        Repeated ends do not add up: the widest counts. Nothing comes between a marker and its first piece.
        """
        if self._lead is None:
            self._lead = self._gap_prefix = self._prefix
            self._gap = gap
        elif self._gap and self._lead == self._prefix:
            self._gap = max(self._gap, gap)
            if len(self._prefix) < len(self._gap_prefix):
                self._gap_prefix = self._prefix

    def hard_break(self) -> None:
        """End the line; a second break leaves a blank line, further ones nothing more."""
        self.end(2 if self._gap else 1)

    def open(self, marker: str, indentation: str) -> Outside:
        """Until `close`, put ``marker`` before the next piece and ``indentation`` before later lines."""
        outside = (self._prefix, self._lead, len(self._pieces))
        lead = self._lead or ""
        if len(lead) < _WIDEST_INDENTATION:
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

    def open_cell(self) -> tuple[str, str]:
        """Keep all that follows on one line until `close_cell`: a row of a table is a line."""
        self.write(" ")
        outside = (self._prefix, self._line_end)
        self._prefix = self._lead = ""
        self._line_end = " "
        return outside

    def close_cell(self, outside: tuple[str, str]) -> None:
        """Leave what `open_cell` began."""
        self._prefix, self._line_end = outside
        self._lead = None
        self._gap = 0
        self.write(" |")
