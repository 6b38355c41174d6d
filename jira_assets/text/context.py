"""Where in a document the walk is, and what it has written."""

from collections.abc import Callable, Iterator
from typing import TypeAlias
from unicodedata import category

from jira_assets.text.emphasis import Mark, Run, emphasised, marks_of
from jira_assets.text.grid import Grid
from jira_assets.text.lines import LINE_END, Lines
from jira_assets.text.media import Files
from jira_assets.text.nodes import Attributes, Node

End: TypeAlias = Callable[[], None]
Begin: TypeAlias = Callable[["Context", Node], End]
Inline: TypeAlias = Callable[["Context", Attributes], str]
# Tells the display name of a user by the account id, or None if it is unknown.
Names: TypeAlias = Callable[[str], str | None]

_NO_MARKS: frozenset[Mark] = frozenset()


class Context:
    """What the nodes of a document share while it is written."""

    __slots__ = (
        "_apart",
        "_marked",
        "bullets",
        "files",
        "grid",
        "in_item",
        "in_line",
        "in_secret",
        "inherited",
        "last_list",
        "lines",
        "list_start",
        "markdown",
        "names",
    )

    def __init__(self, *, markdown: bool, files: Files | None, names: Names | None) -> None:
        self.markdown = markdown
        self.files = files
        self.names = names
        self.lines = Lines(markdown=markdown)
        self.grid: Grid | None = None  # of the table
        self.bullets: Iterator[str] | None = None  # markers of the items to come, directly in a list
        self.list_start = 0  # position at the beginning of the list
        self.last_list: tuple[int, str, str] | None = None  # position and prefix at its end, and its sign
        self.in_item = False
        self.in_line = False  # in a block that holds text and no blocks
        self.in_secret = False  # within a secret in a URL, which the next text may continue
        self.inherited: frozenset[Mark] = _NO_MARKS  # marks of all texts here
        self._marked: list[Run] = []  # texts that wait for the end of their marks
        self._apart = False  # what follows on the line is no part of the word before it

    def write_apart(self, text: str, marks: object = None) -> None:
        """Append what Jira shows as an object of its own: a blank keeps it from the words next to it."""
        if text:
            last = self._last_character()
            self._apart = False
            self.write(text if not last or last.isspace() or _opens(last) else f" {text}", marks)
            self._apart = True

    def set_apart(self) -> None:
        """Keep what follows on the line from the word before it."""
        if (last := self._last_character()) and not _opens(last):
            self._apart = True

    def write(self, text: str, marks: object = None) -> None:
        """Append a text, with the marks that its node has."""
        if self._apart:
            self._apart = False
            if _is_part_of_word(self._last_character(), text[:1]):
                text = f" {text}"
        if (marks or self.inherited) and self.markdown and not self.lines.verbatim:
            found = marks_of(marks)
            if self.inherited:
                found |= self.inherited
            if found:
                self.write_marked(text, found)
                return
        if self._marked:
            self.end_marks(text[:1])
        self.lines.write(text)

    def _last_character(self) -> str:
        return self._marked[-1][1][-1:] if self._marked else self.lines.last_character

    def write_marked(self, text: str, marks: frozenset[Mark]) -> None:
        """Append a text with marks, which end with each of its lines and begin again on the next."""
        if "\n" in text or "\r" in text:
            *lines, text = LINE_END.split(text)
            for line in lines:
                self._marked.append((marks, line))
                self.end_marks()
                self.lines.write("\n")
        self._marked.append((marks, text))

    def end_marks(self, after: str = "") -> None:
        """Write the texts that wait. ``after`` is the character that will follow on the line, if any."""
        if self._marked:
            marked, self._marked = self._marked, []
            text = emphasised(self.lines.last_character, marked, after)
            if text[:1] == "[":
                self.lines.keep_from_picture()
            self.lines.write(text)

    def end_block(self) -> None:
        """End a block that neither indents nor numbers anything."""
        self.in_line = False
        self.lines.end(1)


def _is_part_of_word(last: str, following: str) -> bool:
    """Whether what follows an object would be read as a part of it: of a name, a URL, or a link."""
    if not last or not following or last.isspace() or following.isspace():
        return False
    return not _closes(following) or (last == "]" and following == ":")


def _opens(character: str) -> bool:
    """Whether it is one that begins a bracket or a quotation."""
    return character in "<\"'" or category(character) in ("Ps", "Pi")


def _closes(character: str) -> bool:
    """Whether it is one that ends a sentence, a part of it, a bracket or a quotation."""
    if character.isascii():
        return character in ".,;:!?)]}>\"'"
    return category(character) in ("Pe", "Pf", "Po")
